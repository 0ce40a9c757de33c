package activities

import (
	"context"
	"io"
	stdlog "log"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

const (
	testServer = int64(7)
	// testRun is the run id that the test environment gives to a workflow.
	testRun  = "default-test-run-id"
	testName = "pre-update-web01-20260101-abcdef"
)

// fakeAPI answers from its fields and remembers what was written. A nil error function means success.
type fakeAPI struct {
	mu     sync.Mutex
	writes []string

	snapshots []vpsorg.Snapshot
	server    vpsorg.Server
	servers   []vpsorg.Server // the account's; nil means server alone
	readErr   error
	writeErr  error
	restore   vpsorg.Restore
	made      vpsorg.Snapshot
	me        func() error
	list      func() ([]vpsorg.Snapshot, error)
	deadline  time.Time // of the last write

	backups     []vpsorg.Backup
	madeBackup  vpsorg.Backup
	listBackups func() ([]vpsorg.Backup, error)
	now         time.Time // the API's clock
}

func (f *fakeAPI) wrote(ctx context.Context, what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes = append(f.writes, what)
	f.deadline, _ = ctx.Deadline()
	return f.writeErr
}

func (f *fakeAPI) sent() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.writes...)
}

func (f *fakeAPI) Me(context.Context) (vpsorg.Account, error) {
	if f.me != nil {
		return vpsorg.Account{TokenName: "ci"}, f.me()
	}
	return vpsorg.Account{TokenName: "ci"}, f.readErr
}

func (f *fakeAPI) GetServer(context.Context, int64) (vpsorg.Server, error) {
	return f.server, f.readErr
}

func (f *fakeAPI) ListServers(context.Context, vpsorg.ListServersOpts) ([]vpsorg.Server, error) {
	if f.servers != nil {
		return f.servers, f.readErr
	}
	return []vpsorg.Server{f.server}, f.readErr
}

func (f *fakeAPI) ListSnapshots(context.Context, vpsorg.ListSnapshotsOpts) ([]vpsorg.Snapshot, error) {
	if f.list != nil {
		return f.list()
	}
	return f.snapshots, f.readErr
}

func (f *fakeAPI) StartServer(ctx context.Context, _ int64) error { return f.wrote(ctx, "start") }
func (f *fakeAPI) StopServer(ctx context.Context, _ int64) error  { return f.wrote(ctx, "stop") }

func (f *fakeAPI) CreateSnapshot(ctx context.Context, o vpsorg.CreateSnapshotOpts) (vpsorg.Snapshot, error) {
	return f.made, f.wrote(ctx, "create "+o.Name)
}

func (f *fakeAPI) RestoreSnapshot(ctx context.Context, _ int64) (vpsorg.Restore, error) {
	return f.restore, f.wrote(ctx, "restore")
}

func (f *fakeAPI) DeleteSnapshot(ctx context.Context, _ int64) error { return f.wrote(ctx, "delete") }

func (f *fakeAPI) ListBackups(context.Context, vpsorg.ListBackupsOpts) ([]vpsorg.Backup, error) {
	if f.listBackups != nil {
		return f.listBackups()
	}
	return f.backups, f.readErr
}

func (f *fakeAPI) CreateBackup(ctx context.Context, o vpsorg.CreateBackupOpts) (vpsorg.Backup, error) {
	return f.madeBackup, f.wrote(ctx, "back up "+o.Description)
}

// Now is not known while the field is zero.
func (f *fakeAPI) Now() (time.Time, bool) { return f.now, !f.now.IsZero() }

// fakeGate lets everything pass unless told otherwise, and remembers what it was asked.
type fakeGate struct {
	lost     bool
	lockErr  error
	tokenErr error
	asked    []string
	onToken  func()
}

func (g *fakeGate) LockHeld(_ context.Context, workflowID, runID string) (bool, error) {
	g.asked = append(g.asked, "lock "+workflowID+" "+runID)
	return !g.lost, g.lockErr
}

func (g *fakeGate) AttemptValid(context.Context, []byte) error {
	g.asked = append(g.asked, "attempt")
	if g.onToken != nil {
		g.onToken()
	}
	return g.tokenErr
}

