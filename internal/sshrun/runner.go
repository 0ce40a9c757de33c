package sshrun

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	// connectWithin bounds everything before the command leaves, however much time the command itself has: a server
	// whose name service is slow takes 20 seconds to let somebody in, and nobody waits longer.
	connectWithin = 45 * time.Second
	// drainWithin is how long the output is read on after the command ended: what is still under way arrives at once,
	// and a process that the command left behind may hold the output open for ever.
	drainWithin = 2 * time.Second
	// maxCommand is the longest command, in bytes: far more than a person writes, and well within one ssh packet.
	maxCommand = 64 << 10
)

// Options is what a Runner works with. All of it is needed.
type Options struct {
	// KeyFile is the path of the private key, without a passphrase (SAFEPOINT_SSH_KEY_FILE).
	KeyFile string
	// User is who the worker logs in as (SAFEPOINT_SSH_USER).
	User string
	// KnownHosts is the path of the host keys that are trusted (SAFEPOINT_SSH_KNOWN_HOSTS).
	KnownHosts string
	// Dial opens the connections. It is where the worker's policy refuses a target, and must end with its context.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Runner runs commands. It is safe for use by many goroutines at once, and holds paths only: both files are read for
// each command, so that a new key counts without a restart.
type Runner struct {
	keyFile, user, knownHosts string
	dial                      func(ctx context.Context, network, address string) (net.Conn, error)
}

// New makes a Runner. It does not read the files: each command does, and says what is wrong with them.
func New(o Options) (*Runner, error) {
	var missing []string
	for _, setting := range []struct{ name, value string }{
		{"SAFEPOINT_SSH_KEY_FILE", o.KeyFile}, {"SAFEPOINT_SSH_USER", o.User}, {"SAFEPOINT_SSH_KNOWN_HOSTS", o.KnownHosts},
	} {
		if setting.value == "" {
			missing = append(missing, setting.name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("ssh is not set up whole: set %s too", strings.Join(missing, ", "))
	}
	if o.Dial == nil {
		return nil, errors.New("ssh has no dialer: one without the worker's policy must not be made up here")
	}
	return &Runner{keyFile: o.KeyFile, user: o.User, knownHosts: o.KnownHosts, dial: o.Dial}, nil
}

// Request is one command.
type Request struct {
	// Address is the server as host:port. The user is the worker's setting, never part of it.
	Address string
	// Command is given to the login shell of the user on the server.
	Command string
	// Before is asked right before the command leaves, when the connection is up: its error holds the command back.
	// Nil asks nobody.
	Before func(ctx context.Context) error
}

// Result is what is known about a command.
type Result struct {
	// Sent is false when the command provably never left the worker. True means that it may have run.
	Sent bool
	// ExitCode is nil when no exit code came: the command was killed, or nobody knows how it ended.
	ExitCode *int
	// Signal names the signal that killed the command, without SIG.
	Signal string
	// Output is the end of what the command wrote to stdout and stderr, in the order of arrival, at most OutputLimit
	// bytes of clean UTF-8. It is kept when the end is unknown too.
	Output string
	// OutputCut is true when there was more than Output holds.
	OutputCut bool
}

// Run sends the command and waits for its end. A nil error means that it ended, with an exit code or by a signal; every
// other end is an *Error. When ctx ends the connection is closed, which does not stop a command that was sent.
func (r *Runner) Run(ctx context.Context, req Request) (Result, error) {
	if err := fit(req); err != nil {
		return Result{}, err
	}
	s, err := r.connect(ctx, req.Address)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	defer context.AfterFunc(ctx, s.close)()
	if req.Before != nil {
		if err := req.Before(ctx); err != nil {
			return Result{}, failed(ReasonHeld, err, "the command was held back: %v", err)
		}
	}
	if ctx.Err() != nil {
		return Result{}, failed(ReasonHandshake, ctx.Err(), "the time was over when the connection was ready")
	}
	return s.exec(ctx, req.Command)
}

// fit refuses what cannot be meant. The host may hold only what names and addresses are made of, because it is shown
// in a line that an operator may copy into known_hosts, where "*" and "," have a meaning.
func fit(req Request) error {
	host, port, err := net.SplitHostPort(req.Address)
	number, portErr := strconv.ParseUint(port, 10, 16)
	plain := !strings.ContainsFunc(host, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%", r)
	})
	switch {
	case strings.Contains(req.Address, "@"):
		return failed(ReasonRequest, nil, "the address names a user: write host:port, the user is the worker's setting SAFEPOINT_SSH_USER")
	case err != nil || portErr != nil || number == 0 || host == "" || !plain:
		return failed(ReasonRequest, nil, "the address is not valid: write host:port with a port from 1 to 65535, such as web01.example.com:22")
	case strings.TrimSpace(req.Command) == "":
		return failed(ReasonRequest, nil, "there is no command to run")
	case len(req.Command) > maxCommand:
		return failed(ReasonRequest, nil, "the command is longer than %d KiB: put it into a file on the server and run that", maxCommand>>10)
	case strings.ContainsRune(req.Command, 0):
		return failed(ReasonRequest, nil, "the command holds a NUL character, at which a shell would cut it")
	default:
		return nil
	}
}
