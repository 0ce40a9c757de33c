package activities

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
)

// mostProblems bounds the error of a preflight: it goes into the history.
const mostProblems = 20

// notAllowed judges everything that a runbook wants of this worker, and returns one error with every problem.
func (a *Activities) notAllowed(ctx context.Context, in contract.PreflightInput) error {
	var problems []string
	if a.servers != nil && !a.servers.Allows(in.ServerID) {
		problems = append(problems, "server_id: "+serverText(in.ServerID))
	}
	for i, err := range a.checkTargets(ctx, in.Egress) {
		if err != nil {
			problems = append(problems, short(in.Egress[i].Path)+": "+short(err.Error()))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	if more := len(problems) - mostProblems; more > 0 {
		problems = append(problems[:mostProblems], fmt.Sprintf("and %d more", more))
	}
	text := "the worker's settings do not allow this: " + strings.Join(problems, "; ")
	return temporal.NewNonRetryableApplicationError(text, contract.ErrNotAllowed, nil)
}

// checkTargets judges a few targets at a time: each may wait for a name server. An error belongs to the target of the
// same index.
func (a *Activities) checkTargets(ctx context.Context, targets []contract.EgressTarget) []error {
	const width = 8 // as many as a round of checks looks at
	var (
		refusals = make([]error, len(targets))
		slots    = make(chan struct{}, width)
		running  sync.WaitGroup
	)
	for i, t := range targets {
		slots <- struct{}{} // a check ends by its own time-out, so a slot always comes free
		running.Go(func() {
			defer func() { <-slots }()
			refusals[i] = checkTarget(ctx, a.egress, t)
		})
	}
	running.Wait()
	return refusals
}

func checkTarget(ctx context.Context, policy *egress.Policy, t contract.EgressTarget) error {
	switch t.Kind {
	case contract.EgressURL:
		return policy.CheckURL(ctx, t.Target)
	case contract.EgressTCP:
		return policy.CheckAddress(ctx, t.Target)
	case contract.EgressSSH:
		return policy.CheckSSH(ctx, t.Target)
	default: // of a newer runbook: what this worker cannot judge it must not allow
		return fmt.Errorf("this worker does not know the kind %q: update the worker", short(string(t.Kind)))
	}
}
