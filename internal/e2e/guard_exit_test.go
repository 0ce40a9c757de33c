package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// guardEnd is one way in which a guard's run ends.
type guardEnd struct {
	edit   func(in map[string]any)
	before func(j *job)
	deploy func(j *job) string // the command; a good change when it is nil
	during func(j *job)        // beside the guard
	code   int
	ran    int // how often the command ran
	// failure is the class of the run's end; outcome is looked at where there is none.
	failure string
	outcome workflows.Outcome
}

// guardEnds are all that a guard can meet.
func guardEnds() map[string]guardEnd {
	bad := func(j *job) string { return aDeploy(j.change(false) + lastly) }
	fails := func(j *job) string { return aDeploy(j.change(true) + lastly + "exit 9\n") }
	return map[string]guardEnd{
		"committed": {code: 0, ran: 1, outcome: workflows.OutcomeCommitted},
		"skipped":   {edit: field("lock", "on_busy", "skip"), before: busy, code: 1, outcome: workflows.OutcomeSkipped},

		"server busy":    {edit: field("lock", "on_busy", "fail"), before: busy, code: 1, failure: contract.FailServerBusy},
		"baseline red":   {before: func(j *job) { j.rig.deploys(false) }, code: 1, failure: contract.FailBaseline},
		"snapshot fails": {before: func(j *job) { j.fault(vpsfake.Fault{Kind: vpsfake.SnapshotFails, Times: 1}) }, code: 1, failure: contract.FailSnapshot},
		"no such server": {edit: func(in map[string]any) { in["server_id"] = 999_999_999 }, code: 1, failure: contract.FailPreflight},
		"invalid input":  {edit: field("verify", "interval", "-1s"), code: 2, failure: contract.FailInvalidInput},

		"the command fails":              {deploy: fails, code: 3, ran: 1, failure: contract.FailRolledBack},
		"the command cannot be executed": {deploy: func(*job) string { return "\x7fELF, but not really" }, code: 3, failure: contract.FailRolledBack},
		"the checks are red":             {deploy: bad, code: 3, ran: 1, failure: contract.FailRolledBack},

		"failed and not rolled back": {edit: field("rollback", "on_failure", "none"), deploy: fails, code: 4, ran: 1, failure: contract.FailChange},
		"held until the time is over": {edit: func(in map[string]any) {
			field("rollback", "on_failure", "hold")(in)
			field("rollback", "hold_timeout", "1s")(in)
		}, deploy: bad, code: 4, ran: 1, failure: contract.FailChange},
		"rolled back but red": {edit: func(in map[string]any) {
			part(in, "verify")["baseline"] = false // its check is red at all times
			field("verify", "checks", []any{map[string]any{"name": "nobody", "kind": "tcp", "address": "127.0.0.1:1"}})(in)
		}, deploy: fails, code: 4, ran: 1, failure: contract.FailRolledBackUnverified},
		"terminated": {deploy: waits, during: (*job).terminated, code: 4, ran: 1, failure: "Terminated"},
		"a person commits what failed": {edit: field("rollback", "on_failure", "hold"), deploy: fails, during: (*job).commitsAnyway, code: 4, ran: 1,
			outcome: workflows.OutcomeCommitted},
	}
}

func waits(j *job) string { return aDeploy(j.change(true) + mark("changed") + await("never")) }

// busy makes another run hold the server.
func busy(j *job) {
	answer := j.gate(vpsfake.OpDeployHook, "")
	j.start("holder-of-"+j.id(), j.input(true, nil))
	j.whenSent(vpsfake.OpDeployHook)
	j.t.Cleanup(answer)
}

func (j *job) terminated() {
	j.wrote("changed")
	require.NoError(j.t, j.temp.TerminateWorkflow(j.t.Context(), j.id(), "", "by hand"))
}

