package e2e

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// The bar: 80x24, in colour and plain, from the wait for the snapshot through a hold to the end.
func TestWatchFitsATerminalOf80x24InColourAndPlain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.id()
	r.inWaitAfter(vpsfake.OpCreateSnapshot, func() { r.start(id, r.input(true, blind)) })
	r.inPhase(id, workflows.PhaseSnapshot, patience)
	coloured := r.newTerminal(nil, "watch "+id)
	plain := r.newTerminal([]string{"NO_COLOR=1"}, "watch "+id)
	coloured.shows(id, "of 3m to 10m", true)
	plain.shows(id, "of 3m to 10m", false)
	plain.shows(id, "last look ", false)

	plain.resize(50, 12) // while it is drawn: the bar becomes shorter, so that its words are seen again
	plain.shows(id, "of 3m to 10m", false)
	plain.resize(80, 24)
	plain.shows(id, "safepoint abort "+id, false)
	plain.shows(id, "# leaves the server safe", false)

	r.open()
	coloured.shows(id, "safepoint commit "+id, true)
	plain.shows(id, "safepoint rollback "+id, false)
	got := r.safepoint("commit", id, "--by=tester")
	require.Zero(t, got.code, got.err)
	for _, term := range []*terminal{coloured, plain} {
		text := term.ends(0)
		require.Contains(t, text, "COMMITTED  "+id)
		require.NotContains(t, text, foot, "the frame is gone, and the report stands where it was")
		cursor, err := term.tmux("display-message", "-p", "#{cursor_flag}#{alternate_on}#{wrap_flag}")
		require.NoError(t, err)
		require.Equal(t, "101", strings.TrimSpace(cursor), "the cursor, the screen and the wrapping are as they were")
	}
	r.committed(r.end(id, patience))
}

func TestWatchThatIsInterruptedGivesTheTerminalBackAndLeavesTheRunAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.heldBlind("24h")
	term := r.newTerminal(nil, "watch "+r.id())
	term.shows(r.id(), "held until", true)
	_, err := term.tmux("send-keys", "C-c")
	require.NoError(t, err)
	text := term.ends(130)
	require.Contains(t, text, "detached: the run goes on")
	require.NotContains(t, text, foot)
	require.Equal(t, workflows.PhaseHold, r.status(r.id()).Phase)

	asked := r.newTerminal(nil, "rollback "+r.id()+" --by tester")
	r.eventually(patience, "the question", func() bool { return strings.Contains(asked.capture(""), "[y/N]") })
	require.Contains(t, asked.capture(""), "is lost")
	_, err = asked.tmux("send-keys", "n", "Enter")
	require.NoError(t, err)
	require.Contains(t, asked.ends(1), "nothing was decided")
	require.Equal(t, workflows.PhaseHold, r.status(r.id()).Phase)
	require.NotZero(t, r.safepoint("rollback", r.id(), "--by=tester").code, "nobody can be asked")

	got := r.safepoint("abort", r.id(), "--by=tester", "--note=enough") // a hold restores nothing, so nothing is asked
	require.Zero(t, got.code, got.err)
	r.nothingRestored(r.end(r.id(), patience), "ChangeFailed")
}

// listed is a line of `safepoint list -o json`.
type listed struct {
	WorkflowID string `json:"workflow_id"`
	Runbook    string `json:"runbook"`
	ServerID   int64  `json:"server_id"`
	Phase      string `json:"phase"`
	Outcome    string `json:"outcome"`
}

// list waits until the list of the server's runs has what is wanted: it may be a moment behind.
func (r *rig) list(want listed, args ...string) {
	r.t.Helper()
	r.eventually(patience, "the run in the list", func() bool {
		got := r.safepoint(append([]string{"list", "--server", strconv.FormatInt(r.server, 10), "-o", "json"}, args...)...)
		require.Zero(r.t, got.code, got.err)
		var runs []listed
		require.NoError(r.t, json.Unmarshal([]byte(got.out), &runs), "%s", got.out)
		return len(runs) == 1 && runs[0] == want // the lock of the server is no run of it
	})
}

func TestARunIsFoundByItsServerFromBeginningToReport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	server := strconv.FormatInt(r.server, 10)
	got := r.safepoint("watch", "--server", server)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.err, "there is no run of server "+server)

	r.heldBlind("24h")
	watching := r.newTerminal([]string{"NO_COLOR=1"}, "watch --server "+server) // whatever the list says yet
	watching.shows(r.id(), "held until", false)
	held := listed{WorkflowID: r.id(), Runbook: workflows.TypeSnapshotUpdateVerify, ServerID: r.server, Phase: "hold"}
	r.list(held, "--open", "--phase", "hold")
	got = r.safepoint("rollback", r.id(), "--by=tester", "--yes")
	require.Zero(t, got.code, got.err)
	report := r.end(r.id(), patience)
	require.Equal(t, workflows.OutcomeRolledBackUnverified, report.Outcome, "the check is blind after the restore too")
	watching.ends(4)

	ended := held
	ended.Phase, ended.Outcome = "done", "rolled_back_unverified"
	r.list(ended, "--closed", "--outcome", "rolled_back_unverified")
	got = r.safepoint("watch", "--server", server)
	require.Equal(t, 4, got.code)
	require.Contains(t, got.err, "no run of server "+server+" goes on")
	require.Contains(t, got.out, "ROLLED BACK UNVERIFIED")

	got = r.safepoint("report", r.id(), "-o", "markdown")
	require.Zero(t, got.code, got.err)
	for _, part := range []string{"### 🔴 Safepoint: rolled back unverified (server " + server, "| Restore point | ", "| Lost | ", "#### Phases", "#### Checks", "**Next:** "} {
		require.Contains(t, got.out, part)
	}
	got = r.safepoint("report", r.id(), "-o", "text")
	require.Contains(t, got.out, "ROLLED BACK UNVERIFIED")
}
