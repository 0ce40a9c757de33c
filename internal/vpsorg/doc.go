// Package vpsorg is the typed HTTP client of the VPS.org API: one exported call, one thing asked of the API.
//
// It answers two questions honestly and leaves every decision to its caller. After a write: did it take effect, did
// it provably not, or may it have (Error.Ambiguous)? After a listing: is this the whole list? A list that cannot be
// shown to be whole is an error (ErrNotWhole), never a shorter list.
//
// It must never send a request twice, wait for a state, compare its own clock with the API's, send the token to any
// other origin, or let the token into an error, a log line or a printed value. It knows nothing of Temporal.
package vpsorg
