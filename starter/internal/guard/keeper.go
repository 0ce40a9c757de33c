package guard

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Keeper is a small process that outlives this one: it kills the command's whole group when this process has died, or
// has stood still past the time that the run allows. The kernel's own "kill with the parent" reaches only the command
// itself, and most deploys are scripts that start others.
type Keeper struct {
	cmd *exec.Cmd

	mu sync.Mutex // guards in, which is nil once it was released
	in io.WriteCloser
}

// Words of this process to its keeper, a line each. The end of the input without "done" means that this process is dead.
const (
	wordGroup = "group" // the process group to watch
	wordAllow = "allow" // milliseconds from now on until it must be dead
	wordDone  = "done"  // nothing is left to watch
)

// StartKeeper starts a program that calls Keep on its standard input. It gets no environment and no output: nothing in it
// needs a secret, and a pipe that it held open would keep a CI job from ending.
func StartKeeper(program string, args ...string) (*Keeper, error) {
	k := &Keeper{cmd: exec.Command(program, args...)}
	attr, err := ownSession()
	if err != nil {
		return nil, err
	}
	k.cmd.Env, k.cmd.SysProcAttr = []string{}, attr
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make the keeper's pipe: %w", err)
	}
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the keeper of the command: %w", err)
	}
	return k, nil
}

// Release ends the keeper, who then kills nothing. A second time it does nothing.
func (k *Keeper) Release() {
	if k == nil {
		return
	}
	k.say(wordDone)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.in == nil {
		return
	}
	_ = k.in.Close() // the word is out
	_ = k.cmd.Wait() // how it ended says nothing
	k.in = nil
}

func (k *Keeper) watch(group int) { k.say(wordGroup + " " + strconv.Itoa(group)) }

func (k *Keeper) allow(left time.Duration) {
	k.say(wordAllow + " " + strconv.FormatInt(max(0, left.Milliseconds()), 10))
}

// say tells the keeper. One that was killed hears nothing: then this process alone watches the command.
func (k *Keeper) say(words string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.in != nil {
		_, _ = io.WriteString(k.in, words+"\n")
	}
}

// Keep is the keeper itself. It reads words until it is told that nothing is left to watch; otherwise it kills the group.
func Keep(in io.Reader) { keep(in, nil) }

// watched is what a keeper knows.
type watched struct {
	group int // 0 when there is none, or none any more
	// at and allowed are the last allowance; until there is one the group may live as long as the other process.
	at      time.Time
	allowed time.Duration
}

func keep(in io.Reader, wall func() time.Time) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	var w watched
	for {
		wait := wakeEvery
		if left := w.allowed - elapsed(w.at, wall); !w.at.IsZero() && left > 0 {
			wait = min(wait, left)
		}
		select {
		case line, ok := <-lines:
			if !ok {
				killAll(w.group)
				return
			}
			if !w.heard(line) {
				return
			}
		case <-time.After(wait):
			// The process that stood still may go on, and say what became of it.
			if !w.at.IsZero() && elapsed(w.at, wall) >= w.allowed {
				w.kill()
			}
		}
	}
}

// heard takes a line; false when nothing is left to watch. Words of a later version mean nothing.
func (w *watched) heard(line string) (more bool) {
	word, value, _ := strings.Cut(line, " ")
	number, err := strconv.Atoi(value)
	switch {
	case word == wordDone:
		return false
	case err != nil:
	case word == wordGroup:
		w.group = number
	case word == wordAllow:
		w.at, w.allowed = time.Now(), time.Duration(number)*time.Millisecond
	}
	return true
}

// kill kills what lives on, and forgets a group that is dead: its number may become somebody else's.
func (w *watched) kill() {
	if !groupAlive(w.group) {
		w.group = 0
		return
	}
	signalGroup(w.group, os.Kill)
}

// killAll kills a group until nothing of it runs, or cannot be killed.
func killAll(group int) {
	for end := time.Now().Add(unkillable); groupAlive(group) && time.Now().Before(end); time.Sleep(lookEvery) { // the pause of a bounded poll
		signalGroup(group, os.Kill)
	}
}
