package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// A runner that was granted the change and has not begun it: it says so, or never confirmed its grant.
func TestHistoriesOfARunnerThatDidNotBegin(t *testing.T) {
	t.Parallel()
	branches(t, workflows.TypeSnapshotUpdateVerify, map[string]endBranch{
		"not-begun-reported": {in: func(r *rig) map[string]any { return r.externalInput(nil) }, lock: true,
			while: func(r *rig) {
				require.True(r.t, r.begin(r.id(), "runner-a").Granted)
				request := workflows.ReportRequest{Runner: "runner-a", Result: contract.ChangeNotStarted, Detail: "no such file"}
				require.True(r.t, r.report(r.id(), request).Accepted)
			},
			want: workflows.OutcomeNotChanged, class: contract.FailChangeNotStarted},
		"not-begun-unconfirmed": {in: func(r *rig) map[string]any { return r.externalInput(silentAfter(silence)) }, lock: true,
			while: func(r *rig) {
				var answer workflows.BeginAnswer
				request := workflows.BeginRequest{Runner: "runner-a", Confirms: true}
				require.NoError(r.t, r.update(r.id(), "begin-runner-a", workflows.UpdateBegin, request, &answer))
				require.True(r.t, answer.Granted)
			},
			want: workflows.OutcomeNotChanged, class: contract.FailChangeNotStarted},
	})
}
