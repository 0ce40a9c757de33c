package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun"
)

// SSH runs one command on one server, once, and asks Request.Before right before the command leaves. *sshrun.Runner
// is one.
type SSH interface {
	Run(ctx context.Context, req sshrun.Request) (sshrun.Result, error)
}

// RunSSH makes the change: one command over ssh, sent at most once in the life of a runbook.
func (a *Activities) RunSSH(ctx context.Context, in contract.RunSSHInput) (contract.RunSSHResult, error) {
	w := a.begin(ctx, in.Fence)
	if no := w.again(); no != nil {
		return unsentSSH(*no), nil
	}
	if a.ssh == nil {
		return sshNotStarted("nothing was sent: %s", sshrun.NotSetUp), nil
	}
	if in.Timeout <= 0 {
		return sshNotStarted("nothing was sent: the command has no time-out"), nil
	}
	if no := w.admit(ctx); no != nil {
		return unsentSSH(*no), nil
	}
	ctx, cancel := context.WithTimeout(ctx, in.Timeout.Std())
	defer cancel()
	ctx, release := a.untilStopped(ctx)
	defer release()
	// Logging in may take most of a minute, in which the lock may be lost and the machine may sleep: the fence is asked
	// again when everything is ready. From then on the user's time-out is the bound.
	w.within += in.Timeout.Std()
	var held *contract.WriteAnswer
	got, err := a.ssh.Run(ctx, sshrun.Request{Address: in.Address, Command: in.Command, Before: func(ctx context.Context) error {
		if held = w.admit(ctx); held != nil {
			return errHeld
		}
		return nil
	}})
	if held != nil && !got.Sent {
		return unsentSSH(*held), nil
	}
	return sshResult(ctx, got, err), nil
}

// errHeld is what the fence says to a runner; its answer says why.
var errHeld = errors.New("the fence does not let it pass")

// unsentSSH says in a change's words why the fence did not let it pass.
func unsentSSH(no contract.WriteAnswer) contract.RunSSHResult {
	as := unsentWebhook(no)
	return contract.RunSSHResult{Result: as.Result, Detail: as.Detail, LockLost: as.LockLost, EarlierRun: as.EarlierRun}
}

func sshNotStarted(format string, args ...any) contract.RunSSHResult {
	as := notStarted(format, args...)
	return contract.RunSSHResult{Result: as.Result, Detail: as.Detail}
}

// sshResult says how the change ended. Only an end that the server itself reported is a yes or a no.
func sshResult(ctx context.Context, got sshrun.Result, err error) contract.RunSSHResult {
	result := contract.RunSSHResult{Output: got.Output, OutputCut: got.OutputCut}
	switch {
	case err != nil && !got.Sent:
		return sshNotStarted("nothing was sent: %s", sshEnding(ctx, err))
	case err != nil && sshrun.ReasonOf(err) == sshrun.ReasonRefused:
		result.Result, result.Detail = contract.ChangeFailed, short(err.Error())
	case err != nil:
		result.Result, result.Detail = contract.ChangeUnknown, short("the command was sent, but its end is not known: "+sshEnding(ctx, err))
	case got.ExitCode == nil && got.Signal != "":
		result.Result, result.Detail = contract.ChangeFailed, fmt.Sprintf("the command was killed by the signal %s, a clear no", got.Signal)
	case got.ExitCode == nil: // no runner answers so; nobody knows what it means
		result.Result, result.Detail = contract.ChangeUnknown, "the command was sent, but its end is not known"
	case *got.ExitCode == 0:
		result.Result, result.ExitCode, result.Detail = contract.ChangeSucceeded, got.ExitCode, "the command ended with exit code 0"
	default:
		result.Result, result.ExitCode = contract.ChangeFailed, got.ExitCode
		result.Detail = fmt.Sprintf("the command ended with exit code %d, a clear no", *got.ExitCode)
	}
	return result
}

// sshEnding says why a command has no end that is known. A worker that stops looks like a cancel to the runner.
func sshEnding(ctx context.Context, err error) string {
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), errWorkerStops) {
		return errWorkerStops.Error()
	}
	return err.Error()
}
