package guard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Times of the supervisions here.
const (
	silence = 2 * time.Minute
	timeout = 30 * time.Minute
	grace   = 10 * time.Second
)

var errNetwork = errors.New("no route to host")

// fakeLink is a run. beat answers the heartbeats; nil takes every one.
type fakeLink struct {
	mu    sync.Mutex
	beat  func(ctx context.Context, n int) Pulse
	look  time.Duration // how long the look after a heartbeat that was taken lasts
	sent  []time.Time   // of every heartbeat
	taken time.Time     // when the last acknowledged one was sent
}

func (l *fakeLink) Beat(ctx context.Context, taken func()) Pulse {
	l.mu.Lock()
	now := time.Now()
	l.sent = append(l.sent, now)
	n, beat := len(l.sent), l.beat
	l.mu.Unlock()
	pulse := Pulse{Acknowledged: true, Wanted: true}
	if beat != nil {
		pulse = beat(ctx, n)
	}
	if pulse.Acknowledged {
		l.mu.Lock()
		l.taken = now
		l.mu.Unlock()
		taken()
		select {
		case <-time.After(l.look):
		case <-ctx.Done():
		}
	}
	return pulse
}

// cutAfter takes so many heartbeats, and then the network swallows everything.
func cutAfter(n int) func(context.Context, int) Pulse {
	return func(ctx context.Context, i int) Pulse {
		if i <= n {
			return Pulse{Acknowledged: true, Wanted: true}
		}
		<-ctx.Done()
		return Pulse{Trouble: errNetwork}
	}
}

// fakeProcess is a command and one child of it.
type fakeProcess struct {
	works time.Duration // how long it works by itself; 0 is for ever
	code  int
	// A deaf one only dies of SIGKILL; a slow one takes so long after another signal.
	deaf bool
	slow time.Duration
	// A deaf child only dies of SIGKILL, any other with the command; an immortal one not even of that.
	childDeaf, immortal bool
	broken              error // of Start
	patient             bool  // its owner gives it an hour of grace

	mu         sync.Mutex
	done       chan struct{}
	ended      bool
	childAlive bool
	started    time.Time
	dead       time.Time // when nothing of it was alive any more
	signals    []os.Signal
	killed     bool
	allowed    time.Time
	letGo      time.Time // when the watchdog was told that nothing is left
}

func (p *fakeProcess) Start(mayRun func() error) error {
	if p.broken != nil {
		return p.broken
	}
	if err := mayRun(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.started, p.childAlive = make(chan struct{}), time.Now(), true
	if p.works > 0 {
		time.AfterFunc(p.works, func() { p.end(false) })
	}
	return nil
}

// end is the end of the command itself.
func (p *fakeProcess) end(killed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.ended = true
		close(p.done)
	}
	if !p.immortal && (killed || !p.childDeaf) {
		p.childAlive = false
	}
	if !p.childAlive && p.dead.IsZero() {
		p.dead = time.Now()
	}
}

func (p *fakeProcess) Done() <-chan struct{} { return p.done }
func (p *fakeProcess) Succeeded() bool       { return p.code == 0 }
func (p *fakeProcess) Ended() string         { return fmt.Sprintf("exit code %d", p.code) }

func (p *fakeProcess) Signal(sig os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signals = append(p.signals, sig)
	if !p.deaf {
		time.AfterFunc(p.slow, func() { p.end(false) })
	}
}

func (p *fakeProcess) Kill() {
	p.mu.Lock()
	p.killed = true
	p.mu.Unlock()
	p.end(true)
}

func (p *fakeProcess) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.started.IsZero() && (!p.ended || p.childAlive)
}

func (p *fakeProcess) Allow(left time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = time.Now().Add(left)
}

func (p *fakeProcess) LetGo() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letGo = time.Now()
}

// scene is one supervision.
type scene struct {
	// granted is how long before the supervision the change was surely not granted yet; look is how long its looks last.
	granted, look time.Duration
	asleep        atomic.Int64 // how far the wall clock is ahead, as after a suspension; in nanoseconds
	link          *fakeLink
	process       *fakeProcess
	signals       chan os.Signal
	said          []string
	ending        Ending
	began         time.Time
}

// play runs a supervision in a time of its own; during, which may be nil, runs beside it.
func play(t *testing.T, process *fakeProcess, beat func(context.Context, int) Pulse, during func(*scene)) *scene {
	t.Helper()
	return (&scene{}).play(t, process, beat, during)
}

func (s *scene) play(t *testing.T, process *fakeProcess, beat func(context.Context, int) Pulse, during func(*scene)) *scene {
	t.Helper()
	s.link, s.process = &fakeLink{beat: beat, look: s.look}, process
	grace := grace
	if process.patient {
		grace = time.Hour
	}
	synctest.Test(t, func(t *testing.T) {
		s.began, s.signals = time.Now(), make(chan os.Signal, 8)
		if during != nil {
			go during(s)
		}
		s.ending = Supervise(Options{
			Link: s.link, Process: process, Signals: s.signals, Silence: silence, Timeout: timeout, Grace: grace,
			Say: func(text string) { s.said = append(s.said, text) }, Pulsed: func(Pulse) {},
			Began: s.began.Add(-s.granted), wall: func() time.Time { return time.Now().Add(time.Duration(s.asleep.Load())) },
		})
		assert.Equal(t, s.ending.Alive, process.letGo.IsZero(), "the watchdog goes on only for what could not be killed")
		lives := s.ending.Ran && s.ending.Result == contract.ChangeFailed && process.Alive()
		assert.Equal(t, process.immortal, lives, "nothing that can die lives on when a failure is reported")
		assert.Less(t, time.Since(s.began), timeout)
	})
	return s
}

// after waits, in the supervision's own time, and sends a signal.
func (s *scene) after(wait time.Duration, sig syscall.Signal) {
	time.Sleep(wait)
	s.signals <- sig
}
