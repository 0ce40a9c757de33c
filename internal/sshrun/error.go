package sshrun

import (
	"errors"
	"fmt"
)

// NotSetUp is what a worker without a Runner says.
const NotSetUp = "ssh is not set up on this worker: set SAFEPOINT_ALLOW_SSH, SAFEPOINT_SSH_KEY_FILE, SAFEPOINT_SSH_USER, SAFEPOINT_SSH_KNOWN_HOSTS"

// Reason is why a command has no end that is known.
type Reason string

const (
	// ReasonRequest: the address or the command is not valid. Nobody was dialled.
	ReasonRequest Reason = "request"
	// ReasonSetup: the worker's own key file or known_hosts cannot be used. Nobody was dialled.
	ReasonSetup Reason = "setup"
	// ReasonDial: no connection. The cause is the dialer's own error, a refusal by the worker's policy among them.
	ReasonDial Reason = "dial"
	// ReasonHandshake: connected, but no ssh session came of it.
	ReasonHandshake Reason = "handshake"
	// ReasonHostKey: the server's host key is unknown, changed or revoked.
	ReasonHostKey Reason = "host_key"
	// ReasonAuth: the server did not let the worker in.
	ReasonAuth Reason = "auth"
	// ReasonHeld: Request.Before said no.
	ReasonHeld Reason = "held"
	// ReasonRefused: the server let the worker in, and said that it does not run the command.
	ReasonRefused Reason = "refused"
	// ReasonLost: the command was sent, and the connection ended before the command did.
	ReasonLost Reason = "lost"
	// ReasonTimeout: the command was sent, and the context ended before the command did.
	ReasonTimeout Reason = "timeout"
)

// Error is every error of Run. Its words are for an operator and hold no secret.
type Error struct {
	Reason Reason
	words  string
	cause  error
}

// Error says what happened and what to do.
func (e *Error) Error() string { return e.words }

// Unwrap returns the cause where there is one: a network error, Before's error, or how the context ended.
func (e *Error) Unwrap() error { return e.cause }

// ReasonOf returns the reason of an error of Run, and an empty one for any other error.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func failed(reason Reason, cause error, format string, args ...any) *Error {
	return &Error{Reason: reason, cause: cause, words: fmt.Sprintf(format, args...)}
}
