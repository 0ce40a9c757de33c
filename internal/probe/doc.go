// Package probe looks at a server the way a user of it would, one look of one check at a time, and says passed, failed
// or inconclusive (law 6).
//
// A failed verdict may restore a server, and a restore destroys data. So everything that may be the checker's own
// trouble (name resolution, local network errors, an interrupted look, its clock or its certificate roots) is
// inconclusive, never failed.
//
// The package keeps no state between looks, follows no redirect and retries nothing: counting looks is the runbook's
// work. It must never write to a server, and never put an answer's body or a URL's user information into a result.
package probe
