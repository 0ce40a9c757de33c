package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Link is the run that granted the change.
type Link interface {
	// Beat sends one heartbeat and looks at the run. It calls taken as soon as Temporal has taken the heartbeat, before the
	// look, which may last no longer than LookFor. It ends soon after its context.
	Beat(ctx context.Context, taken func()) Pulse
}

// Pulse is what one heartbeat brought back.
type Pulse struct {
	// Acknowledged is true when Temporal has taken the heartbeat: the run will count it, whenever a worker is there.
	Acknowledged bool
	// Wanted is true when the run was seen to wait for this runner after that.
	Wanted bool
	// Likely is true when the run itself could not be asked, but all that Temporal knows of it says that it waits, and that
	// it decides nothing in this moment: whatever it decides later, it has counted the heartbeat before.
	Likely bool
	// Unwanted says why the run no longer waits for this runner; empty while it may.
	Unwanted string
	// Trouble is what could not be sent or found out.
	Trouble error
}

// Process is the command and everything it starts.
type Process interface {
	// Start runs it, if it may still be run when everything is ready. An error means that nothing was run, unless it is
	// ErrMayHaveRun.
	Start(mayRun func() error) error
	// Done is closed when the command itself has ended; Succeeded and Ended then say how.
	Done() <-chan struct{}
	Succeeded() bool
	Ended() string
	// Signal and Kill reach the command and what it started.
	Signal(sig os.Signal)
	Kill()
	// Alive says whether any of it still runs.
	Alive() bool
	// Allow is how much longer it may run from now on. It is told after every acknowledged heartbeat, for a watchdog that
	// acts where this process no longer can.
	Allow(left time.Duration)
	// LetGo tells that watchdog that nothing is left for it to kill.
	LetGo()
}

// ErrMayHaveRun is a start of which nobody can tell whether the command ran for a moment before it was killed.
var ErrMayHaveRun = errors.New("nobody knows whether the command ran before it was killed")

// Options are one supervision.
type Options struct {
	Link    Link
	Process Process
	// Signals are those that this process gets: they are passed on.
	Signals <-chan os.Signal
	// Silence is how long the run lets its runner be silent (update.heartbeat_timeout), Timeout how long the change may
	// take (update.timeout).
	Silence, Timeout time.Duration
	// Began is a moment at which the change was not granted yet: its time is counted from there. Zero is now.
	Began time.Time
	// Grace is how long a command that was told to stop may take before it is killed.
	Grace time.Duration
	// Say tells a person what happens to the command. Pulsed is called after every heartbeat. Both are called by the
	// goroutine that supervises; neither may be nil.
	Say    func(text string)
	Pulsed func(Pulse)

	// wall is the wall clock; nil is the system's.
	wall func() time.Time
}

// Ending is how it went.
type Ending struct {
	// Ran is true when the command was started.
	Ran bool
	// Result is the word for the run; Detail says in words what happened.
	Result contract.ChangeResult
	Detail string
	// Heard is true when Temporal has taken a heartbeat of this supervision.
	Heard bool
	// Alive is true when some of what the command started could not be killed.
	Alive bool
	// Signals is how many signals came.
	Signals int
}

const (
	// longestPace keeps the news that a runner must stop from being old, however long it may be silent.
	longestPace = 30 * time.Second
	// shortestTry is how long one heartbeat may take at least, however short the silence.
	shortestTry = 3 * time.Second
	// shortestLook is how long a look may take at least: a busy worker needs a moment.
	shortestLook = 500 * time.Millisecond
	// unwantedGrace is how long a command may take to stop once the run no longer waits for it: the checks of the run
	// may have begun, and a restore may follow them.
	unwantedGrace = 5 * time.Second
	// lookEvery is how often a group that must die is looked at.
	lookEvery = 50 * time.Millisecond
	// wakeEvery is how often the clocks are compared: a machine that was suspended has timers that know nothing of it.
	wakeEvery = time.Second
	// killAgain is the pause before what is still alive is killed once more: it may have forked in between.
	killAgain = time.Second
	// unkillable is how long after the first SIGKILL a group is waited for. What lives on then waits for a device.
	unkillable = 10 * time.Second
	// longestReserve is kept back from the time of a change, to stop the command and to report.
	longestReserve = 30 * time.Second
)

// Pace is the time between two heartbeats for a silence.
func Pace(silence time.Duration) time.Duration { return min(silence/4, longestPace) }

// TryFor is how long one heartbeat may take: a connection that swallows everything must leave time for another one.
func TryFor(silence time.Duration) time.Duration { return max(Pace(silence), shortestTry) }

// LookFor is how long the look after a heartbeat may take: the next heartbeat must not wait for it.
func LookFor(silence time.Duration) time.Duration { return max(Pace(silence)/2, shortestLook) }

// Shares of the silence since the last acknowledged heartbeat. At stopShare the command is told to stop, at killShare it
// is killed, and at lastShare the watchdog kills it: with the rest to die in, all is dead before the run gives it up.
const (
	stopShare = 0.80
	killShare = 0.90
	lastShare = 0.95
)

func share(of time.Duration, part float64) time.Duration {
	return time.Duration(float64(of) * part)
}

// reserve is what is kept back of the time of a change: a tenth of it, at most a minute, in two halves to stop and to kill.
func reserve(timeout time.Duration) time.Duration { return min(timeout/20, longestReserve) }

// Supervise confirms the grant, runs the command and returns when nothing of it is left that could write. The watchdog
// is then let go, but for what could not be killed: what a good command left running is its own business, and the number
// of a group that is dead may soon be somebody else's.
func Supervise(o Options) Ending {
	s := newSupervisor(o)
	defer s.cancel()
	ending := s.supervise()
	if !ending.Alive {
		o.Process.LetGo()
	}
	return ending
}

func (s *supervisor) supervise() Ending {
	if ended, ok := s.confirm(); !ok {
		return ended
	}
	if s.timeLeft() <= 0 {
		return s.notRun(fmt.Sprintf("the command was not run: the time for the change (update.timeout, %s) is nearly over", s.Timeout))
	}
	s.Process.Allow(s.left(lastShare))
	if err := s.Process.Start(s.mayRun); errors.Is(err, ErrMayHaveRun) {
		return Ending{Ran: true, Result: contract.ChangeFailed, Detail: err.Error(), Signals: s.signals}
	} else if err != nil {
		return s.notRun("the command could not be started, nothing was run: " + err.Error())
	}
	return s.attend()
}

// mayRun says why the command must not be run any more. A machine may be suspended between the last look at the run and the
// first instruction of the command, for hours.
func (s *supervisor) mayRun() error {
	if s.left(stopShare) <= 0 {
		return errors.New("the last heartbeat was confirmed too long ago, so the run may have given this runner up")
	}
	return nil
}

// KeepBeating heartbeats until the context ends: while a report is on its way, the run must not take its runner for dead.
func KeepBeating(ctx context.Context, link Link, silence time.Duration) {
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, TryFor(silence))
		link.Beat(try, func() {})
		cancel()
		select {
		case <-ctx.Done():
		case <-time.After(Pace(silence)):
		}
	}
}
