package guard

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// supervisor is one supervision. All its fields belong to the goroutine that supervises.
type supervisor struct {
	Options
	ctx    context.Context // of the heartbeats
	cancel context.CancelFunc

	// began is not after the grant; confirming is when this supervision began.
	began, confirming time.Time
	// confirmed is when the last heartbeat was sent that was acknowledged.
	confirmed time.Time
	heard     bool // Temporal has taken a heartbeat
	nextBeat  time.Time
	flying    bool // a heartbeat is on its way
	pulses    chan sentPulse
	taken     chan time.Time // when a heartbeat was sent that Temporal has taken
	unwanted  bool           // the run no longer waits: a heartbeat would say nothing
	troubled  bool           // the last heartbeat was not acknowledged

	stopping string    // why the command was told to stop; empty while it may run
	killAt   time.Time // when it is killed; zero while it may run
	killed   time.Time // when it was killed first
	signals  int
}

// sentPulse is a pulse and when its heartbeat was sent.
type sentPulse struct {
	Pulse
	sent time.Time
}

func newSupervisor(o Options) *supervisor {
	now := time.Now()
	began := now
	if !o.Began.IsZero() {
		began = o.Began
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &supervisor{Options: o, ctx: ctx, cancel: cancel, began: began, confirming: now, confirmed: now, nextBeat: now,
		pulses: make(chan sentPulse, 1), taken: make(chan time.Time, 1)}
}

// left is how much of a share of the silence is left since the last acknowledged heartbeat.
func (s *supervisor) left(part float64) time.Duration {
	return share(s.Silence, part) - elapsed(s.confirmed, s.wall)
}

// timeLeft is how long the command may still work, with what it takes to stop it and to report kept back.
func (s *supervisor) timeLeft() time.Duration {
	return s.Timeout - 2*reserve(s.Timeout) - elapsed(s.began, s.wall)
}

// beatWhenDue sends the next heartbeat beside the loop, which must not wait for it.
func (s *supervisor) beatWhenDue() {
	now := time.Now()
	if s.flying || s.unwanted || now.Before(s.nextBeat) {
		return
	}
	s.flying, s.nextBeat = true, now.Add(Pace(s.Silence))
	go func() {
		ctx, cancel := context.WithTimeout(s.ctx, TryFor(s.Silence))
		defer cancel()
		taken := func() {
			select {
			case s.taken <- now:
			default: // nobody has read the one before; the pulse says it too
			}
		}
		s.pulses <- sentPulse{s.Link.Beat(ctx, taken), now} // there is room for the only one that flies
	}()
}

// count counts a heartbeat that Temporal has taken: from then on it is not the look after it that matters.
func (s *supervisor) count(sent time.Time) {
	s.heard = true
	if !sent.After(s.confirmed) {
		return
	}
	s.confirmed, s.troubled = sent, false
	s.Process.Allow(s.left(lastShare))
}

// take counts a pulse.
func (s *supervisor) take(p sentPulse) {
	s.flying = false
	switch {
	case p.Unwanted != "":
		s.unwanted = true
	case p.Acknowledged:
		s.count(p.sent)
	case !s.troubled:
		s.troubled = true
		s.Say(fmt.Sprintf("a heartbeat was not confirmed (%v): the command is stopped in %s unless one is", p.Trouble, s.left(stopShare).Round(time.Second/10)))
	}
	s.Pulsed(p.Pulse)
}

// confirm makes sure that the run waits for this runner now: its grant may have been long on its way.
func (s *supervisor) confirm() (Ending, bool) {
	for {
		s.beatWhenDue()
		select {
		case p := <-s.pulses:
			s.take(p)
			unsure := elapsed(s.confirming, s.wall)
			switch {
			case p.Unwanted != "":
				return s.notRun("the command was not run: " + p.Unwanted), false
			case p.Wanted:
				return Ending{}, true
			case p.Acknowledged && p.Likely && unsure > s.Silence/4:
				// The run is open, in its change, and counts this runner's heartbeats; only it cannot be asked itself.
				s.Say(fmt.Sprintf("the run could not be looked at (%v), but it is in its change and takes this runner's heartbeats", p.Trouble))
				return Ending{}, true
			case unsure > s.Silence:
				return s.notRun(fmt.Sprintf("the command was not run: nobody knows whether the run still waits for this runner (%v)", p.Trouble)), false
			default: // ask again
				s.nextBeat = time.Now().Add(min(Pace(s.Silence), time.Second))
			}
		case sent := <-s.taken:
			s.count(sent)
		case sig := <-s.Signals:
			s.signals++
			return s.notRun(fmt.Sprintf("interrupted by %q before the command was started, nothing was run", sig)), false
		case <-time.After(max(0, min(s.left(stopShare), s.untilBeat(), wakeEvery))):
			if s.left(stopShare) <= 0 {
				return s.notRun("the command was not run: no heartbeat was confirmed, so the run may have given this runner up"), false
			}
		}
	}
}

// untilBeat is when the next heartbeat is due; far away while one is on its way or none is wanted.
func (s *supervisor) untilBeat() time.Duration {
	if s.flying || s.unwanted {
		return time.Hour
	}
	return time.Until(s.nextBeat)
}

// notRun is the end of a supervision that ran nothing: there is nothing to roll back.
func (s *supervisor) notRun(why string) Ending {
	return Ending{Result: contract.ChangeNotStarted, Detail: why, Heard: s.heard, Signals: s.signals}
}

// attend stays with the command until it has ended, and after a failure until all that it started is dead.
func (s *supervisor) attend() Ending {
	done := s.Process.Done()
	for {
		s.beatWhenDue()
		s.obeyClocks()
		select {
		case <-done:
			if s.stopping == "" && s.Process.Succeeded() {
				return Ending{Ran: true, Result: contract.ChangeSucceeded, Detail: "the command ended with " + s.Process.Ended(), Signals: s.signals}
			}
			done = nil // it stays closed
			if s.stopping == "" {
				s.stop("the command ended with "+s.Process.Ended(), syscall.SIGTERM, s.Grace)
			} else {
				s.stopping += "; it ended with " + s.Process.Ended()
			}
		case p := <-s.pulses:
			s.take(p)
			if p.Unwanted != "" && s.stopping == "" {
				s.tell(p.Unwanted, syscall.SIGTERM, min(s.Grace, unwantedGrace))
			}
		case sent := <-s.taken:
			s.count(sent)
		case sig := <-s.Signals:
			s.interrupted(sig)
		case <-time.After(max(0, s.untilNext(done == nil))):
		}
		if done == nil && (!s.Process.Alive() || s.pastHope()) {
			return s.failed()
		}
	}
}

// obeyClocks stops or kills the command when one of its times is over.
func (s *supervisor) obeyClocks() {
	now := time.Now()
	if s.left(lastShare) <= 0 && s.killed.IsZero() { // the machine was suspended: the run may be restoring now, so nothing is said before
		s.killed, s.killAt = now, now.Add(killAgain)
		s.Process.Kill()
	}
	switch {
	case s.stopping != "":
	case s.left(stopShare) <= 0:
		s.tell(fmt.Sprintf("no heartbeat was confirmed for %s, and the run may restore the server after %s", elapsed(s.confirmed, s.wall).Round(time.Second/10), s.Silence),
			syscall.SIGTERM, min(s.Grace, s.left(killShare)))
	case s.timeLeft() <= 0:
		s.tell(fmt.Sprintf("the time for the change (update.timeout, %s) is nearly over", s.Timeout), syscall.SIGTERM, min(s.Grace, reserve(s.Timeout)))
	}
	overdue := s.stopping != "" && !now.Before(s.killAt)
	if overdue || s.left(killShare) <= 0 {
		if s.killed.IsZero() {
			s.killed = now
		}
		s.killAt = now.Add(killAgain)
		s.Process.Kill()
	}
}

// untilNext is when the loop must look again by itself.
func (s *supervisor) untilNext(ended bool) time.Duration {
	next := min(s.untilBeat(), wakeEvery)
	if s.stopping == "" {
		return min(next, s.left(stopShare), s.timeLeft())
	}
	next = min(next, time.Until(s.killAt))
	if s.killed.IsZero() {
		next = min(next, s.left(killShare))
	}
	if ended {
		next = min(next, lookEvery)
	}
	return next
}

// interrupted passes a signal on. The second one kills: whoever sends it wants an end now.
func (s *supervisor) interrupted(sig os.Signal) {
	s.signals++
	switch {
	case s.signals > 1:
		s.killAt = time.Now()
		if s.stopping == "" {
			s.stopping = "interrupted"
		}
	case s.stopping != "":
		s.Process.Signal(sig)
	default:
		s.tell(fmt.Sprintf("this program got the signal %q", sig), sig, s.Grace)
	}
}

// tell stops the command and says so.
func (s *supervisor) tell(why string, sig os.Signal, grace time.Duration) {
	s.Say("stopping the command: " + why)
	s.stop("the command was stopped: "+why, sig, grace)
}

// stop tells all of it to stop, with a grace, but never beyond the time in which it may live unheard.
func (s *supervisor) stop(why string, sig os.Signal, grace time.Duration) {
	s.stopping, s.killAt = why, time.Now().Add(max(0, grace))
	s.Process.Signal(sig)
}

// pastHope is true when what was killed does not die.
func (s *supervisor) pastHope() bool { return !s.killed.IsZero() && time.Since(s.killed) > unkillable }

func (s *supervisor) failed() Ending {
	why, alive := s.stopping, s.Process.Alive()
	if alive {
		why += "; some of what it started could not be killed"
		s.Say("some of what the command started could not be killed")
	}
	return Ending{Ran: true, Result: contract.ChangeFailed, Detail: why, Alive: alive, Signals: s.signals}
}
