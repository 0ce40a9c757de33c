package demo

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

func kept(a *act) proof {
	p := proof{outcome: string(a.outcome()), page: "<p>version " + a.version() + "</p>", healthy: true, snapshots: 1,
		truth: truth{ID: a.server, Status: "active", Deploys: 1}}
	if !a.good {
		p.Restores = 1
	}
	a.killed = a.kills
	return p
}

func TestAnActIsOnlyGoodWhenEveryPromiseWasKept(t *testing.T) {
	for _, a := range newActs() {
		require.NoError(t, a.judge(kept(a)), a.id)
		for name, spoil := range map[string]func(*proof){
			"outcome":   func(p *proof) { p.outcome = string(workflows.OutcomeRollbackFailed) },
			"version":   func(p *proof) { p.page = "<p>version 9.9.9</p>" },
			"healthy":   func(p *proof) { p.healthy = false },
			"up":        func(p *proof) { p.Status = "stopped" },
			"deploys":   func(p *proof) { p.Deploys++ },
			"snapshots": func(p *proof) { p.snapshots++ },
			"restores":  func(p *proof) { p.Restores++ },
		} {
			p := kept(a)
			spoil(&p)
			require.ErrorContains(t, a.judge(p), a.id, name)
		}
		p := kept(a)
		a.killed++
		require.ErrorContains(t, a.judge(p), "killed")
	}
}

func TestTheFourActsAreTwoGoodAndTwoBadAndTwoLoseTheirWorker(t *testing.T) {
	acts := newActs()
	require.Len(t, acts, 4)
	ids, servers := map[string]bool{}, map[int64]bool{}
	for _, a := range acts {
		ids[a.id], servers[a.server] = true, true
		assert.Equal(t, a.kills > 0, a.queue == stormQueue, "only a run on the storm's queue loses its worker")
	}
	assert.Len(t, ids, 4)
	assert.Len(t, servers, 4)
	assert.Equal(t, workflows.OutcomeCommitted, acts[0].outcome())
	assert.Equal(t, workflows.OutcomeRolledBack, acts[1].outcome())
	assert.Equal(t, 1, acts[2].kills)
	assert.Equal(t, 2, acts[3].kills)
}

func TestTheInputIsOneThatTheRunbookKnows(t *testing.T) {
	for _, a := range newActs() {
		raw, err := json.Marshal(a.input("http://127.0.0.1:1/sites/101/"))
		require.NoError(t, err)
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		var in workflows.SnapshotUpdateVerifyInput
		require.NoError(t, decoder.Decode(&in), string(raw))
		assert.Equal(t, a.server, in.ServerID)
		assert.Equal(t, !a.good, strings.Contains(in.Update.URL, "healthy=false"))
	}
}

func TestTheWorkerIsOnlyKilledInTheMiddleOfTheWait(t *testing.T) {
	a := newActs()[3]
	view := func(phase workflows.Phase, pending ...render.Pending) render.View {
		return render.View{Status: &workflows.Status{Phase: phase}, Pending: pending}
	}
	waits := func() bool { return a.waits(workflows.PhaseSnapshot, contract.ActivityAwaitSnapshot) }
	assert.False(t, waits(), "nothing is known yet")
	a.saw(view(workflows.PhaseSnapshot, render.Pending{Activity: contract.ActivityCreateSnapshot, Started: true}))
	assert.False(t, waits(), "the create is still under way")
	a.saw(view(workflows.PhaseSnapshot, render.Pending{Activity: contract.ActivityAwaitSnapshot}))
	assert.False(t, waits(), "no worker has taken the wait")
	a.saw(view(workflows.PhaseSnapshot, render.Pending{Activity: contract.ActivityAwaitSnapshot, Started: true}))
	assert.True(t, waits())
	a.saw(view(workflows.PhaseVerify, render.Pending{Activity: contract.ActivityAwaitSnapshot, Started: true}))
	assert.False(t, waits())
}

func TestARowKeepsTheLastStatusWhileNoWorkerAnswers(t *testing.T) {
	a := newActs()[2]
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	assert.Contains(t, a.row(render.Palette{}, now), "starting")
	assert.Empty(t, a.news())
	window := &workflows.Window{From: now, Min: workflows.Duration(3 * time.Minute), Max: workflows.Duration(10 * time.Minute)}
	a.saw(render.View{Now: now.Add(time.Second), Status: &workflows.Status{Phase: workflows.PhaseSnapshot, Since: now, Window: window}})
	assert.Contains(t, a.row(render.Palette{}, now.Add(time.Second)), "1.0s of 4.5s to 15s", "the window is as fast as the stand-in")
	a.saw(render.View{Trouble: "no worker answers"})
	assert.Contains(t, a.row(render.Palette{}, now.Add(3*time.Second)), "snapshot    3.0s  no worker: the run waits for one")
	assert.Equal(t, "3 a good change, 1 kill -9 snapshot", a.news())
	a.report = &workflows.Report{Outcome: workflows.OutcomeCommitted}
	assert.Contains(t, a.row(render.Palette{}, now), "✓ committed")
	assert.Contains(t, a.news(), "committed")
}

func TestTheVersionIsReadFromThePage(t *testing.T) {
	assert.Equal(t, "2.0.0", versionIn("<h1>web01</h1><p>version 2.0.0</p>\n"))
	assert.Equal(t, "nothing", versionIn("Bad gateway."))
	assert.Equal(t, "2.[31m0", versionIn("version 2.\x1b[31m0</p>"), "a page cannot colour the terminal")
}
