package probe

import (
	"context"
	"errors"
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun"
)

// SSH runs one command on one server. *sshrun.Runner is one.
type SSH interface {
	Run(ctx context.Context, req sshrun.Request) (sshrun.Result, error)
}

// lookSSH runs the command of a check and judges its exit code. What the command wrote is not kept: a look is made
// again and again, and each result travels through a history.
func (p *Prober) lookSSH(ctx context.Context, check contract.Check) finding {
	if p.ssh == nil {
		return finding{unsure, sshrun.NotSetUp}
	}
	name := "ssh " + bounded(check.Address, targetLimit) + ": "
	var at progress
	got, err := p.ssh.Run(at.follow(ctx), sshrun.Request{Address: check.Address, Command: check.Command})
	switch {
	case err != nil:
		return explainSSH(ctx, at.stage(), err, name)
	case got.ExitCode != nil && *got.ExitCode == 0:
		return finding{healthy, name + "the command ended with exit code 0"}
	case got.ExitCode != nil:
		return finding{broken, fmt.Sprintf("%sthe command ended with exit code %d, expected 0", name, *got.ExitCode)}
	case got.Signal != "":
		return finding{broken, fmt.Sprintf("%sthe command was killed by the signal %s", name, got.Signal)}
	default: // no runner answers so
		return finding{unsure, name + "nobody knows how the command ended"}
	}
}

// explainSSH is law 6 for ssh: a key, a login or a setting that does not fit is the checker's trouble, because a
// restore would not mend it and a server in good health answers so too.
func explainSSH(ctx context.Context, at stage, err error, name string) finding {
	var known *sshrun.Error
	errors.As(err, &known)
	switch reason := sshrun.ReasonOf(err); reason {
	case sshrun.ReasonDial:
		return explain(ctx, at, known.Unwrap()).about(name)
	case sshrun.ReasonRequest, sshrun.ReasonSetup, sshrun.ReasonHostKey, sshrun.ReasonAuth, sshrun.ReasonHeld:
		return finding{unsure, known.Error()} // these name the host where it matters, and need the room
	case sshrun.ReasonHandshake, sshrun.ReasonRefused, sshrun.ReasonLost, sshrun.ReasonTimeout:
		cause := known.Unwrap()
		switch {
		case errors.Is(cause, context.Canceled):
			return interrupted
		case errors.Is(cause, context.DeadlineExceeded):
			return finding{silent, name + known.Error()}
		case cause != nil:
			if found := classify(answering, cause); found.blame != broken {
				return found.about(name) // the worker's own network, or silence in other words
			}
		}
		return finding{broken, name + known.Error()}
	default: // a reason that nobody foresaw is no reason to restore
		return finding{unsure, name + "the command could not be run"}
	}
}
