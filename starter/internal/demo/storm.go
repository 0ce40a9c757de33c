package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	// middle is how long a wait is let go before the worker is killed: about a third of it.
	middle = 1500 * time.Millisecond
	// downFor is how long the worker stays dead, as with a supervisor that restarts it.
	downFor = 2 * time.Second
)

// storm kills the worker in the middle of both snapshots, and again in the middle of the restore.
func (s *show) storm(ctx context.Context) error {
	good, bad := s.acts[2], s.acts[3]
	if err := s.strike(ctx, "the snapshots", workflows.PhaseSnapshot, contract.ActivityAwaitSnapshot, good, bad); err != nil {
		return err
	}
	return s.strike(ctx, "the restore", workflows.PhaseRollback, contract.ActivityAwaitRestore, bad)
}

// strike kills the worker when every one of the acts is in the middle of the wait, and brings it back.
func (s *show) strike(ctx context.Context, of string, phase workflows.Phase, activity string, acts ...*act) error {
	for _, a := range acts {
		if err := a.await(ctx, phase, activity); err != nil {
			return err
		}
	}
	if err := pause(ctx, middle); err != nil {
		return err
	}
	for _, a := range acts {
		if !a.waits(phase, activity) {
			return fmt.Errorf("%s was through with %s before the worker could be killed: run the demo again on a less busy machine", a.id, of)
		}
	}
	s.victim.Kill()
	for _, a := range acts {
		a.struck()
	}
	s.print(s.elapsed() + "  " + s.Palette.Bad("kill -9") + fmt.Sprintf(" of %s worker in the middle of %s", runsOf(acts), of))
	if err := pause(ctx, downFor); err != nil {
		return err
	}
	if err := s.victim.Start(ctx); err != nil {
		return fmt.Errorf("start the worker again: %w", err)
	}
	s.print(s.elapsed() + "  " + s.Palette.Good("the worker is back") + s.Palette.Dim(": the wait goes on when the dead worker's heartbeat is 15 s old"))
	return nil
}

func runsOf(acts []*act) string {
	if len(acts) == 1 {
		return fmt.Sprintf("run %d's", acts[0].number)
	}
	return fmt.Sprintf("run %d's and %d's", acts[0].number, acts[1].number)
}

func (a *act) struck() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.killed++
}

// await waits until a worker is busy with the wait.
func (a *act) await(ctx context.Context, phase workflows.Phase, activity string) error {
	for !a.waits(phase, activity) {
		a.mu.Lock()
		over := a.report != nil
		a.mu.Unlock()
		if over {
			return fmt.Errorf("%s ended before its worker could be killed in phase %s", a.id, phase)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (a *act) waits(phase workflows.Phase, activity string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.report != nil || a.view.Status == nil || a.view.Status.Phase != phase {
		return false
	}
	for _, p := range a.view.Pending {
		if p.Activity == activity && p.Started {
			return true
		}
	}
	return false
}

// pause waits, or ends with the demo.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
