// Package guard runs a command that changes a server, under the grant of a run: it heartbeats while the command works,
// and sees to it that nothing the command started is alive once the run may restore the server.
//
// It knows no Temporal: the run is behind Link, the command behind Process, so that every moment can be tested with a
// clock of its own. It must never run the command without a grant that was confirmed, never report a command as
// succeeded that it told to stop, and never leave a command alive that nobody heartbeats for.
package guard
