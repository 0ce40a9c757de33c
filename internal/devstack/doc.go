// Package devstack runs everything Safepoint needs on one machine: a Temporal dev server, the stand-in for the VPS.org
// API and workers. It serves `safepoint dev`, `safepoint demo` and the end-to-end tests.
//
// It must never leave a process behind, and never hand a setting of the user's own environment (a real API token, a
// real Temporal address) to the processes it starts.
package devstack
