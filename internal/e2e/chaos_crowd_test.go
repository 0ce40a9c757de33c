package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/workflows"
)

// callWithin bounds one call of a Temporal server that may be dead.
const callWithin = 5 * time.Second

// member is one run that the crowd started.
type member struct {
	id, kind string
	servers  []int64
	open     bool
	left     bool // its runner is gone; it may never have started the run
}

// crowd keeps many runs under way at a time, cancels some, and decides for those that ask a person.
type crowd struct {
	*world
	dice    *dice
	bracket string // the README's deploy job

	mu       sync.Mutex // guards what follows
	members  []*member
	decided  map[workflows.Decision]int
	versions map[int64]string // of every snapshot that there ever was, by its id
	problems []error
	stopping bool

	all  sync.WaitGroup
	quit chan struct{}
}

func newCrowd(w *world) *crowd {
	c := &crowd{world: w, dice: newDice(w.size.seed, 2), bracket: theBracket(w.t), decided: map[workflows.Decision]int{}, versions: map[int64]string{}, quit: make(chan struct{})}
	w.t.Cleanup(func() {
		c.stopStarting()
		close(c.quit)
		c.all.Wait()
	})
	return c
}

// work starts the crowd's own goroutines.
func (c *crowd) work() {
	c.all.Go(c.startRuns)
	c.all.Go(func() { c.every(time.Second, c.decideForAll) })
	c.all.Go(func() { c.every(time.Second, c.lookAtSnapshots) })
	c.all.Go(func() { c.every(time.Second, c.lookAtMembers) })
}

// every calls what until the test is over.
func (c *crowd) every(pause time.Duration, what func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-c.quit:
			return
		case <-tick.C:
			what()
		}
	}
}

// stopStarting lets what runs run to its end.
func (c *crowd) stopStarting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
}

// startRuns starts run after run: every kind once, then any.
func (c *crowd) startRuns() {
	order := newDice(c.size.seed, 3)
	for n := 0; ; {
		select {
		case <-c.quit:
			return
		case <-time.After(c.dice.between(200*time.Millisecond, 900*time.Millisecond)):
		}
		c.mu.Lock()
		over := c.stopping && n >= len(kinds)
		c.mu.Unlock()
		if over {
			return
		}
		k := kinds[n%len(kinds)]
		if n >= len(kinds) {
			k = pick(order, kinds...)
		}
		m := c.join(n, k)
		if m == nil {
			continue // enough are under way
		}
		n++
		c.startOne(m, k)
	}
}

// join gives a run its servers, unless there are enough under way. Servers that are in use are as good as others: that
// is what locks are for.
func (c *crowd) join(n int, k kind) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	open, queue := 0, map[int64]int{}
	for _, m := range c.members {
		if m.open {
			open++
			for _, s := range m.servers {
				queue[s]++
			}
		}
	}
	free := slices.DeleteFunc(slices.Clone(c.servers), func(s int64) bool { return queue[s] >= c.size.queue })
	if open >= c.size.together || len(free) < k.servers {
		return nil
	}
	m := &member{id: fmt.Sprintf("chaos-%d", n), kind: k.name, open: true}
	for range k.servers {
		i := c.dice.below(len(free))
		m.servers = append(m.servers, free[i])
		free = slices.Delete(free, i, i+1)
	}
	c.members = append(c.members, m)
	return m
}

// startOne starts a run, and cancels one in eight at a random moment.
func (c *crowd) startOne(m *member, k kind) {
	cancelAfter := c.dice.between(0, 20*time.Second)
	canceled := c.dice.oneIn(8)
	if k.runbook == "" {
		c.all.Go(func() { c.runner(m) })
	} else {
		in := k.input(c.world, c.dice, m.id, m.servers)
		if err := c.insist("start "+m.id, func(ctx context.Context) error {
			_, err := c.temp.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
				ID: m.id, TaskQueue: c.queue, WorkflowExecutionErrorWhenAlreadyStarted: true,
			}, k.runbook, in)
			var already *serviceerror.WorkflowExecutionAlreadyStarted
			if errors.As(err, &already) {
				return nil // the answer of an earlier try was lost
			}
			return err
		}); err != nil {
			return
		}
	}
	if canceled {
		c.all.Go(func() {
			select {
			case <-c.quit:
				return
			case <-time.After(cancelAfter): // the random moment
			}
			_ = c.insist("cancel "+m.id, func(ctx context.Context) error {
				err := c.temp.CancelWorkflow(ctx, m.id, "")
				var gone *serviceerror.NotFound
				if errors.As(err, &gone) {
					return nil // it has ended, or its runner has not come yet
				}
				return err
			})
		})
	}
}

// insist repeats a call of Temporal until it works: the server is down now and then.
func (c *crowd) insist(what string, call func(ctx context.Context) error) error {
	var err error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(context.Background(), callWithin)
		err = call(ctx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-c.quit:
			return errClosed
		case <-time.After(200 * time.Millisecond): // the pause of a bounded poll
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, fmt.Errorf("%s: %w", what, err))
	return err
}

// lookAtMembers notes which runs have ended, so that others take their places.
func (c *crowd) lookAtMembers() {
	c.mu.Lock()
	var open []*member
	for _, m := range c.members {
		if m.open {
			open = append(open, m)
		}
	}
	c.mu.Unlock()
	for _, m := range open {
		ctx, cancel := context.WithTimeout(context.Background(), callWithin)
		d, err := c.temp.DescribeWorkflowExecution(ctx, m.id, "")
		cancel()
		over := err == nil && d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
		var never *serviceerror.NotFound
		c.mu.Lock()
		if over || (m.left && errors.As(err, &never)) {
			m.open = false
		}
		c.mu.Unlock()
	}
}

// ended waits until no workflow of any kind is open: a lock that stays would close its server for ever.
func (c *crowd) ended(deadline time.Time) {
	c.t.Helper()
	var still []string
	for quiet := 0; quiet < 2; time.Sleep(500 * time.Millisecond) { // the pause of a bounded poll
		starting := slices.ContainsFunc(c.snapshotOfMembers(), func(m member) bool { return m.open })
		open, err := c.list("ExecutionStatus = 'Running'")
		still = still[:0]
		for _, info := range open {
			still = append(still, info.GetType().GetName()+" "+info.GetExecution().GetWorkflowId())
		}
		if err == nil && len(still) == 0 && !starting {
			quiet++
			continue
		}
		quiet = 0
		if time.Now().After(deadline) {
			c.explainOpen(still)
			require.FailNow(c.t, "not everything ended within its bound", "%v %v", still, err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Empty(c.t, c.problems)
}

func (c *crowd) snapshotOfMembers() []member {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]member, 0, len(c.members))
	for _, m := range c.members {
		all = append(all, *m)
	}
	return all
}

// explainOpen says what hangs and what it waits for.
func (c *crowd) explainOpen(still []string) {
	c.t.Helper()
	for _, m := range c.snapshotOfMembers() {
		if m.open {
			s, _ := c.look(m.id) // it may not answer any more
			c.t.Logf("%s %s of %v: phase %s since %s, waits for %s, notes %v", m.kind, m.id, m.servers, s.Phase, s.Since.Format(time.TimeOnly), s.WaitingFor, s.Notes)
		}
	}
	c.t.Logf("open: %v", still)
}
