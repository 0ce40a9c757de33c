// Command safepoint-worker runs the runbooks and their activities.
//
// It is one process with two Temporal workers: one for runbooks and short work, one for long waits. It ends with 0
// after a clean stop, with 2 for settings that cannot be used (before anything is contacted) and with 1 for everything
// else. It must never start to work with half of its settings, and never cut a write short while it stops.
package main
