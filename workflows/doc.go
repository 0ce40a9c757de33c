// Package workflows holds the runbooks, their inputs, reports and names. It is deterministic code only: no clock, no
// network, no goroutine of its own, and no import of the activities.
//
// A runbook never makes a change twice, never restores without a completed snapshot of its own or one that a person
// named, and never ends without saying what state the server is in.
package workflows
