package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

type beginOptions struct {
	flags  inputFlags
	id     string
	runner string
	queue  string
	format outputFormat
	// confirms is the promise of workflows.BeginRequest.
	confirms bool
}

// bracket is how a deploy job puts its change between begin and report. The README shows the same lines.
const bracket = `  set -m   # bash: each job below is a process group of its own
  export SAFEPOINT_RUNNER=$(uuidgen)
  safepoint begin deploy-2.14.0 --server 12345 --reason "web 2.14.0" --check-http https://web01.example.com/healthz || exit
  ./deploy.sh </dev/null & deploy=$!
  (safepoint heartbeat deploy-2.14.0 || kill -- -$deploy) & beats=$!   # a heartbeat ends by itself only to say: stop
  wait $deploy && result=succeeded || result=failed
  kill -- -$beats 2>/dev/null || result=failed
  while [ $result = failed ] && kill -- -$deploy 2>/dev/null; do sleep 1; done   # until all it started is dead
  safepoint report deploy-2.14.0 --result $result --wait`

// beginReply is what begin prints as JSON when it was granted.
type beginReply struct {
	WorkflowID string `json:"workflow_id"`
	Runner     string `json:"runner"`
	workflows.BeginAnswer
}

func (a *app) beginCommand() *cobra.Command {
	o := beginOptions{flags: inputFlags{of: runbooks[0], external: true}} // SnapshotUpdateVerify, the only one with such a change
	cmd := &cobra.Command{
		Use:   "begin <workflow-id>",
		Short: "Ask for a safe point before a change that you make yourself",
		Long: `Starts a run, or joins the one with this id, and blocks until its snapshot is completed. Exit code 0 means: you, and
nobody else, may make the change now. Then send heartbeats while you make it, and report how it ended.

Make the workflow id from the deploy's id: a repeated deploy then joins the first one, is not granted the change, waits
for the verdict and ends with its code (5 where the change is committed: do not make it again).

Each process needs a runner of its own, which report and heartbeat name again. Leave --runner out, or set a random
SAFEPOINT_RUNNER once for a job.

` + exitHelp,
		Example: bracket,
		Args:    oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			raw, err := a.input(cmd, &o.flags)
			if err != nil {
				return err
			}
			// A run of another kind would start and change the server by itself, whatever comes of this begin.
			if kind := kindOf(raw); kind != workflows.UpdateExternal {
				return fail(codeUsage, "begin is for a change that you make yourself: update.kind must be external, not %q; for the rest there is `safepoint run`", kind)
			}
			if o.runner == "" {
				o.runner = random()
			}
			return a.withClient(cmd.Context(), reach{patience: a.outage(), starts: true}, func(ctx context.Context, c client.Client) error { return a.begin(ctx, c, o, raw) })
		},
	}
	o.flags.bind(cmd.Flags())
	a.bindRunner(cmd, &o.runner, "name of this process, random for each (SAFEPOINT_RUNNER, or a new one)")
	a.bindQueue(cmd, &o.queue)
	bindOutput(cmd, &o.format, formatText)
	return cmd
}

func (a *app) bindRunner(cmd *cobra.Command, runner *string, usage string) {
	cmd.Flags().StringVar(runner, "runner", a.env("SAFEPOINT_RUNNER"), usage)
	cmd.Flags().Lookup("runner").DefValue = ""
}

func (a *app) begin(ctx context.Context, c client.Client, o beginOptions, raw json.RawMessage) error {
	own := claim{o.id, raw, "id", "Nothing was begun; give an id of its own"}
	if err := a.free(ctx, c, own); err != nil {
		return err
	}
	answer, err := a.askToBegin(ctx, c, o, raw)
	if err != nil {
		return a.notBegun(ctx, c, o, own, err)
	}
	granted, err := a.grantHolds(ctx, c, own, o.runner, answer)
	switch {
	case err != nil:
		return err
	case granted:
		return a.granted(o, answer.BeginAnswer)
	case answer.Granted:
		answer.Detail = "this runner's change is over"
	}
	a.say("%s not granted: %s", a.errColour.Warn(render.Clean(o.id)), render.Clean(answer.Detail))
	v, err := a.follow(ctx, c, o.id, answer.runID)
	if err != nil {
		return err
	}
	return a.printAlreadyDone(v, o.format)
}

// longestGrantLook bounds the looks at a grant whose runner may be silent for hours.
const longestGrantLook = time.Minute

// grantHolds looks again after the answer: whose run it is, and whether it still waits for the runner's change. An interrupt
// takes the grant away, whatever the looks say: the shell would go on with the change. A look that fails must not throw it
// away, for nobody else will ever get it: the looks are tried again for a while, which ends long before the run takes the
// runner for dead, and then the grant counts.
func (a *app) grantHolds(ctx context.Context, c client.Client, own claim, runner string, answer begun) (bool, error) {
	if !answer.Granted {
		return false, a.stillOwn(ctx, c, own, runner, answer.BeginAnswer)
	}
	within, cancel := context.WithTimeout(ctx, min(answer.HeartbeatTimeout.Std()/4, longestGrantLook))
	defer cancel()
	if err := a.stillOwn(within, c, own, runner, answer.BeginAnswer); err != nil {
		return false, err
	}
	over, err := a.changeOver(within, c, own.id, answer.runID)
	var unsure *unsureError
	switch {
	case ctx.Err() != nil && over:
		return false, fail(codeDetached, "interrupted: make no change. This runner's change of %s is over\nSee how it went: safepoint status %s", own.id, quote(own.id))
	case ctx.Err() != nil:
		return false, fail(codeDetached, "interrupted: make no change. %s has granted it to this runner\n%s", own.id, askAgain(own.id, runner))
	case errors.As(err, &unsure):
		return false, fail(codePerson, "make no change: %s has granted it to this runner, but nobody knows whether it still waits for it: %w\n%s", own.id, err, askAgain(own.id, runner))
	case err != nil:
		a.say("%s is granted, but could not be looked at: %v", a.errColour.Warn(render.Clean(own.id)), err)
	}
	return !over, nil
}

