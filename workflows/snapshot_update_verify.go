package workflows

import (
	"errors"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// SnapshotUpdateVerify makes one risky change to one server reversible: preflight, snapshot, change, verify, then
// commit, or restore and verify. The input is one SnapshotUpdateVerifyInput as JSON; it is read raw because the
// default converter drops unknown fields and runs with a zero struct when there is no input at all. A second input is
// taken only to be refused: without a parameter for it, it would be dropped.
func SnapshotUpdateVerify(ctx workflow.Context, raw, second converter.RawValue) (*Report, error) {
	in, err := decodeSnapshotUpdateVerify(raw)
	if second.Payload() != nil {
		err = twoInputs(exampleInput)
	}
	if err = errors.Join(err, childIDProblem(ctx, maxRunID)); err != nil {
		return nil, refuseUpdates(ctx, invalidInput(ctx, err))
	}
	if end := secondAttempt(ctx); end != nil {
		return nil, end
	}
	run := newUpdateRun(ctx, in)
	if err := run.setup(ctx); err != nil {
		return nil, err
	}
	return run.finish(run.run(ctx))
}

// updateRun is one run of the runbook.
type updateRun struct {
	serverRun
	in       SnapshotUpdateVerifyInput
	external externalChange
	// judgedReport is the runner's report by which the change was last judged; nil when there was none.
	judgedReport *ReportRequest
	// changeOfEarlierRun: the change is one that a run before a reset has begun and this one only followed.
	changeOfEarlierRun bool
}

// run is the runbook. Each step returns nil to go on, or how the run ends.
func (r *updateRun) run(ctx workflow.Context) *ending {
	if r.in.DryRun {
		return r.dryRun(r.beforeChange)
	}
	steps := []func() *ending{
		func() *ending { return r.takeLock(r.beforeChange) },                    // 1. one runbook a server
		func() *ending { return r.preflight(r.beforeChange) },                   // 2. token, server, quota
		func() *ending { return r.baseline(r.beforeChange, r.baselineInput()) }, // 3. red before the change stops the run
		func() *ending { return r.makeRestorePoint(r.beforeChange) },            // 4. no change before it is completed
		func() *ending { return r.makeBackup(r.beforeChange) },                  // 5. the vendor's combined strategy
		func() *ending { return r.change(r.beforeChange, ctx) },                 // 6. at most once
		func() *ending { return r.judge(ctx) },                                  // 7. verify, then commit or roll back
	}
	for _, step := range steps {
		if end := step(); end != nil {
			return end
		}
	}
	if !r.ensureLock(r.safe) {
		return r.lockGone()
	}
	if r.unasked() {
		return r.lockShared()
	}
	return r.commit(r.safe)
}

// dryRun says what would happen and writes nothing, so it needs no lock.
func (r *updateRun) dryRun(ctx workflow.Context) *ending {
	if end := r.preflight(ctx); end != nil {
		return end
	}
	if end := r.baseline(ctx, r.baselineInput()); end != nil {
		return end
	}
	r.report.Plan = r.plan()
	return &ending{outcome: OutcomePlanned, summary: "Dry run: nothing was written. The plan says what a real run would do."}
}
