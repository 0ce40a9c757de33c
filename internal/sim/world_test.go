package sim

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/temporalfake"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	// boundOfWorld is when a world that has not come to rest counts as hung: above every time-out of its runs together.
	boundOfWorld = 6 * time.Hour
	lookEvery    = 20 * time.Second
)

// world is a plan under way. It must run in a bubble of testing/synctest.
type world struct {
	plan     plan
	t        *testing.T
	fake     *vpsfake.Fake
	sites    *sites
	temporal *temporalfake.Service
	logger   log.Logger
	people   client.Client // of those who start, decide and cancel
	began    time.Time
	// background are goroutines that must end before the world does; over ends when it has come to rest.
	background sync.WaitGroup
	over       context.Context

	mu         sync.Mutex
	processes  map[int]*process
	generation int
	requests   map[vpsfake.Op]int
	paths      map[string]int
	dials      int
	starts     map[string]int        // of activities
	attempts   map[string][]*process // under way, by activity
	waiting    []*incidentPlan       // for their event
	phases     map[string]int
	phaseOf    map[string]workflows.Phase // by workflow id
	entries    []entry
	apiDown    map[int]chan struct{} // by slot; closed when it is back
	closings   map[string]closing    // by run id
	holds      map[int]int           // by run
	notes      []note
	saw        coverage
	doubled    bool // two attempts of one activity ran at the same time
	due        int  // incidents that are on their way
	troubles   []string
}

// closing is what a server was like in the moment when a run closed.
type closing struct{ server vpsfake.ServerState }

// entry is a run's coming into a phase.
type entry struct {
	at         time.Time
	workflowID string
	phase      workflows.Phase
}

// note is one line of the timeline.
type note struct {
	at   time.Time
	text string
}

func newWorld(t *testing.T, p plan) *world {
	w := &world{
		plan: p, t: t, logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)), began: time.Now(),
		processes: map[int]*process{}, requests: map[vpsfake.Op]int{}, paths: map[string]int{}, starts: map[string]int{}, attempts: map[string][]*process{},
		phases: map[string]int{}, phaseOf: map[string]workflows.Phase{}, apiDown: map[int]chan struct{}{}, closings: map[string]closing{},
		holds: map[int]int{}, saw: coverage{},
	}
	w.fake = vpsfake.New(vpsfake.Options{
		Token: token, Settle: settle, SnapshotTime: time.Duration(p.SnapshotTime), RestoreTime: time.Duration(p.RestoreTime), PowerTime: 7 * time.Second,
	})
	w.seedServers()
	w.sites = newSites(w)
	w.temporal = temporalfake.New(temporalfake.Options{
		Delay:    func(what string) time.Duration { return w.lag(what, time.Millisecond, 30*time.Millisecond) },
		RunID:    func(n int) string { return runID(p.Seed, n) },
		Recorded: w.recorded,
	})
	return w
}

// runID has the shape of Temporal's own.
func runID(seed uint64, n int) string {
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", uint32(seed), uint16(seed>>32), n)
}

// lag is how long a step takes: the same whenever the world is run again, and hardly ever the same for two steps.
func (w *world) lag(what string, from, to time.Duration) time.Duration {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d/%s", w.plan.Seed, what) // a hash takes everything
	return from + time.Duration(h.Sum64()%uint64(to-from))
}

func (w *world) must(err error) {
	if err != nil {
		w.trouble("the world cannot be set up: %v", err)
	}
}

func (w *world) trouble(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.troubles = append(w.troubles, fmt.Sprintf(format, args...))
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, note{time.Now(), fmt.Sprintf(format, args...)})
}

func noAddresses() ([]netip.Addr, error) { return nil, nil }

// wait lets time pass for a process.
func (w *world) wait(ctx context.Context, p *process, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.life.Done():
		return errConnection
	}
}

// throughAPI holds a process up for as long as it cannot reach the API. What was on its way is then lost.
func (w *world) throughAPI(ctx context.Context, p *process) error {
	w.mu.Lock()
	back := w.apiDown[p.slot]
	w.mu.Unlock()
	if back == nil {
		return nil
	}
	select {
	case <-back:
		return errConnection
	case <-ctx.Done():
		return ctx.Err()
	case <-p.life.Done():
		return errConnection
	}
}

func (w *world) countRequest(op vpsfake.Op) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests[op]++
	return w.requests[op]
}

func (w *world) countPath(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paths[path]++
	return w.paths[path]
}

func (w *world) countDial() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials++
	return w.dials
}

// attempt notes that an attempt of an activity begins; leave that it has ended.
func (w *world) attempt(p *process, info activity.Info) (n int, leave func()) {
	key := info.WorkflowExecution.RunID + "/" + info.ActivityID
	w.mu.Lock()
	defer w.mu.Unlock()
	w.starts[info.ActivityType.Name]++
	for _, other := range w.attempts[key] {
		if !other.dead() { // what a dead process does is nobody's attempt any more
			w.saw.count("two attempts at once", info.ActivityType.Name)
			w.doubled = true
			break
		}
	}
	w.attempts[key] = append(w.attempts[key], p)
	return w.starts[info.ActivityType.Name], func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		n := slices.Index(w.attempts[key], p)
		w.attempts[key] = slices.Delete(w.attempts[key], n, n+1)
	}
}

