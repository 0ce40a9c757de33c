package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// slot is a place for one program that is killed and started again, any number of times, by any goroutine. It never
// fails the test by itself: what a goroutine of the mischief cannot do, it returns.
type slot struct {
	name, path    string
	args, environ []string
	out           io.Writer

	mu   sync.Mutex // guards what follows: one start or end at a time
	cmd  *exec.Cmd
	done chan struct{}
	// closed is set at the end of the test: nothing starts again.
	closed bool
}

var errClosed = errors.New("the test is over")

func newSlot(t *testing.T, name, path string, environ []string, args ...string) *slot {
	t.Helper()
	s := &slot{name: name, path: path, args: args, environ: append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, environ...)}
	s.out = collected.file(t.Name() + "-" + name)
	t.Cleanup(func() {
		s.kill()
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.kill() // one that started in between
	})
	return s
}

// start runs the program unless it runs already.
func (s *slot) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if s.running() {
		return nil
	}
	cmd, done := exec.Command(s.path, s.args...), make(chan struct{})
	cmd.Env, cmd.Stdout, cmd.Stderr = s.environ, s.out, s.out
	if err := startTied(cmd, done); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	s.cmd, s.done = cmd, done
	return nil
}

// running is called with mu held.
func (s *slot) running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// alive is running for others.
func (s *slot) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running()
}

// kill ends the program with SIGKILL and waits until it is gone; false when it was gone already.
func (s *slot) kill() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running() {
		return false
	}
	_ = s.cmd.Process.Kill() // a stopped process dies of this too
	<-s.done
	return true
}

// signal sends one to a running program.
func (s *slot) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running() {
		return fmt.Errorf("%s does not run", s.name)
	}
	return s.cmd.Process.Signal(sig)
}

// ready polls until the URL answers 200.
func ready(url string, within time.Duration) error {
	ask := &http.Client{Timeout: 2 * time.Second}
	for deadline := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) { // the pause of a bounded poll
		resp, err := ask.Get(url)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(resp.Status)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not ready within %s: %w", url, within, err)
		}
	}
}

// programPath is a program under test.
func programPath(name string) string { return filepath.Join(binDir, name) }
