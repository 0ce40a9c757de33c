package faultmatrix

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// front stands before the fake and sees every request.
type front struct {
	fake *vpsfake.Fake
	// answers replaces the fake's answer when it returns true; for answers that the fake has no fault for.
	answers func(w http.ResponseWriter, r *http.Request) bool

	busy atomic.Int64

	mu sync.Mutex
	// outside are the requests that were not for the API: to sites and deploy hooks.
	outside bytes.Buffer
	visits  int
	// keyless counts requests to the API without the token.
	keyless int
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.busy.Add(1)
	defer f.busy.Add(-1)
	f.see(r)
	if f.answers != nil && f.answers(w, r) {
		return
	}
	f.fake.ServeHTTP(w, r)
}

func (f *front) see(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/api/") {
		if r.Header.Get("Authorization") != "Bearer "+token {
			f.keyless++
		}
		return
	}
	f.visits++
	if dump, err := httputil.DumpRequest(r, true); err == nil {
		f.outside.Write(dump)
	}
}

// gate says yes to every write that names the right lock. It lets a request that the client gave up end first: the
// environment skips the runbook's pause before the next write, in which a real API would have noticed.
type gate struct{ api *front }

func (gate) LockHeld(_ context.Context, workflowID, runID string) (bool, error) {
	return workflowID == contract.LockWorkflowID(serverID) && runID != "", nil
}

func (g gate) AttemptValid(ctx context.Context, _ []byte) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for bound := time.Now().Add(time.Second); g.api.busy.Load() > 0 && time.Now().Before(bound); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// noLocks is a Temporal that nobody should ask: no other runbook wants the server here.
type noLocks struct{}

var errNobodyAsks = errors.New("no runbook should have asked for a lock")

func (noLocks) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return nil, errNobodyAsks
}

func (noLocks) GetWorkflow(context.Context, string, string) client.WorkflowRun { return nil }

func (noLocks) TerminateWorkflow(context.Context, string, string, string, ...any) error {
	return errNobodyAsks
}

// wiretap keeps everything that leaves the worker: what goes into histories, and what is logged.
type wiretap struct {
	mu   sync.Mutex
	seen bytes.Buffer
}

func (w *wiretap) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen.Write(b)
}

func (w *wiretap) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen.String()
}

func (w *wiretap) logger() log.Logger {
	return log.NewStructuredLogger(slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// tapped is a data converter that shows all it encodes to the wiretap.
type tapped struct {
	converter.DataConverter
	wire *wiretap
}

func (t tapped) ToPayload(value any) (*commonpb.Payload, error) {
	p, err := t.DataConverter.ToPayload(value)
	_, _ = t.wire.Write(p.GetData())
	return p, err
}

func (t tapped) ToPayloads(values ...any) (*commonpb.Payloads, error) {
	all, err := t.DataConverter.ToPayloads(values...)
	for _, p := range all.GetPayloads() {
		_, _ = t.wire.Write(p.GetData())
	}
	return all, err
}

// deaths are the workers that die while they run an activity.
type deaths struct {
	mu sync.Mutex
	// before dies before the activity begins, after when it is done and its answer is not yet out. Each dies once.
	before, after map[string]bool
}

// errWorkerDied stands for the time-out that Temporal would report.
var errWorkerDied = errors.New("the worker died")

func (d *deaths) due(of *map[string]bool, name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	due := (*of)[name]
	if due {
		delete(*of, name)
	}
	return due
}

// between stands between the environment and the runbook. It gives the run an original run id, which the environment
// lacks, and lets workers die.
type between struct {
	interceptor.WorkerInterceptorBase
	h *harness
}

func (b *between) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &identified{h: b.h}
	in.Next = next
	return in
}

func (b *between) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	in := &mortal{deaths: b.h.deaths}
	in.Next = next
	return in
}

type identified struct {
	interceptor.WorkflowInboundInterceptorBase
	h *harness
}

func (i *identified) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	info := workflow.GetInfo(ctx)
	if info.WorkflowType.Name == i.h.s.workflow() {
		info.OriginalRunID = info.WorkflowExecution.RunID
		return i.Next.ExecuteWorkflow(ctx, in)
	}
	result, err := i.Next.ExecuteWorkflow(ctx, in)
	if err == nil {
		i.h.mu.Lock()
		i.h.released++
		i.h.mu.Unlock()
	}
	return result, err
}

type mortal struct {
	interceptor.ActivityInboundInterceptorBase
	deaths *deaths
}

func (m *mortal) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	name := activityName(ctx)
	if m.deaths.due(&m.deaths.before, name) {
		return nil, errWorkerDied
	}
	result, err := m.Next.ExecuteActivity(ctx, in)
	if m.deaths.due(&m.deaths.after, name) {
		return nil, errWorkerDied
	}
	return result, err
}
