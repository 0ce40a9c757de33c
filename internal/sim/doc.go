// Package sim proves the laws by simulation, in its tests only: from one seed comes a whole world, with servers, their
// snapshots, runbooks that meet on the same server, people who decide or never come, and everything that goes wrong:
// faults of the API, workers that die or are cut off while their attempt goes on, cancels, terminations, resets. The
// runbooks, their activities, the API's client and the SDK's workers are the real ones; the API is vpsfake, Temporal is
// temporalfake, and time is virtual. When a world has come to rest every law is checked on what the API was asked, and
// every run must have ended in one of the documented ends.
//
// A seed that fails prints its plan made as small as it can be, and a timeline. It then belongs into testdata/found
// with what it found, so that it is run for ever.
//
// It must never excuse what it does not understand: an exception in checks_test.go names the plan that makes it right.
package sim