// recorded sees every event of every history. It runs inside Temporal and must not ask it anything.
func (w *world) recorded(run temporalfake.Run, ev *historypb.HistoryEvent) {
	switch ev.GetEventType() {
	case enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		var phase workflows.Phase
		p := ev.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields()[workflows.SearchAttributePhase]
		if p == nil || converter.GetDefaultDataConverter().FromPayload(p, &phase) != nil {
			return
		}
		w.entered(run.WorkflowID, phase)
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
		enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		w.note("%s (%s) closes: %s", run.WorkflowID, run.Type, ev.GetEventType())
		if id := serverOf(ev, w.plan); id != 0 {
			w.mu.Lock()
			w.closings[run.RunID] = closing{w.fake.Server(id)}
			w.mu.Unlock()
		}
	default: // the timeline is made from the histories
	}
}

// entered notes that a run has reached a phase.
func (w *world) entered(workflowID string, phase workflows.Phase) {
	w.mu.Lock()
	w.phases[string(phase)]++
	n := w.phases[string(phase)]
	w.phaseOf[workflowID] = phase
	w.entries = append(w.entries, entry{time.Now(), workflowID, phase})
	w.mu.Unlock()
	w.note("%s is in %s", workflowID, phase)
	w.background.Go(func() {
		w.happened(onPhase, string(phase), n, nil)
		if phase == workflows.PhaseHold {
			w.askPerson(workflowID)
		}
	})
}

// run lets the world happen, from its begin until it has come to rest.
func (w *world) run() {
	conn := w.temporal.Connect("people")
	var err error
	w.people, err = conn.Client(client.Options{Logger: w.logger, Namespace: "default"})
	w.must(err)
	for slot := range w.plan.Processes {
		w.startProcess(slot)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.over = ctx
	w.arm(ctx)
	for n := range w.plan.Runs {
		w.background.Go(func() { w.start(ctx, n) })
	}
	w.rest()
	w.takeOver(ctx)
	cancel()
	conn.Kill()
	w.fake.Close()
	w.mu.Lock()
	var alive []*process
	for _, p := range w.processes {
		alive = append(alive, p)
	}
	w.mu.Unlock()
	for _, p := range alive {
		p.kill()
	}
	w.background.Wait()
	w.people.Close()
	w.must(w.sites.server.Close())
	w.temporal.Close()
}

// rest waits until every run of the plan and every lock has closed, and everything planned by the clock has happened.
func (w *world) rest() {
	for time.Since(w.began) < boundOfWorld {
		time.Sleep(lookEvery)
		if w.settled() || len(w.temporal.Troubles()) > 2 { // code that does not fit its history is tried for ever
			return
		}
	}
}

func (w *world) settled() bool {
	if time.Since(w.began) < 2*time.Minute {
		return false // not everything has begun
	}
	w.mu.Lock()
	due := w.due
	w.mu.Unlock()
	if due > 0 {
		return false
	}
	for n := range w.plan.Runs {
		if _, ok := w.temporal.Latest(w.plan.workflowID(n)); !ok {
			return false
		}
	}
	for _, r := range w.temporal.Runs() {
		if r.Open() && !w.stale(r) {
			return false
		}
	}
	return true
}

// staleAfter is when a lock whose holder is gone has had the time to notice it by itself.
const staleAfter = 10 * time.Minute

// stale says whether a run is a lock without a holder. A reset leaves one behind when the new run ends before it has the
// lock: nobody tells the lock, and the next runbook takes it (law 7).
func (w *world) stale(r temporalfake.Run) bool {
	holder, ok := w.temporal.Latest(r.ParentID)
	return r.Type == workflows.TypeServerLock && ok && !holder.Open() && time.Since(holder.Closed) > staleAfter && w.plan.has(doReset)
}

// takeOver lets another runbook take every lock that was left behind.
func (w *world) takeOver(ctx context.Context) {
	for _, r := range w.temporal.Runs() {
		if !r.Open() || !w.stale(r) {
			continue
		}
		var server int64
		if _, err := fmt.Sscanf(r.WorkflowID, "server-lock/%d", &server); err != nil {
			w.trouble("a lock is called %q", r.WorkflowID)
			continue
		}
		w.saw.count("stale locks taken at the end", "")
		w.startRaw(ctx, fmt.Sprintf("next-%d", server), workflows.TypeSnapshotRotation, object{
			"servers": []int64{server}, "create": false, "policy": object{"keep_last": 5}, "lock": object{"on_busy": "wait", "timeout": "30m"},
		})
	}
	w.rest()
}

// seedServers puts the servers and their snapshots into the API.
func (w *world) seedServers() {
	day := time.Now().Add(-30 * 24 * time.Hour)
	for _, s := range w.plan.Servers {
		w.fake.AddServer(vpsfake.ServerSpec{ID: s.ID, Version: oldVersion, Name: fmt.Sprintf("web-%d", s.ID)})
		add := func(name, description string, n int) {
			w.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: s.ID, Name: name, Description: description, CreatedAt: day.Add(time.Duration(n) * 24 * time.Hour), Version: "0.9.0"})
		}
		for n := range s.ByHand {
			add(fmt.Sprintf("by-hand-%d", n), "before the move", n)
		}
		if s.Protected {
			add("kept", contract.Marker{RunID: "earlier", Policy: contract.PolicyRotation, Protected: true}.Describe(""), 2)
		}
		for n := range s.Rotations {
			add(fmt.Sprintf("rotation-%d-old-%d", s.ID, n), contract.Marker{RunID: fmt.Sprintf("rotation-%d", n), Policy: contract.PolicyRotation}.Describe(""), 3+n)
		}
		for n := range s.Updates {
			add(fmt.Sprintf("pre-update-%d-old-%d", s.ID, n), contract.Marker{RunID: fmt.Sprintf("update-%d", n), Policy: contract.PolicyUpdate}.Describe(""), 8+n)
		}
	}
}

// gone says that an error only means the end of the world.
func gone(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, context.Canceled)
}
