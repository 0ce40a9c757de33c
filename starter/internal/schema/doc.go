// Package schema writes JSON Schemas (draft 2020-12) of the runbooks' inputs and of schedule files, for editors and CI.
// Fields, types, words and lists of words come from the Go types, what a field may be from the rules of this package. After
// a comment or a constant of an input has changed: go test ./starter/internal/schema -run Words -update
//
// A schema must never refuse what the runbook takes; the runbook may refuse more, because JSON Schema cannot say
// everything (the length of a duration, names that must differ, a host that may not be reached, whether a time zone exists).
// Three things nobody writes are left out on purpose: a duration of minus zero, a sign before a number that stands in a
// string, and a time zone of a machine's own whose name has characters that the IANA database does not use.
package schema
