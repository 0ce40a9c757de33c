package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// kindBranch is a branch of SnapshotUpdateVerify that a kind of change or an option brings.
type kindBranch struct {
	input func(r *rig) map[string]any
	fault *vpsfake.Fault
	want  workflows.Outcome
}

func withBackup(backup map[string]any) func(r *rig) map[string]any {
	return func(r *rig) map[string]any {
		return r.input(true, func(in map[string]any) { in["backup"] = backup })
	}
}

// frozenNow is an input whose server must not be changed today.
func frozenNow(r *rig) map[string]any {
	return r.input(true, func(in map[string]any) {
		in["not_during"] = []any{map[string]any{"reason": "release freeze",
			"start": time.Now().Add(-time.Hour).Format(time.RFC3339), "end": time.Now().Add(time.Hour).Format(time.RFC3339)}}
	})
}

func kindBranches(server *sshtest.Server, c *chat) map[string]kindBranch {
	ssh := func(exit int) func(r *rig) map[string]any {
		return func(r *rig) map[string]any { return r.sshInput(server.Address, exit) }
	}
	migrates := func(fail bool) func(r *rig) map[string]any {
		return func(r *rig) map[string]any {
			r.usersWorker(func() {})
			return r.migrating(fail)
		}
	}
	noBackup := &vpsfake.Fault{Kind: vpsfake.SnapshotFails, Op: vpsfake.OpCreateBackup, Times: 1}
	return map[string]kindBranch{
		"ssh-committed":          {input: ssh(0), want: workflows.OutcomeCommitted},
		"ssh-rolled-back":        {input: ssh(7), want: workflows.OutcomeRolledBack},
		"workflow-committed":     {input: migrates(false), want: workflows.OutcomeCommitted},
		"workflow-rolled-back":   {input: migrates(true), want: workflows.OutcomeRolledBack},
		"backup-waited-for":      {input: withBackup(map[string]any{"create": true, "wait": true, "timeout": "1m"}), want: workflows.OutcomeCommitted},
		"backup-not-waited-for":  {input: withBackup(map[string]any{"create": true}), want: workflows.OutcomeCommitted},
		"backup-failed":          {input: withBackup(map[string]any{"create": true, "wait": true, "timeout": "1m"}), fault: noBackup, want: workflows.OutcomeCommitted},
		"backup-required-failed": {input: withBackup(map[string]any{"create": true, "wait": true, "required": true, "timeout": "1m"}), fault: noBackup, want: workflows.OutcomeNotChanged},
		"freeze-refused":         {input: frozenNow, want: workflows.OutcomeNotChanged},
		"notified-of-a-rollback": {input: func(r *rig) map[string]any { return r.input(false, notifies(c)) }, want: workflows.OutcomeRolledBack},
		"notified-of-a-commit":   {input: func(r *rig) map[string]any { return r.input(true, notifies(c)) }, want: workflows.OutcomeCommitted},
	}
}

func notifies(c *chat) func(in map[string]any) {
	return func(in map[string]any) { in["notify"] = []any{map[string]any{"url": c.URL + "/hooks/1"}} }
}

func TestHistoriesOfTheOtherKinds(t *testing.T) {
	t.Parallel()
	server, c := sshtest.Start(t, sshtest.Options{}), newChat(t, http.StatusOK)
	for name, b := range kindBranches(server, c) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rigWith(t, sshSettings(server))
			if b.fault != nil {
				r.fault(*b.fault)
			}
			r.start(r.id(), b.input(r))
			report := r.end(r.id(), patience)
			require.Equal(t, b.want, report.Outcome, "%+v", report)
			if name == "freeze-refused" {
				require.Equal(t, contract.FailPreflight, report.Failure)
				require.Contains(t, report.Summary, "release freeze")
			}
			r.lawful()
			r.eventsOf(r.id())
			r.keep(r.id(), name)
		})
	}
}
