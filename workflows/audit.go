package workflows

import (
	"fmt"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// SnapshotAudit looks whether the selected servers have a completed snapshot that is young enough, and fails with the
// class Stale when one has not. It writes nothing and takes no lock. The input is one SnapshotAuditInput as JSON; see
// SnapshotUpdateVerify for why it is read raw.
func SnapshotAudit(ctx workflow.Context, raw, second converter.RawValue) (*Report, error) {
	in, err := decodeSnapshotAudit(raw)
	if second.Payload() != nil {
		err = twoInputs(exampleAudit)
	}
	if err != nil {
		return nil, invalidInput(ctx, err)
	}
	run := newAuditRun(ctx, in)
	if err := run.setup(ctx); err != nil {
		return nil, err
	}
	return run.finish(ctx, run.run(ctx))
}

// auditRun is one audit. It is cheap enough to be scheduled every few minutes: one activity, two upserts, no timer.
type auditRun struct {
	in     SnapshotAuditInput
	report Report
}

func newAuditRun(ctx workflow.Context, in SnapshotAuditInput) *auditRun {
	info := workflow.GetInfo(ctx)
	return &auditRun{in: in, report: Report{
		Runbook:       info.WorkflowType.Name,
		WorkflowID:    info.WorkflowExecution.ID,
		RunID:         info.WorkflowExecution.RunID,
		OriginalRunID: info.OriginalRunID,
		StartedAt:     info.WorkflowStartTime,
		Phases:        []PhaseRecord{{Phase: PhaseSelect, StartedAt: workflow.Now(ctx)}},
	}}
}

func (r *auditRun) setup(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, r.status,
		workflow.QueryHandlerOptions{Description: "phase and outcome of the audit"}); err != nil {
		return err
	}
	workflow.SetCurrentDetails(ctx, "Looking at the snapshots of the selected servers.")
	return workflow.UpsertTypedSearchAttributes(ctx, phaseAttribute.ValueSet(string(PhaseSelect)))
}

// status is the handler of the query.
func (r *auditRun) status() (Status, error) {
	last := r.report.Phases[len(r.report.Phases)-1]
	s := Status{
		Runbook: r.report.Runbook, RunID: r.report.RunID, Phase: last.Phase, Since: last.StartedAt,
		WaitingFor: "the lists of servers and snapshots", Outcome: r.report.Outcome, Phases: r.report.Phases,
	}
	if last.Phase == PhaseDone {
		s.WaitingFor = "nothing: the run has ended"
		s.CanDo = []string{"safepoint report " + shellWord(r.report.WorkflowID)}
	}
	return s, nil
}

// run is the runbook: one look, one judgement.
func (r *auditRun) run(ctx workflow.Context) *ending {
	var found contract.AuditResult
	err := workflow.ExecuteActivity(readOptions(ctx, "audit: servers, snapshots, their ages"), contract.ActivityAuditSnapshots,
		contract.AuditInput{
			Selector: selectorOf(r.in.Servers, r.in.Selector, r.in.All), MaxAge: r.in.MaxAge, StuckAfter: r.in.StuckAfter,
		}).Get(ctx, &found)
	switch {
	case temporal.IsCanceledError(err) || ctx.Err() != nil:
		return &ending{outcome: OutcomeCanceled, summary: "Canceled. An audit writes nothing."}
	case err != nil:
		return (&ending{outcome: OutcomeNotChanged, failure: contract.FailPreflight,
			summary: fmt.Sprintf("The audit could not be made: %s.", trimDot(plain(err)))}).withNext("%s", adviceForAudit(err))
	}
	r.report.Audit = &found
	return judgeAudit(found, r.in.MaxAge)
}

// adviceForAudit is adviceForRead without its advice about one server.
func adviceForAudit(err error) string {
	if isFailure(err, contract.ErrNotFound) {
		return "look at the API's state and the worker's VPS_API_URL, then start the run again."
	}
	return adviceForRead(err)
}

// judgeAudit turns what was found into the end of the run.
func judgeAudit(found contract.AuditResult, maxAge Duration) *ending {
	switch {
	case found.Servers == 0:
		// A watch over nothing would be green for ever.
		return (&ending{outcome: OutcomeNotChanged, failure: contract.FailPreflight,
			summary: "No server of the account is selected, so nothing was audited." + auditRemarks(found)}).
			withNext("check servers or selector against the account's servers.")
	case found.Counts.Stale > 0:
		return (&ending{outcome: OutcomeStale, failure: contract.FailStale,
			summary: fmt.Sprintf("%d of %s without a completed snapshot younger than %s:\n%s%s",
				found.Counts.Stale, count(found.Servers, "server"), maxAge, staleTable(found), auditRemarks(found))}).
			withNext("look at the rotations of these servers; the report lists more.")
	default:
		return &ending{outcome: OutcomeAudited,
			summary: fmt.Sprintf("%s audited, each with a completed snapshot younger than %s.%s", count(found.Servers, "server"), maxAge, auditRemarks(found))}
	}
}

// finish closes the run with its report.
func (r *auditRun) finish(ctx workflow.Context, end *ending) (*Report, error) {
	safe, _ := workflow.NewDisconnectedContext(ctx)
	now := workflow.Now(safe)
	r.report.Outcome, r.report.Failure, r.report.Summary, r.report.Next = end.outcome, end.failure, end.summary, end.next
	r.report.EndedAt = now
	r.report.Phases[0].EndedAt = now
	r.report.Phases = append(r.report.Phases, PhaseRecord{Phase: PhaseDone, StartedAt: now, EndedAt: now})
	workflow.SetCurrentDetails(safe, fmt.Sprintf("**%s**: %s", end.outcome, codeSpan(end.summary)))
	if err := workflow.UpsertTypedSearchAttributes(safe,
		phaseAttribute.ValueSet(string(PhaseDone)), outcomeAttribute.ValueSet(string(end.outcome))); err != nil {
		return nil, err
	}
	return end.result(&r.report)
}
