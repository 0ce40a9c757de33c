package render

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// standard is the terminal that everything must fit.
var standard = Size{Columns: 80, Rows: 24}

// snapshotScreen is a run that waits for its snapshot, which a worker saw three seconds ago.
func snapshotScreen() View {
	v := snapshotView()
	v.Status.Phases = []workflows.PhaseRecord{
		{Phase: workflows.PhaseLock, StartedAt: at(0), EndedAt: at(0.4)}, {Phase: workflows.PhasePreflight, StartedAt: at(0.4), EndedAt: at(20)},
		{Phase: workflows.PhaseSnapshot, StartedAt: at(20)}}
	v.Status.Snapshot = &contract.RestorePoint{ID: 801, Name: "pre-update-12345-20260301T120010Z-98098a3e"}
	passed := verified(workflows.VerifiedBaseline, contract.VerdictPassed, 1, 19)
	v.Status.LastVerification = &passed
	return v
}

// verifyingScreen is a run whose checks are red just now.
func verifyingScreen() View {
	v := heldView()
	v.Status.Phase, v.Status.Hold, v.Status.Notes, v.Status.WaitingFor = workflows.PhaseVerify, nil, nil, "the checks to pass"
	v.Status.Phases = phases(140, workflows.PhaseSnapshot, 0.0, workflows.PhaseChange, 90.0)[:2]
	v.Status.Phases = append(v.Status.Phases, workflows.PhaseRecord{Phase: workflows.PhaseVerify, StartedAt: at(140)})
	v.Status.CanDo = []string{"temporal workflow cancel -w deploy-2.14.0  # leaves the server safe"}
	beat := []byte(`{"elapsed":"1m","state":{"rounds":4,"red":2,"last":[{"name":"home","verdict":"passed","detail":"answered 200"},{"name":"cart","verdict":"failed","detail":"answered 500, expected 200"}]}}`)
	v.Pending = []Pending{{Activity: "Verify", Attempt: 1, Started: true, Heartbeat: HeartbeatWords(beat), LastHeartbeat: at(199), Checks: HeartbeatChecks(beat)}}
	return v
}

func heldScreen() View {
	v := heldView()
	v.Status.Phases = append(phases(140, workflows.PhaseSnapshot, 0.0, workflows.PhaseChange, 90.0, workflows.PhaseVerify, 100.0)[:3],
		workflows.PhaseRecord{Phase: workflows.PhaseHold, StartedAt: at(140)})
	v.Status.CanDo = []string{"safepoint decide deploy-2.14.0 commit", "safepoint decide deploy-2.14.0 rollback", "safepoint decide deploy-2.14.0 extend"}
	return v
}

func lateScreen() View {
	v := snapshotScreen()
	v.Now, v.Stale, v.Trouble = at(1000), 42*time.Second, "no worker answers on task queue safepoint: the run goes on when safepoint-worker is back"
	return v
}

func TestScreens(t *testing.T) {
	var all strings.Builder
	notBegun := View{ID: "deploy-2.14.0", Now: began, Trouble: "the run has not begun: is a worker running on task queue safepoint?"}
	for _, v := range []View{snapshotScreen(), verifyingScreen(), heldScreen(), lateScreen(), fleetView(), notBegun} {
		lines := Screen(v, standard, Palette{})
		assertFits(t, lines, standard)
		all.WriteString(strings.Join(lines, "\n") + "\n" + strings.Repeat("-", 80) + "\n")
	}
	golden(t, "screens", all.String())
}

func assertFits(t *testing.T, lines []string, size Size) {
	t.Helper()
	require.NotEmpty(t, lines)
	require.LessOrEqual(t, len(lines), max(size.Rows, 1))
	for _, line := range lines {
		require.LessOrEqual(t, columns(line), size.Columns, "%q", line)
		require.NotContains(t, line, "\n")
	}
}

// texts are what names and answers may look like.
var texts = map[string]string{
	"long":     strings.Repeat("x", 600),
	"sentence": strings.Repeat("the server said something that nobody asked for and ", 12),
	"wide":     strings.Repeat("漢字カナ", 100),
	"pictures": strings.Repeat("🚀 👩‍👩‍👧 ❤️ ", 40),
	"marks":    strings.Repeat("e\u0301\u0302\u0303", 150),
	"lines":    strings.Repeat("a\nb\r\n", 60),
	"hostile":  hostileText,
	"empty":    "",
}

