package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	// speed makes a snapshot of 3 minutes take 4.5 s, and a restore of 5 minutes 7.5 s.
	speed = 40
	// bound is far above the minute that the demo takes on an idle machine.
	bound = 4 * time.Minute
	// The workers that are killed serve a queue of their own, so that the other two runs show how it goes undisturbed.
	calmQueue  = "safepoint"
	stormQueue = "safepoint-killed"
)

// Options are what the demo needs from the command line.
type Options struct {
	Out      io.Writer
	Progress *render.Progress
	Palette  render.Palette
	// Keep leaves the stack running at the end, until the context ends.
	Keep bool
	// LogDir keeps the logs; empty for a temporary folder.
	LogDir string
	// Look shows a running run, End waits for its end.
	Look func(ctx context.Context, c client.Client, id string) (render.View, error)
	End  func(ctx context.Context, c client.Client, id, runID string) (workflows.Report, error)
}

// show is one demonstration under way.
type show struct {
	Options
	stack  *devstack.Stack
	client client.Client
	victim *devstack.Worker
	began  time.Time
	acts   []*act
	mu     sync.Mutex // guards the progress
}

// Run plays the demo. The error says what was not as promised.
func Run(ctx context.Context, o Options) error {
	s := &show{Options: o, began: time.Now()}
	bounded, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	s.print(s.Palette.Bold("Safepoint: four changes to four servers, side by side, on this machine alone"))
	s.print(s.Palette.Dim(fmt.Sprintf("The API is a stand-in, %d times as fast, its clock too. Two runs lose their worker to kill -9.", speed)))
	s.print("")
	if err := s.start(bounded); err != nil {
		return err
	}
	defer s.stack.Stop()
	if err := s.play(bounded); err != nil {
		return err
	}
	err := s.curtain(bounded)
	if o.Keep && ctx.Err() == nil {
		s.print("\nThe stack keeps running; Ctrl-C stops it. UI: " + s.Palette.Accent(s.stack.UIAddress))
		<-ctx.Done()
	}
	return err
}

// start runs the stack with two workers.
func (s *show) start(ctx context.Context) error {
	s.acts = newActs()
	var servers []int64
	for _, a := range s.acts {
		servers = append(servers, a.server)
	}
	stack, err := devstack.Start(ctx, devstack.Options{
		LogDir: s.LogDir, NoWorker: true,
		Fake: devstack.FakeOptions{Speed: speed, Servers: servers, Args: []string{"--settle=2s"}},
	})
	if err != nil {
		return fmt.Errorf("start the local stack: %w", err)
	}
	s.stack = stack
	if err := s.startWorkers(ctx); err != nil {
		stack.Stop()
		return err
	}
	s.print(fmt.Sprintf("  Temporal UI  %s", s.Palette.Accent(stack.UIAddress)))
	s.print("")
	return nil
}

func (s *show) startWorkers(ctx context.Context) error {
	if _, err := s.stack.AddWorker(ctx, calmQueue); err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	var err error
	if s.victim, err = s.stack.AddWorker(ctx, stormQueue); err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	s.client, err = s.stack.Client()
	return err
}

// play starts the runs, kills the worker under two of them, and waits until all have ended.
func (s *show) play(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.began = time.Now()
	errs := make([]error, len(s.acts)+1)
	var playing sync.WaitGroup
	for i, a := range s.acts {
		if err := a.start(ctx, s); err != nil {
			return err
		}
		playing.Go(func() { errs[i] = a.play(ctx, s) })
	}
	playing.Go(func() { errs[len(s.acts)] = s.storm(ctx) })
	drawing := s.drawUntil(&playing)
	<-drawing
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the runs had not ended after %s: %w", bound, errors.Join(errs...))
	}
	return errors.Join(errs...)
}

// drawUntil redraws the runs until all have ended.
func (s *show) drawUntil(playing *sync.WaitGroup) <-chan struct{} {
	ended, drawn := make(chan struct{}), make(chan struct{})
	go func() {
		playing.Wait()
		close(ended)
	}()
	go func() {
		defer close(drawn)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			s.draw()
			select {
			case <-ended:
				s.draw()
				s.mu.Lock()
				s.Progress.Clear()
				s.mu.Unlock()
				return
			case <-tick.C:
			}
		}
	}()
	return drawn
}

// elapsed is how long the runs have been going, as a column.
func (s *show) elapsed() string {
	return fmt.Sprintf("%6s", render.Elapsed(time.Since(s.began)))
}

// print writes a line that stays.
func (s *show) print(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Progress.Print(line)
}
