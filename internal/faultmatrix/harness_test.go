package faultmatrix

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/safepoint-dev/safepoint/activities"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
	"github.com/safepoint-dev/safepoint/internal/probe"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/internal/watch"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	serverID = int64(7)
	// token is what must never be seen anywhere but in a request to the API.
	token      = "vps_THE-TOKEN-STAYS-IN-THE-WORKER"
	oldVersion = "1.0.0"
	newVersion = "2.0.0"
)

// The fake's time in real time: a snapshot takes 120 ms, a restore 200 ms, a power action 13 ms.
const (
	speed          = 1500
	settle         = 150 * time.Millisecond
	pollInterval   = 15 * time.Millisecond
	requestTimeout = time.Second
	// lag is how far answers are behind where they may be: less than VPS_SETTLE.
	lag = 80 * time.Millisecond
)

// bounds of a run that got stuck, on the wall clock: far more than a loaded machine needs.
const stuckAfter = 60 * time.Second

// scenario is one run of SnapshotUpdateVerify, or of the runbook it names, and everything that goes wrong in it.
type scenario struct {
	name string
	// runbook is another one than SnapshotUpdateVerify; whole is its input and before what is on the server by then.
	runbook string
	flow    flow
	whole   func(h *harness, site string) object
	before  func(h *harness)
	// bad is a deploy that breaks the site.
	bad bool
	// stop is stop_server.
	stop bool
	// old is how many snapshots earlier runs of this runbook have left.
	old int
	// incidents go wrong in the order of their moments.
	incidents []incident
	// input changes the runbook's input.
	input func(in object)
	// decisions are what a person answers to the first hold, the second, and so on; none lets the hold run out.
	decisions []decision
	// takes makes actions last long enough to be met under way whatever the machine's load.
	takes actionTimes
	// apiUnreachable is what the prober is told when it asks whether the worker reaches the API.
	apiUnreachable bool
}

// actionTimes are how long the server's actions take, in real time; zero is what the fake makes of it.
type actionTimes struct{ snapshot, restore, power time.Duration }

// object is a JSON object in the making.
type object = map[string]any

// incident happens when an activity starts for the at-th time (the first when zero). Without an activity it happens
// before the run.
type incident struct {
	activity string
	at       int
	fault    vpsfake.Fault
	// happens does something else than setting a fault.
	happens func(h *harness)
}

// decision is what a person decides, once settled says that it is time (at once when nil).
type decision struct {
	decide  workflows.Decision
	settled func(f *vpsfake.Fake) bool
}

// harness is one scenario under way.
type harness struct {
	t    *testing.T
	s    scenario
	fake *vpsfake.Fake
	api  *front
	poll *polls
	env  *testsuite.TestWorkflowEnvironment
	wire *wiretap
	// deaths are the workers that die, see dies.
	deaths *deaths

	mu sync.Mutex
	// starts counts the starts of each activity, retries too.
	starts map[string]int
	// holds are the statuses that a person saw, one for each hold.
	holds []workflows.Status
	// released counts locks that ended as a lock should.
	released int
}

// ended is a finished run.
type ended struct {
	*harness
	report workflows.Report
	err    error
	// failure is the failure class; empty for a committed or canceled run.
	failure  string
	canceled bool
}

// runbook runs a scenario to its end.
func runbook(t *testing.T, s scenario) ended {
	t.Helper()
	h := &harness{t: t, s: s, starts: map[string]int{}, wire: &wiretap{}, deaths: &deaths{}}
	h.fake = vpsfake.New(vpsfake.Options{
		Token: token, Speed: speed, Settle: settle,
		SnapshotTime: speed * s.takes.snapshot, RestoreTime: speed * s.takes.restore, PowerTime: speed * s.takes.power,
	})
	h.fake.AddServer(vpsfake.ServerSpec{ID: serverID, Version: oldVersion})
	h.seed()
	if s.before != nil {
		s.before(h)
	}
	h.api = &front{fake: h.fake}
	server := httptest.NewServer(h.api)
	client, err := vpsorg.New(vpsorg.Options{
		BaseURL: server.URL + "/api/v1", Token: token, RequestTimeout: requestTimeout, RateLimit: 10_000,
	})
	require.NoError(t, err)
	h.poll = &polls{API: client}
	poller := watch.New(h.poll, watch.Options{Interval: pollInterval})
	t.Cleanup(func() { // in this order: nothing may hang on what is gone
		h.fake.Close()
		poller.Close()
		server.Close()
	})
	local, err := egress.New(egress.Options{URLs: []string{"127.0.0.1"}}) // the sites of the stand-in
	require.NoError(t, err)
	h.newEnvironment(activities.New(activities.Options{
		API: client, Watch: activities.NewWatcher(poller), Prober: probe.New(probe.Options{
			APIReachable: func(context.Context) bool { return !s.apiUnreachable },
		}),
		Gate: gate{h.api}, Locks: noLocks{}, Egress: local, Settle: settle, PollInterval: pollInterval,
	}))
	for _, i := range s.incidents {
		if i.activity == "" {
			h.happen(i)
		}
	}
	h.env.ExecuteWorkflow(s.workflow(), rawJSON(t, h.input(server.URL)))
	return h.end()
}

