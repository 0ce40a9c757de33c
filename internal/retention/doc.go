// Package retention decides which snapshots of a server stay and which go, and whether one more fits the quota.
//
// It is pure: the same list gives the same answer, with no clock, no I/O and no state, because it runs inside workflow
// code. Age is never measured, snapshots are only put in order, by the API's own clock. It must never name for removal
// what Safepoint did not make under the very same policy, what is protected or unfinished, what a runbook may roll back
// to, or the newest completed snapshot of a server (law 4). Every decision carries its reason in plain words.
package retention