// scriptFeed delivers its looks one by one and repeats the last one for ever.
type scriptFeed[T any] struct {
	mu     sync.Mutex
	looks  []Look[T]
	closed bool
	onNext func(n int)
	n      int
}

func (f *scriptFeed[T]) Next(ctx context.Context) (Look[T], error) {
	f.mu.Lock()
	f.n++
	n, onNext := f.n, f.onNext
	f.mu.Unlock()
	if onNext != nil {
		onNext(n)
	}
	pace := time.NewTimer(time.Millisecond) // a poll interval: time must pass between two looks
	defer pace.Stop()
	select {
	case <-ctx.Done():
		return Look[T]{}, ctx.Err()
	case <-pace.C:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.looks) == 0 { // a poller that never answers
		<-ctx.Done()
		return Look[T]{}, ctx.Err()
	}
	return f.looks[min(n, len(f.looks))-1], nil
}

func (f *scriptFeed[T]) Close() { f.closed = true }

type scriptWatch struct {
	snapshots scriptFeed[[]contract.Snapshot]
	server    scriptFeed[contract.Server]
}

func (w *scriptWatch) Snapshots(int64) Feed[[]contract.Snapshot] { return &w.snapshots }
func (w *scriptWatch) Server(int64) Feed[contract.Server]        { return &w.server }

// localEgress allows the test servers of this machine, in whichever spelling.
func localEgress() *egress.Policy {
	policy, err := egress.New(egress.Options{URLs: []string{"*", "127.0.0.1", "::1"}})
	if err != nil {
		panic(err)
	}
	return policy
}

const (
	// waitedOut is the firstLook of a wait that nobody ever answers well: it is waited for in full.
	waitedOut = 100 * time.Millisecond
	// waitedOutAfterALook is the same where one look must have come before, however busy the machine is.
	waitedOutAfterALook = 2 * time.Second
)

// newActivities makes activities that go fast and are allowed everything. A wait whose time is over still has long for
// its last looks, which end it at once: a test in which they never come sets firstLook itself.
func newActivities(api API) (*Activities, *fakeGate) {
	gate := &fakeGate{}
	a := New(Options{API: api, Gate: gate, Egress: localEgress(), Settle: 20 * time.Millisecond, PollInterval: 5 * time.Millisecond})
	a.pace.heartbeat = 5 * time.Millisecond
	a.pace.firstLook = 10 * time.Second
	a.pace.retry = time.Millisecond
	a.pace.recheck = 5 * time.Millisecond
	a.pace.webhookStop = 20 * time.Millisecond
	return a, gate
}

// newEnv makes an environment that runs activities as a workflow's, with a logger that says nothing.
func newEnv(t *testing.T, a *Activities) *testsuite.TestActivityEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	env := suite.NewTestActivityEnvironment()
	env.SetExecuteActivitiesInWorkflow(true)
	Register(env, a)
	RegisterWaits(env, a)
	return env
}

// run executes an activity by its contract name and decodes its result.
func runAs[R any](t *testing.T, env *testsuite.TestActivityEnvironment, fn any, in any) (R, error) {
	t.Helper()
	var result R
	value, err := env.ExecuteActivity(fn, in)
	if err != nil {
		return result, err
	}
	require.NoError(t, value.Get(&result))
	return result, nil
}

func execute[R any](t *testing.T, a *Activities, fn any, in any) (R, error) {
	t.Helper()
	return runAs[R](t, newEnv(t, a), fn, in)
}

// fenced is the fence of a write that may be sent.
func fenced() contract.Fence {
	return contract.Fence{OriginalRunID: testRun, LockWorkflowID: contract.LockWorkflowID(testServer), LockRunID: "lock-run"}
}

// description is what a snapshot of the run says.
func description(run, policy string) string {
	return contract.Marker{RunID: run, Policy: policy}.Describe("by test")
}

// quietLog keeps expected handshake errors out of the test output.
func quietLog() *stdlog.Logger { return stdlog.New(io.Discard, "", 0) }
