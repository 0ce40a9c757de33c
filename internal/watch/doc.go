// Package watch is the one poller a worker process has. Every wait of the process subscribes to it, so that the number
// of requests depends on the poll interval and not on the number of waits.
//
// It only observes: it decides nothing about what it sees, retries nothing beyond the next poll, knows nothing of
// Temporal, and must never send a write. An observation always comes from a request that began after its subscriber
// asked for it, so nobody is shown a state from before their own last action on the API if they subscribe after it.
package watch
