package guard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// Command is a command that runs in a process group of its own.
type Command struct {
	// Path is the program, Args its arguments with its name first, Env its whole environment.
	Path string
	Args []string
	Env  []string
	// In, Out and Err become its own: files are handed over as they are.
	In       io.Reader
	Out, Err io.Writer
	// Keeper kills it when this process no longer can; nil for none.
	Keeper *Keeper
	// Gate is a program and its arguments, to which the command is added, that calls Gate with it; empty for none. With it
	// nothing of the command runs before the keeper knows its group.
	Gate []string

	mu      sync.Mutex // guards group
	group   int        // the process group, 0 before the start
	done    chan struct{}
	success bool   // valid once done is closed
	ended   string // valid once done is closed
}

// outputGrace is how long the output of a command that has ended is waited for, where it is not handed over as a file:
// what it left running may hold it open.
const outputGrace = 5 * time.Second

// Start runs it, unless mayRun says why not. It dies with this process, however this process dies: what it starts itself is the keeper's.
func (c *Command) Start(mayRun func() error) error {
	cmd := &exec.Cmd{Path: c.Path, Args: c.Args, Env: c.Env, Stdin: c.In, Stdout: c.Out, Stderr: c.Err, SysProcAttr: ownGroup(), WaitDelay: outputGrace}
	gate, err := gateFor(cmd, c.Gate)
	if err != nil {
		return err
	}
	c.done = make(chan struct{})
	started := make(chan error, 1)
	go func() {
		// The kernel's "kill with the parent" watches the thread that started the child, not the process: this thread must
		// live as long as the child. It is never unlocked, so that it ends with this goroutine.
		runtime.LockOSThread()
		err := mayRun()
		if err == nil {
			err = cmd.Start()
		}
		gate.started()
		if err != nil {
			gate.close()
			started <- err
			return
		}
		c.mu.Lock()
		c.group = cmd.Process.Pid
		c.mu.Unlock()
		c.Keeper.watch(cmd.Process.Pid)
		giveBack := lendTerminal(c.In, cmd.Process.Pid)
		failure := gate.open(mayRun) // without a gate the command runs already
		if failure != nil {
			signalGroup(cmd.Process.Pid, os.Kill) // mostly it has ended; it must not become the command after all
		} else {
			started <- nil
		}
		err = cmd.Wait()
		giveBack()
		if failure != nil {
			c.forget()
			started <- failure
			return
		}
		c.success, c.ended = judged(cmd.ProcessState, err)
		close(c.done)
	}()
	return <-started
}

// judged says how a command ended. Only exit code 0 is a success: output that could not be delivered after it is not the
// command's failure.
func judged(state *os.ProcessState, err error) (success bool, ended string) {
	switch {
	case state == nil:
		return false, fmt.Sprintf("an end that nobody saw: %v", err)
	case state.Exited():
		ended = fmt.Sprintf("exit code %d", state.ExitCode())
	default: // killed
		ended = state.String()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ended += fmt.Sprintf(" (%v)", err)
	}
	return state.Success(), ended
}

// Done is closed when the command itself has ended.
func (c *Command) Done() <-chan struct{} { return c.done }

// Succeeded is true when the command ended with 0. It is valid once Done is closed.
func (c *Command) Succeeded() bool { return c.success }

// Ended says how the command ended, such as "exit code 3". It is valid once Done is closed.
func (c *Command) Ended() string { return c.ended }

// Signal sends a signal to the whole group, and wakes what is stopped: it would hear nothing. A group that is gone needs
// none.
func (c *Command) Signal(sig os.Signal) {
	signalGroup(c.pgid(), sig)
	wakeGroup(c.pgid())
}

// Kill kills the whole group.
func (c *Command) Kill() { signalGroup(c.pgid(), os.Kill) }

// Alive says whether anything of the group still runs.
func (c *Command) Alive() bool { return groupAlive(c.pgid()) }

// LetGo ends the keeper.
func (c *Command) LetGo() { c.Keeper.Release() }

// Allow tells the keeper how much longer the command may run.
func (c *Command) Allow(left time.Duration) { c.Keeper.allow(left) }

// forget leaves a group that never ran the command.
func (c *Command) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.group = 0
}

func (c *Command) pgid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.group
}
