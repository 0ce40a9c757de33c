// Package health answers two questions about a worker process over HTTP: is it alive (/healthz), and may work be
// expected of it (/readyz)?
//
// They are two because an orchestrator restarts what is not alive: a worker that waits for Temporal, or drains its last
// writes, is not ready but must on no account be killed. The answers are a word for people and hold nothing secret;
// causes belong in the log.
package health