// crowded is a status in which everything there can be is there, and much of it.
func crowded(text string) View {
	checks := make([]contract.CheckResult, 30)
	for i := range checks {
		checks[i] = contract.CheckResult{Name: fmt.Sprintf("check-%d %s", i, text), Verdict: contract.VerdictFailed, Detail: text}
	}
	targets := make([]workflows.TargetResult, 20)
	flights := make([]workflows.RunReference, 30)
	for i := range flights {
		flights[i] = workflows.RunReference{ServerID: int64(i), WorkflowID: text}
	}
	for i := range targets {
		targets[i] = workflows.TargetResult{ServerID: int64(i), Outcome: workflows.OutcomeRolledBack, Summary: text}
	}
	v := snapshotScreen()
	v.ID, v.Trouble, v.Stale = text, text, time.Minute
	st := v.Status
	st.WaitingFor, st.Loss, st.Notes, st.CanDo = text, "loss "+text, []string{text, text, text}, []string{"safepoint decide " + text + " commit", text, "safepoint pause x"}
	st.Hold = &workflows.Hold{Why: "why " + text, Until: at(86400)}
	st.Fleet = &workflows.FleetRecord{Total: 200, StoppedBy: text, Paused: true, InFlight: flights, LastFailures: targets}
	for range 40 {
		st.Phases = append(st.Phases, workflows.PhaseRecord{Phase: workflows.Phase(text), StartedAt: at(30), EndedAt: at(40)})
	}
	st.LastVerification.Checks, st.LastVerification.Detail = checks, text
	for range 5 {
		v.Pending = append(v.Pending, Pending{Activity: text, Attempt: 7, Started: true, Heartbeat: text, LastHeartbeat: at(1), LastFailure: text})
	}
	return v
}

func TestNoScreenIsWiderOrLongerThanItsTerminalWhateverTheTexts(t *testing.T) {
	for name, text := range texts {
		for _, size := range []Size{standard, {200, 60}, {79, 23}, {30, 8}, {1, 1}, {0, 0}} {
			t.Run(fmt.Sprintf("%s in %dx%d", name, size.Columns, size.Rows), func(t *testing.T) {
				v := crowded(text)
				lines := Screen(v, size, Palette{})
				assertFits(t, lines, size)
				for _, line := range lines {
					if line != "" {
						assertHarmless(t, line)
					}
				}
				coloured := Screen(v, size, NewPalette(true))
				assertFits(t, coloured, size)
				for i, line := range coloured {
					assert.Equal(t, lines[i], strings.TrimRight(stripCodes(line), " "), "colour changes no text")
					assert.Zero(t, strings.Count(line, "\x1b[")%2, "each colour ends: %q", line)
				}
			})
		}
	}
}

func TestWhatAPersonMayDoAndWhatIsWrongHaveRoomInTheFullestScreen(t *testing.T) {
	v := crowded("something")
	v.Status.CanDo = []string{"safepoint decide deploy-1 commit", "safepoint decide deploy-1 rollback"}
	screen := strings.Join(Screen(v, standard, Palette{}), "\n")
	for _, want := range []string{"SNAPSHOT", "safepoint decide deploy-1 commit", "safepoint decide deploy-1 rollback", "old news", "trouble", "would be lost", "held", "of 3m to 10m", "earlier", "more", "Ctrl-C"} {
		assert.Contains(t, screen, want)
	}
}

func TestNoFieldOfAStatusReachesAScreenOrALogRaw(t *testing.T) {
	v := filled[View](t)
	for _, text := range []string{strings.Join(Screen(v, Size{200, 100}, Palette{}), "\n"), News(v), Still(v), WouldLose(*v.Status, Palette{}), FleetLoss(*v.Status.Fleet, Palette{})} {
		assertHarmless(t, text)
	}
}

func TestACommandThatIsTooLongForALineCanStillBePasted(t *testing.T) {
	for _, command := range []string{"safepoint decide " + strings.Repeat("deploy-", 12) + " rollback", "safepoint rollback a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8 9"} {
		lines := shellLines(command, 60)
		require.Greater(t, len(lines), 1)
		for i, line := range lines {
			assert.LessOrEqual(t, columns(line), 60)
			assert.Equal(t, i < len(lines)-1, strings.HasSuffix(line, `\`))
		}
		assert.Equal(t, command, strings.ReplaceAll(strings.Join(lines, "\n"), "\\\n", ""), "as a shell reads it")
	}
	assert.Equal(t, []string{"temporal workflow cancel -w x"}, shellLines("temporal workflow cancel -w x  # leaves the server safe", 40))
	for _, command := range []string{"safepoint decide '" + strings.Repeat("x y", 40) + "' commit", strings.Repeat("x", 600)} {
		lines := shellLines(command, 60)
		assert.Len(t, lines, 1, "half a command is worse than none")
		assert.NotContains(t, lines[0], "xx")
	}
}

func TestTheLongBarShowsWhereItsTimeBeginsAndEndsAndSaysWhenItIsOver(t *testing.T) {
	v := snapshotScreen()
	for seconds, want := range map[float64]string{
		0:    "░░░░░░░░░░░░┊░░░░░░░░░░░░░░░░░░░░░░░░░░░  0.0s of 3m to 10m",
		200:  "████████████┊░░░░░░░░░░░░░░░░░░░░░░░░░░░  3m00s of 3m to 10m",
		320:  "████████████┊███████░░░░░░░░░░░░░░░░░░░░  5m00s of 3m to 10m",
		620:  "████████████┊███████████████████████████  10m00s of 3m to 10m",
		1000: "█████┊█████████████  16m20s, 6m20s over the 3m to 10m of the API",
	} {
		v.Now = at(seconds)
		assert.Equal(t, want, v.longBar(64, Palette{}), "after %g s", seconds)
	}
	v.Status.Window.Max = 0
	assert.Empty(t, v.longBar(64, Palette{}))
	assert.Empty(t, View{}.longBar(64, Palette{}))
}