// workflow is the type of the scenario's runbook.
func (s scenario) workflow() string { return cmp.Or(s.runbook, workflows.TypeSnapshotUpdateVerify) }

// seed puts snapshots on the server: one made by hand, which nobody may touch, and those of earlier runs.
func (h *harness) seed() {
	day := time.Now().Add(-30 * 24 * time.Hour)
	h.fake.AddSnapshot(vpsfake.SnapshotSpec{ServerID: serverID, Name: handMade, CreatedAt: day, Version: "0.0.1"})
	for n := range h.s.old {
		marker := contract.Marker{RunID: "earlier-run", Policy: contract.PolicyUpdate}
		h.fake.AddSnapshot(vpsfake.SnapshotSpec{
			ServerID: serverID, Name: oldName(n), Description: marker.Describe(""), CreatedAt: day.Add(time.Duration(n+1) * time.Hour), Version: "0.9.0",
		})
	}
}

// newEnvironment makes the test environment with everything that looks on.
func (h *harness) newEnvironment(a *activities.Activities) {
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(h.wire.logger())
	h.env = suite.NewTestWorkflowEnvironment()
	h.env.SetTestTimeout(stuckAfter)
	h.env.SetDataConverter(tapped{converter.GetDefaultDataConverter(), h.wire})
	h.env.SetWorkerOptions(worker.Options{
		DeadlockDetectionTimeout: stuckAfter,
		Interceptors:             []interceptor.WorkerInterceptor{&between{h: h}},
	})
	workflows.Register(h.env)
	activities.Register(h.env, a)
	activities.RegisterWaits(h.env, a)
	h.env.SetOnActivityStartedListener(h.started)
	h.env.RegisterDelayedCallback(h.person, personLooksEvery)
}

// started makes the incidents of an activity happen before its first request.
func (h *harness) started(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
	h.mu.Lock()
	h.starts[info.ActivityType.Name]++
	now := h.starts[info.ActivityType.Name]
	h.mu.Unlock()
	for _, i := range h.s.incidents {
		if i.activity == info.ActivityType.Name && max(i.at, 1) == now {
			h.happen(i)
		}
	}
}

func (h *harness) happen(i incident) {
	if i.happens != nil {
		i.happens(h)
		return
	}
	h.poll.settle()
	h.fake.SetFault(i.fault)
}

// input is the runbook's input.
func (h *harness) input(base string) object {
	site := base + h.fake.SitePath(serverID)
	hook := site + "hooks/deploy?version=" + newVersion
	if h.s.bad {
		hook += "&healthy=false"
	}
	in := object{
		"server_id": serverID,
		"reason":    "deploy " + newVersion,
		"snapshot":  object{"stop_server": h.s.stop, "ready_timeout": "2m"},
		"update":    object{"kind": "webhook", "url": hook, "timeout": h.s.hookTimeout()},
		"verify": object{
			"initial_delay": "0s", "interval": "100ms", "timeout": "1m", "successes": 2, "failures": 2,
			"checks": []object{{"name": "home", "kind": "http", "url": site + "healthz"}},
		},
		"rollback":  object{"restore_timeout": "2m"},
		"retention": object{"keep_last": 2},
	}
	if h.s.whole != nil {
		in = h.s.whole(h, site)
	}
	if h.s.input != nil {
		h.s.input(in)
	}
	return in
}

// hookTimeout is waited out in full when the hook hangs; otherwise it is longer than the slowest machine needs.
func (s scenario) hookTimeout() string {
	for _, i := range s.incidents {
		if i.fault.Kind == vpsfake.Hang && i.fault.Op == vpsfake.OpDeployHook {
			return "2s"
		}
	}
	return "30s"
}

func rawJSON(t *testing.T, in object) converter.RawValue {
	t.Helper()
	data, err := json.Marshal(in)
	require.NoError(t, err)
	return converter.NewRawValue(&commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: data})
}

// end reads how the run ended. Every end carries a report.
func (h *harness) end() ended {
	h.t.Helper()
	require.True(h.t, h.env.IsWorkflowCompleted())
	e := ended{harness: h, err: h.env.GetWorkflowError()}
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	switch {
	case e.err == nil:
		require.NoError(h.t, h.env.GetWorkflowResult(&e.report))
	case errors.As(e.err, &app):
		require.NoError(h.t, app.Details(&e.report), "%v", e.err)
		require.True(h.t, app.NonRetryable(), "a retry policy of the caller must change nothing")
		e.failure = app.Type()
	case errors.As(e.err, &canceled):
		require.NoError(h.t, canceled.Details(&e.report))
		e.canceled = true
	default:
		require.FailNow(h.t, "the run ended with an error that carries no report", "%v", e.err)
	}
	return e
}
