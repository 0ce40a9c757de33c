package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestAJobThatIsTriedAgainJoinsItsRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		last string
		code int
	}{"committed": {"exit 0\n", 0}, "rolled back": {"exit 7\n", 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			script := aDeploy(j.change(true) + lastly + tc.last)
			j.endsWith(j.starts(nil, script), tc.code)
			run := j.latest(j.id())
			for range 2 {
				again := j.starts(nil, script)
				j.endsWith(again, tc.code)
				require.Contains(t, again.output.String(), "the command is not run")
				require.NotContains(t, again.output.String(), "another input", "it is the same one")
			}
			require.Equal(t, run, j.latest(j.id()), "no second run")
			require.Equal(t, 1, j.ran())
			require.Len(t, j.requests(vpsfake.OpCreateSnapshot), 1)
			server, _ := j.state()
			require.Equal(t, 1, server.Deploys)
			j.lawful()
		})
	}
}

func TestOfGuardsAtTheSameTimeOneMakesTheChangeAndAllGetTheVerdict(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		healthy bool
		code    int
	}{"committed": {true, 0}, "rolled back": {false, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			// The environment names one runner for the whole job: it must not make two guards one.
			j.environ = append(j.environ, "SAFEPOINT_RUNNER=one-for-all")
			var guards []*program
			for range 3 {
				guards = append(guards, j.starts(nil, aDeploy(j.change(tc.healthy)+lastly)))
			}
			for _, g := range guards {
				j.endsWith(g, tc.code)
			}
			require.Equal(t, 1, j.ran())
			require.Len(t, j.requests(vpsfake.OpCreateSnapshot), 1)
			server, _ := j.state()
			require.Equal(t, 1, server.Deploys)
			j.oneSnapshotOfOurs()
			j.lawful()
		})
	}
}

func TestAGuardThatJoinsDuringTheChangeWaitsForTheVerdict(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	first := j.starts(nil, aDeploy(j.change(true)+mark("changed")+await("go")+lastly))
	j.wrote("changed")
	second := j.starts(nil, aDeploy(j.change(true)))
	second.says("another runner makes this change", patience)
	j.touch("go")
	j.endsWith(first, 0)
	j.endsWith(second, 0)
	require.Equal(t, 1, j.ran())
	j.committed(j.end(j.id(), patience))
}

func TestADeployIDWithAnotherInputJoinsAndSaysSo(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	j.endsWith(j.starts(nil, aDeploy(j.change(true)+lastly)), 0)
	other := j.starts(field("verify", "interval", "300ms"), aDeploy(j.change(true)))
	j.endsWith(other, 0)
	require.Contains(t, other.output.String(), "was started with another input")
	require.Equal(t, 1, j.ran())
}

// Neither sees a run before it asks: the one that comes second is answered by the run of the other one's server.
func TestOfTwoGuardsOfTwoServersWithOneDeployIDOneIsRefused(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	other := newJob(t)
	other.environ = j.environ
	p := j.starts(nil, aDeploy(j.change(true)+lastly))
	elsewhere := other.guards(other.externalInput(nil), aDeploy(other.change(true)+lastly), "--task-queue", j.queue, "--deploy-id", j.id())
	codes := []int{p.exit(patience), elsewhere.exit(patience)}
	require.ElementsMatch(t, []int{0, 2}, codes, "%s\n%s", p.output, elsewhere.output)
	require.Equal(t, 1, j.ran()+other.ran(), "a change without a snapshot of its server is none")
}

// A run that changes nothing, or another thing, is not the deploy that its id says.
func TestADeployIDOfAnotherKindOfRunIsRefused(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]func(j *job) map[string]any{
		"a dry run":      func(j *job) map[string]any { return j.externalInput(func(in map[string]any) { in["dry_run"] = true }) },
		"another change": func(j *job) map[string]any { return j.input(true, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t)
			j.start(j.id(), in(j))
			j.end(j.id(), patience)
			p := j.starts(nil, aDeploy(j.change(true)))
			j.endsWith(p, 2)
			require.Contains(t, strings.Join(strings.Fields(p.output.String()), " "), "the deploy id "+j.id()+" belongs to")
			require.Zero(t, j.ran())
		})
	}
}

// The snapshot of the run is another server's: a change under it would not be protected.
func TestADeployIDOfAnotherServerIsRefused(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	p := j.starts(nil, aDeploy(j.change(true)+mark("changed")+await("go")+lastly))
	j.wrote("changed")
	elsewhere := j.starts(func(in map[string]any) { in["server_id"] = j.server + 1_000_000 }, aDeploy(j.change(true)))
	j.endsWith(elsewhere, 2)
	require.Contains(t, strings.Join(strings.Fields(elsewhere.output.String()), " "), "belongs to a run of server")
	j.touch("go")
	j.endsWith(p, 0)
	require.Equal(t, 1, j.ran())
}

// A reset takes the run away under a guard that waits for its snapshot. Temporal hands its question on to the run that takes
// over, which grants nothing that the run before may have granted.
func TestAGuardWhoseRunIsResetBeforeItsGrantRunsNothingAndEndsByTheVerdict(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	var p *program
	j.inWaitAfter(vpsfake.OpCreateSnapshot, func() { p = j.starts(silentAfter(silence), aDeploy(j.change(true))) })
	j.resetTo(j.id(), func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED
	})
	j.open()
	j.heldUnknown()
	require.NoError(t, j.decide(j.id(), "decided", workflows.DecideCommit))
	j.endsWith(p, 0)
	require.Contains(t, p.output.String(), "the command is not run here")
	require.NotContains(t, p.output.String(), "refuses")
	require.Zero(t, j.ran())
	j.triedAgain(0)
	j.lockFree()
	j.lawful()
}
