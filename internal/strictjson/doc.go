// Package strictjson reads one JSON object into a struct and reports everything that is wrong with it, each problem by
// its path. encoding/json stops at the first problem and forgives the dangerous ones (a misspelt field, a field given
// twice, null): whoever starts a runbook by hand must see all mistakes at once, and none may pass in silence.
//
// It runs inside workflow code, so it must stay deterministic: no clock, no goroutine, no range over a map, no state
// between calls. It must never panic on what was given, and its work is bounded whatever the input is.
package strictjson
