// Package vpsfake is a stateful stand-in for the VPS.org API, for tests, demonstrations and development: servers,
// snapshots, restores and power with their real waits (scaled), faults on demand, and for each server a tiny web site
// that a change alters and a restore brings back. It watches the traffic and records which of Safepoint's laws a client
// broke, so that a test fails on what was sent and not on what a client says of itself.
//
// Waits are never run by timers: a change of state is written down as a plan (see timeline) and read when asked.
//
// It must never share code with the real client: both are readings of the vendor's reference, and a shared mistake would
// hide itself. It must never be reachable by others than the people testing: its control endpoints have no password.
package vpsfake
