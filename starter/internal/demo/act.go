package demo

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Versions that a server's site serves before and after the change.
const (
	oldVersion = "1.0.0"
	newVersion = "2.0.0"
)

// act is one run and what it must show.
type act struct {
	number int
	id     string
	title  string
	server int64
	queue  string
	good   bool
	// kills are how often the worker is to be killed under it.
	kills int
	runID string

	mu     sync.Mutex // guards what follows
	view   render.View
	report *workflows.Report
	killed int
}

func newActs() []*act {
	acts := []*act{
		{id: "demo-good", title: "a good change", queue: calmQueue, good: true},
		{id: "demo-bad", title: "a bad change", queue: calmQueue},
		{id: "demo-good-killed", title: "a good change, 1 kill -9", queue: stormQueue, good: true, kills: 1},
		{id: "demo-bad-killed", title: "a bad change, 2 kill -9", queue: stormQueue, kills: 2},
	}
	for i, a := range acts {
		a.number, a.server = i+1, int64(101+i)
	}
	return acts
}

// outcome and version are what the act promises.
func (a *act) outcome() workflows.Outcome {
	if a.good {
		return workflows.OutcomeCommitted
	}
	return workflows.OutcomeRolledBack
}

func (a *act) version() string {
	if a.good {
		return newVersion
	}
	return oldVersion
}

// input is what a user would write, with a pace that fits the stand-in's.
func (a *act) input(site string) map[string]any {
	return map[string]any{
		"server_id": a.server,
		"reason":    fmt.Sprintf("deploy web %s (%s)", newVersion, a.title),
		"update":    map[string]any{"kind": workflows.UpdateWebhook, "url": fmt.Sprintf("%shooks/deploy?version=%s&healthy=%t", site, newVersion, a.good)},
		"verify": map[string]any{
			"initial_delay": "0s", "interval": "500ms", "timeout": "30s",
			"checks": []any{map[string]any{"name": "healthz", "kind": contract.CheckHTTP, "url": site + "healthz"}},
		},
	}
}

func (a *act) start(ctx context.Context, s *show) error {
	run, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: a.id, TaskQueue: a.queue, WorkflowExecutionErrorWhenAlreadyStarted: true},
		workflows.TypeSnapshotUpdateVerify, a.input(s.stack.SiteURL(a.server)))
	if err != nil {
		return fmt.Errorf("start %s: %w", a.id, err)
	}
	a.runID = run.GetRunID()
	return nil
}

// play keeps the act's view fresh until the run has ended.
func (a *act) play(ctx context.Context, s *show) error {
	looking, stop := context.WithCancel(ctx)
	var looks sync.WaitGroup
	looks.Go(func() {
		tick := time.NewTicker(300 * time.Millisecond)
		defer tick.Stop()
		for {
			if view, err := s.Look(looking, s.client, a.id); err == nil {
				a.saw(view)
			}
			select {
			case <-looking.Done():
				return
			case <-tick.C:
			}
		}
	})
	report, err := s.End(ctx, s.client, a.id, a.runID)
	stop()
	looks.Wait()
	if err != nil {
		return fmt.Errorf("%s: %w", a.id, err)
	}
	a.mu.Lock()
	a.report = &report
	a.mu.Unlock()
	return nil
}

// saw keeps the last known status while no worker answers.
func (a *act) saw(view render.View) {
	a.mu.Lock()
	defer a.mu.Unlock()
	view.Scale = speed
	if view.Status == nil {
		view.Status = a.view.Status
	}
	a.view = view
}

// row is the act in one line, for a terminal.
func (a *act) row(p render.Palette, now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	head := fmt.Sprintf("  %s %-25s", p.Bold(fmt.Sprint(a.number)), a.title)
	switch s := a.view.Status; {
	case a.report != nil:
		return head + p.Outcome(a.report.Outcome, "✓ "+strings.ToLower(render.Word(a.report.Outcome)))
	case s == nil:
		return head + p.Dim("starting")
	default: // under way
		line := head + p.Accent(fmt.Sprintf("%-10s", render.Clean(string(s.Phase)))) + fmt.Sprintf("%6s  ", render.Elapsed(now.Sub(s.Since)))
		if a.view.Trouble != "" {
			return line + p.Warn("no worker: the run waits for one")
		}
		if s.Window != nil {
			return line + a.view.Bar(p)
		}
		return line + p.Dim("waiting for "+render.Clean(s.WaitingFor))
	}
}

// news is the act in one line that only changes with its phase, for a pipe.
func (a *act) news() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	head := fmt.Sprintf("%d %-25s", a.number, a.title)
	switch s := a.view.Status; {
	case a.report != nil:
		return head + strings.ToLower(render.Word(a.report.Outcome))
	case s == nil || s.Phase == workflows.PhaseDone:
		return ""
	default: // under way
		return head + render.Clean(string(s.Phase))
	}
}

// draw shows all acts.
func (s *show) draw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Progress.Live() {
		lines := make([]string, 0, len(s.acts))
		for _, a := range s.acts {
			lines = append(lines, a.row(s.Palette, time.Now()))
		}
		s.Progress.Draw(lines)
		return
	}
	for _, a := range s.acts {
		if line := a.news(); line != "" {
			s.Progress.TellAt(a.id, s.elapsed()+"  ", line)
		}
	}
}
