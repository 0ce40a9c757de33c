// Package activities is everything that the runbooks do outside of Temporal: one activity for each API call or wait,
// the change by webhook, the verification and the look at a server's lock. It is the only place where errors of the
// VPS.org API become Temporal errors.
//
// A write (create, delete, restore, start, stop, webhook) passes the fence in fence.go, is sent at most once and says
// honestly what is known about it afterwards: the expected answers are results and not errors. A wait counts the time
// that a worker really watched, resumes where the last attempt stopped, and looks before it says that time is over.
//
// It must never send a write a second time by itself, delete what the guard in guard.go does not cover, compare the
// clocks of two machines, or let a response body or a secret of a URL into a result.
package activities
