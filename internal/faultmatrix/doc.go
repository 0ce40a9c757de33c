// Package faultmatrix proves the runbooks against a broken API: the real workflows and the real activities, with the
// real client, poller and prober, talk over HTTP to a fake API that goes wrong at every call, in every way it knows.
// Temporal is its own test environment, which skips the runbooks' pauses; the activities run in real time, so the fake
// is sped up until a snapshot takes a tenth of a second.
//
// It holds tests only. What they demand of every run: the right outcome, one snapshot at the end, at most one restore
// that takes effect, no law of the fake's law book broken, and the server up. It must never mock an activity: what it
// is for is the seam between what the runbooks decide and what the activities report.
package faultmatrix