func (j *job) commitsAnyway() {
	j.inPhase(j.id(), workflows.PhaseHold, patience)
	require.NoError(j.t, j.decide(j.id(), "anyway", workflows.DecideCommit))
}

func TestEveryEndOfAGuardHasItsExitCode(t *testing.T) {
	t.Parallel()
	for name, tc := range guardEnds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			if tc.before != nil {
				tc.before(j)
			}
			deploy := aDeploy(j.change(true) + lastly)
			if tc.deploy != nil {
				deploy = tc.deploy(j)
			}
			p := j.starts(tc.edit, deploy)
			if tc.during != nil {
				tc.during(j)
			}
			j.endsWith(p, tc.code)
			require.Equal(t, tc.ran, j.ran())
			if tc.ran > 0 {
				j.deadSoon()
			}
			if tc.failure != "Terminated" { // which leaves no report
				report := j.end(j.id(), patience)
				require.Equal(t, tc.failure, report.Failure)
				if tc.outcome != "" {
					require.Equal(t, tc.outcome, report.Outcome)
				}
			}
			j.endsWith(j.starts(tc.edit, deploy), codeOfJoined(tc)) // a job that is tried again gets the same verdict
			require.Equal(t, tc.ran, j.ran())
		})
	}
}

// codeOfJoined is the code of a guard that only joined: it had no change of its own that could have failed.
func codeOfJoined(tc guardEnd) int {
	if tc.outcome == workflows.OutcomeCommitted {
		return 0
	}
	return tc.code
}

// Each of these is found before anything is started.
func TestAGuardThatCannotWorkStartsNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	require.NoError(t, os.WriteFile(filepath.Join(j.dir, "not-executable"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(j.dir, "dry.json"), []byte(`{"server_id": 12345, "dry_run": true}`), 0o600))
	good := []string{"guard", "--server", "12345", "--check", "http://127.0.0.1:1/", "--task-queue", j.queue, "--deploy-id", j.id()}
	with := func(more ...string) []string { return append(append([]string{}, good...), more...) }
	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"no command":              {good, "which command?"},
		"a command without --":    {with("./deploy.sh"), "Put it after --"},
		"a word before --":        {with("./deploy.sh", "--", "x"), "Flags come before --"},
		"an empty command":        {with("--", ""), "is a variable not set?"},
		"no such command":         {with("--", "./no-such-deploy"), "the command cannot be run"},
		"a command without a bit": {with("--", "./not-executable"), "the command cannot be run"},
		"no server":               {[]string{"guard", "--check", "http://x/", "--", "true"}, "which server?"},
		"an odd check":            {with("--check", "ftp://x", "--", "true"), "tcp://host:port"},
		"a check without a port":  {with("--check", "tcp://x", "--", "true"), "the host and the port"},
		"an empty deploy id":      {with("--deploy-id", "", "--", "true"), "--deploy-id is empty"},
		"a dry run in the input":  {[]string{"guard", "-f", "dry.json", "--", "true"}, "the input says dry_run"},
		"a file beside a check":   {[]string{"guard", "-f", "in.json", "--check", "http://x/", "--", "true"}, "cannot stand beside --check"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := j.safepoint(tc.args...)
			j.endsWith(p, 2)
			require.Contains(t, p.output.String(), tc.says)
		})
	}
}

func TestADryRunOfAGuardPlansAndRunsNothing(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	p := j.starts(nil, aDeploy(j.change(true)), "--dry-run")
	j.endsWith(p, 0)
	require.Zero(t, j.ran())
	require.Empty(t, j.requests(vpsfake.OpCreateSnapshot))
	plan, err := os.ReadFile(filepath.Join(j.dir, "stdout"))
	require.NoError(t, err)
	require.Contains(t, string(plan), "PLANNED")
	t.Log("the plan does not use up the deploy's id")
	j.endsWith(j.starts(nil, aDeploy(j.change(true)+lastly)), 0)
	require.Equal(t, 1, j.ran())
}
