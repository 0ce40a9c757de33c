// Package contract holds what the runbooks and the activities say to each other: activity names, their inputs and
// results, and the few values both sides compare (statuses, description markers, failure classes).
//
// It exists so that workflow code never imports activity code. Everything here travels through Temporal histories:
// a renamed field or constant breaks the replay of running runbooks. It does no I/O and knows no clock.
package contract
