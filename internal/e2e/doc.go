// Package e2e holds the end-to-end tests: the built programs on a real Temporal dev server, against the stand-in of the
// API. What only a real server shows is tested here: crashes, locks, resets, updates, the command line.
//
// It has no code of its own outside tests.
package e2e
