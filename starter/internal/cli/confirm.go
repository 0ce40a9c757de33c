package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// asks says whether a person is asked before the run starts. A dry run loses nothing, and a run with an approval of its
// own asks later.
func (o runOptions) asks(raw json.RawMessage) bool {
	if !o.runbook.overwrites || o.yes {
		return false
	}
	var in struct {
		DryRun   bool `json:"dry_run"`
		Approval struct {
			Required bool `json:"required"`
		} `json:"approval"`
	}
	_ = json.Unmarshal(raw, &in) // what cannot be read is asked for: better once too often
	return !in.DryRun && !in.Approval.Required
}

// mayAsk refuses a run that nobody can be asked about, before anything is contacted.
func (a *app) mayAsk(o runOptions, raw json.RawMessage) error {
	if !o.asks(raw) || a.canAsk(o.flags.file) {
		return nil
	}
	return fail(codeUsage, "this overwrites a server, and there is nobody at a terminal to ask: give --yes, or --approve-required to let the run ask, or --dry-run to see what would be lost")
}

// canAsk says whether a person sits there; standard input that holds the input cannot hold an answer too.
func (a *app) canAsk(file string) bool { return a.Terminal && file != "-" }

// confirmLoss makes a dry run, shows what will be lost, and asks. Anything but a yes starts nothing.
func (a *app) confirmLoss(ctx context.Context, c client.Client, o runOptions, raw json.RawMessage) error {
	v, err := a.dryRun(ctx, c, o.id+"-plan-"+random()[:4], o.queue, o.runbook.kind, raw)
	if err != nil {
		return err
	}
	if v.code != codeOK || v.report.Outcome != workflows.OutcomePlanned {
		return a.printVerdict(v, o.format) // the real run would end the same way
	}
	a.ask("%s", render.Plan(v.report, a.errColour))
	return a.confirm(ctx, "Overwrite the server?", "nothing was started")
}

// dryRun starts the same input with dry_run and waits for its end. The run cannot outlast planTimeout, so that one that
// no worker takes is not left over.
func (a *app) dryRun(ctx context.Context, c client.Client, id, queue, kind string, raw json.RawMessage) (verdict, error) {
	options := startOptions(id, queue)
	options.WorkflowExecutionTimeout = planTimeout
	raw, err := dryRunOf(raw)
	if err != nil {
		return verdict{}, err
	}
	started, err := c.ExecuteWorkflow(ctx, options, kind, raw)
	if err != nil {
		return verdict{}, startError(ctx, id, err)
	}
	v, err := a.follow(ctx, c, id, started.GetRunID())
	switch {
	case err != nil || !v.lost:
		return v, err
	case v.report.Failure == failTimedOut:
		return verdict{}, fail(codeNotChanged, "the dry run was not done in %s; nothing was written. Look why: temporal workflow show -w %s", short(planTimeout), quote(id))
	default: // terminated, or deleted
		return verdict{}, fail(codeNotChanged, "the dry run was ended from outside and left no plan; nothing was written. Look why: temporal workflow show -w %s", quote(id))
	}
}

// planTimeout is far above what a dry run of a whole account needs, also with an API that answers slowly.
const planTimeout = time.Hour

// confirm asks a question on the terminal; instead says what a no means.
func (a *app) confirm(ctx context.Context, question, instead string) error {
	a.ask("%s [y/N] ", a.errColour.Bold(question))
	answer := make(chan string, 1)
	go func() { // a read of a terminal cannot be interrupted
		line, _ := bufio.NewReader(a.In).ReadString('\n') // the end of the input is a no
		answer <- line
	}()
	select {
	case <-ctx.Done():
		a.say("")
		return fail(codeDetached, "interrupted: %s", instead)
	case line := <-answer:
		if word := strings.ToLower(strings.TrimSpace(line)); word == "y" || word == "yes" {
			return nil
		}
		return fail(codeNotChanged, "not confirmed: %s", instead)
	}
}
