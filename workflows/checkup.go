package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Checkup asks a worker what it needs to do its work: settings, clocks, the API, the token, quotas. What is wrong is a
// finding of a run that completes, so that one broken thing hides no other. It writes nothing, takes no lock and upserts no
// search attribute, which may be the very thing that is missing. The input is one CheckupInput as JSON, or nothing.
func Checkup(ctx workflow.Context, raw, second converter.RawValue) (*contract.CheckupResult, error) {
	in, err := decodeCheckup(raw)
	if second.Payload() != nil {
		err = twoInputs(exampleCheckup)
	}
	if err != nil {
		return nil, invalidInput(ctx, err)
	}
	workflow.SetCurrentDetails(ctx, "Looking at what the worker needs.")
	var found contract.CheckupResult
	err = workflow.ExecuteActivity(checkupOptions(ctx), contract.ActivityCheckup, contract.CheckupInput{ServerID: in.ServerID}).Get(ctx, &found)
	switch {
	case temporal.IsCanceledError(err) || ctx.Err() != nil:
		return nil, readEnding(ctx, &ending{outcome: OutcomeCanceled, summary: "Canceled. A checkup writes nothing."})
	case err != nil:
		found = contract.CheckupResult{Findings: []contract.Finding{{
			Name: contract.FindingSettings, State: contract.FindingBad,
			Detail: fmt.Sprintf("the worker did not finish its checkup: %s", trimDot(plain(err))),
			Mend:   "look at the worker's log and at its machine, and run this again",
		}}}
	}
	workflow.SetCurrentDetails(ctx, checkupDetails(found))
	return &found, nil
}

// checkupDetails names in one line what is to be mended.
func checkupDetails(found contract.CheckupResult) string {
	bad := 0
	for _, f := range found.Findings {
		if f.State == contract.FindingBad {
			bad++
		}
	}
	if bad == 0 {
		return "Nothing is to be mended."
	}
	return fmt.Sprintf("%s to mend: see the result.", count(bad, "thing"))
}

// checkupOptions are for the one look of a checkup. A person waits for it: an attempt that a dead worker leaves is made
// once more by another one, and that is all.
func checkupOptions(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		// Four requests of 10 s at most, the second look at the API's clock, and a moment in the queue of the rate limit.
		StartToCloseTimeout: time.Minute,
		// A worker that polls and never begins is as good as none; the caller's own time-out is not far behind.
		ScheduleToCloseTimeout: 80 * time.Second,
		HeartbeatTimeout:       heartbeatTimeout,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1, MaximumAttempts: 2},
		Summary:                "checkup: settings, clocks, API, token, quota",
	})
}
