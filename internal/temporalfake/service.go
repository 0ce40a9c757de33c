package temporalfake

import (
	"fmt"
	"sync"
	"time"

	historypb "go.temporal.io/api/history/v1"
)

// Options shape a Service. Nothing in it may depend on anything but its arguments, or two runs of the same world differ.
type Options struct {
	// Delay is how long something takes that Temporal does by itself: a task on its way to a worker, a signal on its way
	// to another workflow. what names the step. Default none.
	Delay func(what string) time.Duration
	// RunID returns the id of the n-th run, counted from 1. It must be unique in the process: the SDK keeps workflows by it.
	RunID func(n int) string
	// Recorded is called with each event that was written to a history. It must not call the service.
	Recorded func(run Run, event *historypb.HistoryEvent)
}

// Service is the stand-in. It is safe for concurrent use.
type Service struct {
	o Options

	mu      sync.Mutex // guards everything below, and all executions
	current map[string]*execution
	runs    map[string]*execution
	order   []*execution
	queues  map[queueName]*queue
	tokens  map[string]any  // what a task token stands for: *workflowTask or *activity
	granted int             // task tokens so far
	stopped map[string]bool // sticky queues of workers that have stopped
}

// New makes an empty service.
func New(o Options) *Service {
	if o.Delay == nil {
		o.Delay = func(string) time.Duration { return 0 }
	}
	if o.RunID == nil {
		o.RunID = func(n int) string { return fmt.Sprintf("run-%d", n) }
	}
	if o.Recorded == nil {
		o.Recorded = func(Run, *historypb.HistoryEvent) {}
	}
	return &Service{
		o: o, current: map[string]*execution{}, runs: map[string]*execution{},
		queues: map[queueName]*queue{}, tokens: map[string]any{}, stopped: map[string]bool{},
	}
}

// later does something by itself after the delay of the step, with the lock held.
func (s *Service) later(what string, do func()) *time.Timer {
	return s.after(s.o.Delay(what), do)
}

func (s *Service) after(d time.Duration, do func()) *time.Timer {
	return time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
	})
}

// token makes a task token for what it stands for.
func (s *Service) token(of any) string {
	s.granted++
	t := fmt.Sprintf("task-%d", s.granted)
	s.tokens[t] = of
	return t
}

// Close stops every timer, so that nothing happens any more.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.order {
		e.stopTimers()
	}
}
