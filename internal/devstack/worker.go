package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

// errStopped is a stack that was stopped already.
var errStopped = errors.New("the stack was stopped: start a new one")

// Worker is one worker process, which can be killed and started again.
type Worker struct {
	// Queue is the task queue it serves.
	Queue string

	stack *Stack
	name  string
	env   map[string]string // settings of this worker only
	mu    sync.Mutex        // guards proc: one start or end at a time
	proc  *process
}

// AddWorker starts a worker on a task queue and waits until it is ready. Workers on queues of their own can be killed
// without disturbing each other's runs.
func (s *Stack) AddWorker(ctx context.Context, queue string) (*Worker, error) {
	return s.AddWorkerWith(ctx, queue, nil)
}

// AddWorkerWith is AddWorker with settings of its own, which win over the stack's.
func (s *Stack) AddWorkerWith(ctx context.Context, queue string, env map[string]string) (*Worker, error) {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return nil, errStopped
	}
	w := &Worker{Queue: queue, stack: s, env: env, name: fmt.Sprintf("worker-%d", len(s.workers)+1)}
	s.workers = append(s.workers, w)
	s.mu.Unlock()
	return w, w.Start(ctx)
}

// Start runs the process, unless it runs already, and waits until it is ready.
func (w *Worker) Start(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.proc != nil && w.proc.running() {
		return nil
	}
	return w.stack.onFreePorts(1, func(ports []string) error {
		w.stack.mu.Lock()
		stopped := w.stack.stopped
		w.stack.mu.Unlock()
		if stopped {
			return errStopped
		}
		listen := net.JoinHostPort("127.0.0.1", ports[0])
		env := environment(os.Environ(), w.stack.workerEnv(w.Queue, listen, w.env))
		p, err := start(w.name, w.stack.LogDir, w.stack.workerPath, nil, env)
		if err != nil {
			return err
		}
		w.proc = p
		return w.stack.await(ctx, p, func(ctx context.Context) error {
			return probeHTTP(ctx, "http://"+listen+"/readyz", nil)
		})
	})
}

// Kill ends the process with SIGKILL, as a crash or an out-of-memory kill would, and waits until it is gone.
func (w *Worker) Kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.proc != nil {
		w.proc.kill()
	}
}

func (w *Worker) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.proc != nil {
		w.proc.stop()
	}
}

// KillWorker kills the first worker; see Worker.Kill.
func (s *Stack) KillWorker() {
	if w := s.first(); w != nil {
		w.Kill()
	}
}

// StartWorker starts the first worker again.
func (s *Stack) StartWorker(ctx context.Context) error {
	if w := s.first(); w != nil {
		return w.Start(ctx)
	}
	_, err := s.AddWorker(ctx, s.opts.TaskQueue)
	return err
}

func (s *Stack) first() *Worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.workers) == 0 {
		return nil
	}
	return s.workers[0]
}
