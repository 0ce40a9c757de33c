package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

// stopGrace is how long a process may take to end by itself. Nothing here has anything to lose: the state is in memory.
const stopGrace = 3 * time.Second

// tailBytes of a log go into an error.
const tailBytes = 1500

// process is one child with a log file.
type process struct {
	name    string
	logPath string
	cmd     *exec.Cmd
	// done is closed when the child has ended; err is set before.
	done chan struct{}
	err  error
	// asked is true once this program has asked the child to end.
	asked atomic.Bool
}

// start runs a program in a process group of its own, so that Ctrl-C in the terminal reaches only this program, which
// then stops the child in order.
func start(name, logDir, program string, args, env []string) (*process, error) {
	p := &process{name: name, logPath: filepath.Join(logDir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	p.cmd = exec.Command(program, args...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, log, log
	p.cmd.SysProcAttr = ownGroup()
	started := make(chan error, 1)
	go func() {
		// The kernel's "kill with the parent" watches the thread that started the child, not the process: this thread
		// must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer func() { _ = log.Close() }() // the child wrote it, not this program
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// ready polls until probe says yes. The child's own end is the more telling error, so it comes first.
func (p *process) ready(ctx context.Context, within time.Duration, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil && p.running() {
			return nil // the answer of a child that is gone came from somebody else on its port
		}
		select {
		case <-p.done:
			return &endedError{name: p.name, when: "before it was ready", err: p.err, log: p.tail(), path: p.logPath}
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready (waited up to %s): %w: its log is %s", p.name, within, errors.Join(ctx.Err(), err), p.logPath)
		case <-tick.C:
		}
	}
}

// kill ends the child's whole group at once and waits until it is gone.
func (p *process) kill() {
	p.asked.Store(true)
	if p.running() { // the number of a child that is gone may be another process's
		killGroup(p.cmd.Process)
	}
	<-p.done
}

// stop asks the child to end, then makes it.
func (p *process) stop() {
	p.asked.Store(true)
	if !p.running() {
		return
	}
	askGroup(p.cmd.Process)
	select {
	case <-p.done:
	case <-time.After(stopGrace):
		p.kill()
	}
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// tail is the end of the log, for errors.
func (p *process) tail() string {
	file, err := os.Open(p.logPath)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // only read
	if info, err := file.Stat(); err == nil && info.Size() > tailBytes {
		if _, err := file.Seek(-tailBytes, io.SeekEnd); err != nil {
			return ""
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, tailBytes))
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}

// endedError is a child that ended by itself.
type endedError struct {
	name string
	when string
	err  error
	log  string
	path string
}

// Error shows the last lines of the log, because they name the cause.
func (e *endedError) Error() string {
	how := "without an error"
	if e.err != nil {
		how = "with " + e.err.Error()
	}
	text := fmt.Sprintf("%s ended %s %s; its log is %s", e.name, e.when, how, e.path)
	if e.log != "" {
		text += " and ends with:\n  " + strings.ReplaceAll(e.log, "\n", "\n  ")
	}
	return text
}

// Unwrap returns how the child ended.
func (e *endedError) Unwrap() error { return e.err }
