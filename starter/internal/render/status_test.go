package render

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func snapshotView() View {
	return View{
		ID: "deploy-2.14.0", Now: at(320),
		Status: &workflows.Status{
			ServerID: 12345, Phase: workflows.PhaseSnapshot, Since: at(20), WaitingFor: "snapshot 801 to be completed",
			Window: &workflows.Window{From: at(20), Min: workflows.Duration(3 * time.Minute), Max: workflows.Duration(10 * time.Minute)},
			CanDo:  []string{"temporal workflow cancel -w deploy-2.14.0 (leaves the server safe)"},
		},
		Pending: []Pending{{Activity: "AwaitSnapshot", Attempt: 2, Started: true, Heartbeat: HeartbeatWords([]byte(`{"elapsed":"4m50s","state":{"seen":true,"status":"pending"}}`)), LastHeartbeat: at(317), LastFailure: "activity Heartbeat timeout"}},
	}
}

func heldView() View {
	v := verified(workflows.VerifiedChange, contract.VerdictFailed, 100, 140)
	return View{ID: "deploy-2.14.0", Now: at(200), Status: &workflows.Status{
		ServerID: 12345, Phase: workflows.PhaseHold, Since: at(140), WaitingFor: "a person to decide: verification failed",
		Snapshot:         &contract.RestorePoint{ID: 801, Name: "pre-update-12345", SizeMB: 5120},
		Change:           &workflows.ChangeRecord{Kind: workflows.UpdateWebhook, Result: contract.ChangeSucceeded},
		LastVerification: &v, Hold: &workflows.Hold{Why: "verification failed", Until: at(86400)},
		CanDo: []string{"safepoint decide deploy-2.14.0 commit --by <name>", "safepoint decide deploy-2.14.0 rollback --by <name>"},
		Notes: []string{"the token was refused for a while"},
	}}
}

func TestStatusOfRunningRuns(t *testing.T) {
	noWorker := View{ID: "deploy-2.14.0", Now: began, Trouble: "no worker answers on task queue safepoint", Pending: []Pending{{Activity: "AwaitSnapshot", Attempt: 1}}}
	golden(t, "status", Status(snapshotView(), Palette{}, 0)+"\n"+Status(heldView(), Palette{}, 0)+"\n"+Status(noWorker, Palette{}, 0))
}

func TestTheBarIsFullAtTheEndOfTheDocumentedWindowAndSaysWhenItIsLate(t *testing.T) {
	v := snapshotView()
	for seconds, want := range map[float64]int{20: 0, 320: 12, 620: 24, 10000: 24, 0: 0} {
		v.Now = at(seconds)
		bar := v.Bar(Palette{})
		assert.Equal(t, want, strings.Count(bar, "█"), "after %g s", seconds)
		assert.Equal(t, barWidth, strings.Count(bar, "█")+strings.Count(bar, "░"))
		assert.Equal(t, seconds == 10000, strings.Contains(bar, "longer than the API says"))
	}
	v.Status.Window = nil
	assert.Empty(t, v.Bar(Palette{}))
	assert.Empty(t, View{}.Bar(Palette{}))
}

func TestALineOnlyChangesWhenSomethingHappens(t *testing.T) {
	v := snapshotView()
	before := Line(v)
	v.Now = v.Now.Add(time.Minute)
	v.Pending[0].LastHeartbeat = v.Now
	assert.Equal(t, before, Line(v))
	assert.Contains(t, before, "AwaitSnapshot goes on in attempt 2 after: activity Heartbeat timeout")
	v.Trouble = "no worker answers"
	assert.NotEqual(t, before, Line(v))
	assert.Contains(t, Line(heldView()), "safepoint decide deploy-2.14.0 rollback", "a person is asked with the command to type")
}

func TestProgressIsRedrawnOnATerminalAndTellsChangesElsewhere(t *testing.T) {
	var terminal bytes.Buffer
	p := NewProgress(&terminal, 10)
	p.Draw([]string{"one", "two and a long tail"})
	p.Draw([]string{"three"})
	p.Print("stays")
	p.Draw([]string{"four"})
	p.Clear()
	p.Clear()
	assert.Equal(t, "one\x1b[K\ntwo and a…\n\x1b[J"+"\x1b[2A\rthree\x1b[K\n\x1b[J"+"\x1b[1A\r\x1b[K\n\x1b[J\x1b[A\r"+"stays\n"+"four\x1b[K\n\x1b[J"+"\x1b[1A\r\x1b[K\n\x1b[J\x1b[A\r", terminal.String())

	var pipe bytes.Buffer
	p = NewProgress(&pipe, 0)
	p.Draw([]string{"never"})
	p.TellAt("a", "1s ", "x")
	p.TellAt("a", "2s ", "x")
	p.Tell("b", "x")
	p.TellAt("a", "3s ", "y")
	p.Clear()
	assert.Equal(t, "1s x\nx\n3s y\n", pipe.String())
}

func TestALineThatIsCutKeepsItsColoursClosed(t *testing.T) {
	p := NewPalette(true)
	cut := Cut("ab"+p.Good("cdefgh")+"ij", 6)
	assert.Equal(t, "abcde…", stripCodes(cut))
	assert.True(t, strings.HasSuffix(cut, "m"), "%q ends with the code that ends the colour", cut)
	assert.Equal(t, "äöü…", Cut("äöüßx", 4))
}

func TestAHeartbeatIsSaidInWordsAndNeverAsJSON(t *testing.T) {
	verify := `{"elapsed":"1m5s","state":{"rounds":4,"green":0,"red":2,"unclear":0,"last":[{"name":"home","verdict":"failed","detail":"answered 500, expected 200"}]}}`
	for data, want := range map[string]string{
		verify: "1m05s watched, 4 rounds of checks (in a row: 0 green, 2 red, 0 unclear), home failed: answered 500, expected 200",
		`{"elapsed":"20s","state":{"seen_restoring":true,"status":"active"}}`: "20.0s watched, last seen active, was seen restoring",
		`{"elapsed":"3s","state":{"seen":true,"absent":1}}`:                   "3.0s watched, missing from 1 list in a row",
		`{"elapsed":"3s","state":{"status":"a\u001b[31mb"}}`:                  "3.0s watched, last seen a[31mb",
		`{"other":1}`: "", `"text"`: "", `not json`: "",
	} {
		assert.Equal(t, want, HeartbeatWords([]byte(data)), data)
	}
}

func TestAnApprovalSaysWhatTheWordsOfAnUpdateMeanThere(t *testing.T) {
	view := View{ID: "undo-web01", Now: began, Status: &workflows.Status{
		Runbook: workflows.TypeRollbackByRestore, Phase: workflows.PhaseHold, Since: began,
		Hold: &workflows.Hold{Why: "restore snapshot 801", Until: began, Decisions: []workflows.Decision{workflows.DecideApprove, workflows.DecideDeny}},
	}}
	assert.Contains(t, Status(view, Palette{}, 0), "commit means deny here")
	view.Status.Hold.Decisions = []workflows.Decision{workflows.DecideCommit, workflows.DecideRollback}
	assert.NotContains(t, Status(view, Palette{}, 0), "means deny")
}
