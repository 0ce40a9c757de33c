package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// Pauses of the mischief. A worker needs about a second to be at work again: shorter pauses would only kill workers that
// have nothing in their hands.
const (
	pauseLeast  = 300 * time.Millisecond
	aimFor      = 2 * time.Second // how long the next write is waited for, to kill its sender
	deadMost    = 6 * time.Second // how long a killed worker stays dead, unless it comes back at once
	outageMost  = 6 * time.Second
	longOutage  = time.Minute // once, in a run of the full size
	clockOffFor = 5 * time.Second
)

// mischief counts what was done.
type mischief struct {
	kills, bothDead, aimed, restarts, outages, freezes, clockJumps int
}

// String is the test's figures.
func (m mischief) String() string {
	return fmt.Sprintf("%d kill -9 of workers (%d with a write on its way, %d with no worker left), %d of the Temporal server, "+
		"%d outages of the API, %d freezes of it, %d jumps of its clock", m.kills, m.aimed, m.bothDead, m.restarts, m.outages, m.freezes, m.clockJumps)
}

// act is one thing that goes wrong.
type act string

const (
	actKill    act = "kill a worker"
	actRestart act = "kill Temporal"
	actOutage  act = "shut the API off"
	actFreeze  act = "freeze the API"
	actClock   act = "change the API's clock"
)

// plan is the order of everything that goes wrong. The restarts are spread: between two of them runs must get somewhere.
func (z chaosSize) plan(d *dice) []act {
	var acts []act
	for i := range z.kills {
		acts = append(acts, actKill)
		if i%8 == 3 {
			acts = append(acts, pick(d, actOutage, actFreeze, actClock))
		}
	}
	acts = append(acts, actOutage, actFreeze, actClock)
	for i := len(acts) - 1; i > 0; i-- {
		j := d.below(i + 1)
		acts[i], acts[j] = acts[j], acts[i]
	}
	var spread []act
	for i, a := range acts {
		spread = append(spread, a)
		if done := (i + 1) * z.restarts / len(acts); done > i*z.restarts/len(acts) {
			spread = append(spread, actRestart)
		}
	}
	return spread
}

// doMischief goes through the plan. It returns with everything up again.
func (w *world) doMischief() (m mischief, err error) {
	d := newDice(w.size.seed, 1)
	var comingBack sync.WaitGroup
	defer comingBack.Wait()
	for _, a := range w.size.plan(d) {
		time.Sleep(d.between(pauseLeast, w.size.pauseMost)) // the random moment
		switch a {
		case actKill:
			w.killSomebody(d, &m, &comingBack)
		case actRestart:
			m.restarts++
			err = w.restartTemporal(d)
		case actOutage:
			m.outages++
			w.outage(d, &m)
		case actFreeze:
			m.freezes++
			err = w.freezeAPI(d)
		case actClock:
			m.clockJumps++
			err = w.jumpClock(d)
		default: // plan knows no other
			err = fmt.Errorf("%q is not in the plan", a)
		}
		if err != nil {
			return m, fmt.Errorf("%s: %w", a, err)
		}
	}
	return m, nil
}

// killSomebody kills one worker, now and then the other one too, and brings each back at once or after a while. One kill
// in two is aimed at a worker whose write is on its way.
func (w *world) killSomebody(d *dice, m *mischief, comingBack *sync.WaitGroup) {
	victim := w.victim(d, m)
	both := m.kills+2 <= w.size.kills && d.oneIn(7)
	for i, s := range w.workers {
		if (i != victim && !both) || m.kills >= w.size.kills || !s.kill() {
			continue
		}
		m.kills++
		var dead time.Duration
		if d.oneIn(2) {
			dead = d.between(0, deadMost)
		}
		comingBack.Go(func() {
			time.Sleep(dead)
			_ = s.start() // the next kill that finds nobody, or the test's end, tells
		})
	}
	if !w.workers[0].alive() && !w.workers[1].alive() {
		m.bothDead++
	}
}

// victim is a living worker, waited for when there is none.
func (w *world) victim(d *dice, m *mischief) int {
	if d.oneIn(2) {
		select {
		case <-w.gates[0].writes:
			m.aimed++
			return 0
		case <-w.gates[1].writes:
			m.aimed++
			return 1
		case <-time.After(aimFor): // no write came
		}
	}
	i := d.below(len(w.workers))
	for deadline := time.Now().Add(2 * deadMost); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) { // the pause of a bounded poll
		if w.workers[i].alive() {
			return i
		}
		i = (i + 1) % len(w.workers)
	}
	return i
}

// restartTemporal kills the server, which has everything in its file, and starts it again after a while.
func (w *world) restartTemporal(d *dice) error {
	w.temporal.kill()
	time.Sleep(d.between(0, 3*time.Second)) // the outage
	if err := w.temporal.start(); err != nil {
		return err
	}
	return w.temporalIsUp(time.Minute)
}

// outage cuts every connection to the API, of one worker or of both.
func (w *world) outage(d *dice, m *mischief) {
	gates, lasts := w.gates[:], d.between(time.Second, outageMost)
	switch {
	case m.outages == 1 && w.size.full():
		lasts = longOutage
	case d.oneIn(3):
		gates = gates[:1]
	}
	for _, g := range gates {
		g.shut.Store(true)
	}
	time.Sleep(lasts) // the outage
	for _, g := range gates {
		g.shut.Store(false)
	}
}

// freezeAPI stops the stand-in's process: it takes requests and answers none, its sites and deploy hooks too.
func (w *world) freezeAPI(d *dice) error {
	if err := w.fake.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(d.between(freezeMost/4, freezeMost)) // the freeze
	return w.fake.signal(syscall.SIGCONT)
}

// jumpClock puts the API's clock wrong for a while, by up to three hours either way.
func (w *world) jumpClock(d *dice) error {
	off := d.between(-3*time.Hour, 3*time.Hour)
	body, err := json.Marshal(vpsfake.Fault{Kind: vpsfake.ClockOff, Duration: off + 1})
	if err != nil {
		return err
	}
	resp, err := http.Post(w.api+"/fake/faults", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var made struct {
		ID string `json:"id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil {
		return err
	}
	time.Sleep(d.between(time.Second, clockOffFor)) // the clock is wrong
	req, err := http.NewRequest(http.MethodDelete, w.api+"/fake/faults/"+made.ID, nil)
	if err != nil {
		return err
	}
	back, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return back.Body.Close()
}