// askAgain is what a runner can do that does not know whether it may begin.
func askAgain(id, runner string) string {
	return "Ask again with --runner " + quote(runner) + ". Or, when nothing of the change was done, tell the run: " + notStarted(id, runner)
}

// unsureError is why a look that was answered does not say whether a run still waits for its runner.
type unsureError struct{ why string }

func (e *unsureError) Error() string { return e.why }

// changeOver says whether a grant is an old one: the same runner may ask again after it has reported, or was taken for
// dead, and gets its stored answer without any worker. It looks until the context ends.
func (a *app) changeOver(ctx context.Context, c client.Client, id, granted string) (bool, error) {
	for {
		s, err := a.look(ctx, c, id)
		switch {
		case err != nil: // and again
		case s.closed || phaseAfterChange(s.phaseNow()):
			return true, nil
		case s.view.Status != nil || s.waitsUnasked(granted):
			return false, nil
		default: // another run than the one that granted it, or one that decides just now
			err = &unsureError{s.view.Trouble}
		}
		select {
		case <-ctx.Done():
			return false, err
		case <-time.After(lookEvery):
		}
	}
}

// begun is what a run answered to whoever asked to begin.
type begun struct {
	workflows.BeginAnswer
	// runID is the run that answered; empty where Temporal did not say.
	runID string
}

// askToBegin starts the run or joins it, and blocks until it answers.
func (a *app) askToBegin(ctx context.Context, c client.Client, o beginOptions, raw json.RawMessage) (begun, error) {
	stop := a.watch(ctx, c, o.id)
	defer stop()
	var answer begun
	err := a.persist(ctx, func() error {
		options := startOptions(o.id, o.queue)
		options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
		options.StaticSummary = summaryOf(raw)
		options.Memo = map[string]any{memoRunner: o.runner}
		handle, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: c.NewWithStartWorkflowOperation(options, workflows.TypeSnapshotUpdateVerify, raw),
			UpdateOptions: client.UpdateWorkflowOptions{
				UpdateID:     "begin-" + o.runner,
				WorkflowID:   o.id,
				UpdateName:   workflows.UpdateBegin,
				Args:         []any{workflows.BeginRequest{Runner: o.runner, Confirms: o.confirms}},
				WaitForStage: client.WorkflowUpdateStageAccepted,
			},
		})
		if err != nil {
			return err
		}
		answer.runID = handle.RunID()
		return handle.Get(ctx, &answer.BeginAnswer)
	})
	return answer, err
}

// notBegun says why there is no answer: mostly because the run has ended, now or long ago.
func (a *app) notBegun(ctx context.Context, c client.Client, o beginOptions, own claim, err error) error {
	var invalid *serviceerror.InvalidArgument
	if errors.As(err, &invalid) {
		return fail(codeUsage, "Temporal refuses the start: %w", err)
	}
	if ctx.Err() != nil {
		return fail(codeDetached, "interrupted: make no change. %s may still grant it to this runner\n%s", o.id, askAgain(o.id, o.runner))
	}
	end := a.explain(ctx, c, o.id, err)
	if end.err != nil {
		return end.err
	}
	if err := a.stillOwn(ctx, c, own, o.runner, workflows.BeginAnswer{}); err != nil {
		return err
	}
	a.say("%s has ended", a.errColour.Warn(render.Clean(o.id)))
	return a.printAlreadyDone(*end.closed, o.format)
}

// printAlreadyDone prints a verdict whose success must not be taken for a grant.
func (a *app) printAlreadyDone(v verdict, format outputFormat) error {
	v.code = ungrantedCode(v.code, v.report.Outcome)
	return a.printVerdict(v, format)
}

// phaseAfterChange says whether a run has gone on after its change.
func phaseAfterChange(phase workflows.Phase) bool {
	switch phase {
	case workflows.PhaseVerify, workflows.PhaseHold, workflows.PhaseCommit, workflows.PhaseRollback, workflows.PhaseDone:
		return true
	default: // the change itself, what comes before it, and a phase that nobody knows
		return false
	}
}

func (a *app) granted(o beginOptions, answer workflows.BeginAnswer) error {
	if o.format == formatJSON {
		return a.printJSON(beginReply{o.id, o.runner, answer})
	}
	name := quote(o.id) + " --runner " + quote(o.runner)
	return a.print(fmt.Sprintf(`granted        make the change now
restore point  #%d %s
runner         %s
time           report within %s, and never be silent for %s
heartbeat      safepoint heartbeat %s --heartbeat-timeout %s
report         safepoint report %s --result succeeded|failed --wait
`, answer.Snapshot.ID, render.Clean(answer.Snapshot.Name), render.Clean(o.runner), answer.Timeout, answer.HeartbeatTimeout,
		name, answer.HeartbeatTimeout, name))
}
