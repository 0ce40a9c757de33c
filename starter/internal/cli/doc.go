// Package cli is the safepoint command line: one file a command.
//
// Standard output carries the answer (a report, a status, a workflow id) and nothing else; progress and errors go to
// standard error. No command cancels or terminates a run: leaving a command only detaches from it. The exit code is a
// contract with deploy systems, see exitCode.
package cli
