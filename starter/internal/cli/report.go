package cli

import (
	"context"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

type reportOptions struct {
	id, runner, result, detail string
	// runID is the run of the id whose report is wanted; empty for the newest.
	runID  string
	wait   bool
	format outputFormat
}

func (a *app) reportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report <workflow-id>",
		Short: "Print a run's report; with --result, tell the run how your change ended",
		Long: `Without --result it prints the report of a run that has ended, and ends with 0 whatever the outcome (4 where the run left
none, as one that was terminated or timed out). It is text on a terminal and JSON elsewhere, unless -o says otherwise;
markdown is for a comment on a pull request. That of a fleet has the results of every server. Temporal keeps a report as
long as the namespace's retention says: export what you must keep.

With --result it sends the granted runner's word on its change. The same report twice is the same answer. With --wait it
then follows the run and ends with its exit code. After succeeded the checks decide; failed rolls back; not_started says
that nothing of the change was done, and ends the run with the server as it is.

` + exitHelp,
		Example: `  safepoint report deploy-2.14.0 > report.json
  safepoint report deploy-2.14.0 -o markdown | gh pr comment 42 --body-file -
  safepoint report deploy-2.14.0 --runner $SAFEPOINT_RUNNER --result succeeded --wait`,
		Args: oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			export := !cmd.Flags().Changed("result")
			if err := o.check(cmd, export, a.OutWidth > 0); err != nil {
				return err
			}
			return a.withClient(cmd.Context(), reach{patience: a.outage()}, func(ctx context.Context, c client.Client) error {
				if export {
					return a.export(ctx, c, o)
				}
				return a.report(ctx, c, o)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.result, "result", "", "how your change ended: succeeded, failed, or not_started when nothing of it was done")
	a.bindRunner(cmd, &o.runner, "the runner that begin granted (SAFEPOINT_RUNNER)")
	flags.StringVar(&o.detail, "detail", "", "what happened, for people")
	flags.BoolVar(&o.wait, "wait", false, "with --result: follow the run to its end")
	bindRunID(cmd, &o.runID)
	cmd.Flags().VarP(reportFormat{&o.format}, "output", "o", "how the report is written on standard output: text, json or markdown")
	return cmd
}

// check tells the two uses apart: an export with a runner's flags is a report whose result was forgotten.
func (o *reportOptions) check(cmd *cobra.Command, export, terminal bool) error {
	if o.format == "" {
		o.format = formatText
		if export && !terminal { // a file or a pipe
			o.format = formatJSON
		}
	}
	if export {
		for _, name := range []string{"runner", "detail", "wait"} {
			if cmd.Flags().Changed(name) {
				return fail(codeUsage, "--%s belongs to a runner's report: add --result succeeded, failed or not_started, or leave it out to export the run's report", name)
			}
		}
		return nil
	}
	if cmd.Flags().Changed("run-id") {
		return fail(codeUsage, "--run-id is for the report of a run that has ended: a runner's word goes to the run that is there now")
	}
	switch contract.ChangeResult(o.result) {
	case contract.ChangeSucceeded, contract.ChangeFailed, contract.ChangeNotStarted:
	default: // unknown is what the run makes of silence
		return fail(codeUsage, "--result must be succeeded, failed or not_started, not %q: when you do not know, do not report; the run then judges by its checks", o.result)
	}
	if o.runner == "" {
		return fail(codeUsage, "which runner? Give the --runner that begin printed, or set SAFEPOINT_RUNNER")
	}
	return nil
}

// report sends the runner's word. The update's id is made from the runner and the result: a repeat is the same request,
// and a different word is a new one, which the run refuses.
func (a *app) report(ctx context.Context, c client.Client, o reportOptions) error {
	var answer workflows.ReportAnswer
	runID, err := a.update(ctx, c, client.UpdateWorkflowOptions{
		UpdateID:   "report-" + o.runner + "-" + o.result,
		WorkflowID: o.id,
		UpdateName: workflows.UpdateReport,
		Args:       []any{workflows.ReportRequest{Runner: o.runner, Result: contract.ChangeResult(o.result), Detail: o.detail}},
	}, &answer)
	if err != nil {
		return a.notReported(ctx, c, o, err)
	}
	a.say("%s %s", a.errColour.Bold(render.Clean(o.id)), render.Clean(answer.Detail))
	switch {
	case o.wait:
		return a.verdict(ctx, c, o.id, runID, o.format)
	case !answer.Accepted:
		return fail(codeUsage, "%s does not take the report; see where it is: safepoint status %s", o.id, quote(o.id))
	case o.format == formatJSON:
		return a.printJSON(answer)
	default: // said already
		return nil
	}
}

func (a *app) notReported(ctx context.Context, c client.Client, o reportOptions, err error) error {
	end := a.explain(ctx, c, o.id, err)
	if end.err != nil {
		return end.err
	}
	a.say("%s has ended: the report was not taken", a.errColour.Warn(render.Clean(o.id)))
	v := *end.closed
	if v.code == codeOK && o.result == string(contract.ChangeFailed) {
		v.code = codePerson // a failed change was committed: by a person, or before this word of it came
	}
	return a.printVerdict(v, o.format)
}
