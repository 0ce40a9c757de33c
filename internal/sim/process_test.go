package sim

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"github.com/safepoint-dev/safepoint/activities"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
	"github.com/safepoint-dev/safepoint/internal/probe"
	"github.com/safepoint-dev/safepoint/internal/temporalfake"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/internal/watch"
	"github.com/safepoint-dev/safepoint/workflows"
)

const (
	taskQueue = "safepoint"
	token     = "vps_THE-TOKEN-STAYS-IN-THE-WORKER"

	settle         = 30 * time.Second
	pollInterval   = 15 * time.Second
	requestTimeout = 30 * time.Second
)

// process is one worker process: everything in it dies together.
type process struct {
	w    *world
	slot int
	name string
	// life ends when the process dies.
	life context.Context
	die  context.CancelFunc

	conn        *temporalfake.Connection
	client      client.Client
	poller      *watch.Poller
	short, wait worker.Worker
}

// startProcess starts the worker of a slot, as the real program does.
func (w *world) startProcess(slot int) {
	w.mu.Lock()
	w.generation++
	p := &process{w: w, slot: slot, name: fmt.Sprintf("worker-%d.%d", slot, w.generation)}
	w.mu.Unlock()
	p.life, p.die = context.WithCancel(context.Background())
	p.conn = w.temporal.Connect(p.name)
	var err error
	p.client, err = p.conn.Client(client.Options{Logger: w.logger, Namespace: "default"})
	w.must(err)
	api, err := vpsorg.New(vpsorg.Options{
		BaseURL: baseURL + "/api/v1", Token: token, RequestTimeout: requestTimeout, RateLimit: 1000, Transport: api{p},
	})
	w.must(err)
	policy, err := egress.New(egress.Options{URLs: []string{address}, DialContext: w.sites.dialer(p), OwnAddresses: noAddresses})
	w.must(err)
	p.poller = watch.New(api, watch.Options{Interval: pollInterval})
	acts := activities.New(activities.Options{
		API: api, Watch: activities.NewWatcher(p.poller), Gate: activities.NewGate(p.client), Locks: p.client, Egress: policy,
		Prober: probe.New(probe.Options{
			APIReachable: func(ctx context.Context) bool {
				ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
				defer cancel()
				_, err := api.Me(ctx)
				return vpsorg.Answered(err)
			},
			DialContext: policy.DialTCP, DialURL: policy.DialURL,
		}),
		Settle: settle, PollInterval: pollInterval,
	})
	options := worker.Options{
		WorkerStopTimeout: contract.WriteGrace + 5*time.Second, WorkflowPanicPolicy: worker.BlockWorkflow,
		DisableRegistrationAliasing: true, MaxConcurrentWorkflowTaskPollers: 2, MaxConcurrentActivityTaskPollers: 1,
		Interceptors: []interceptor.WorkerInterceptor{&onlooker{p: p}},
	}
	p.short = worker.New(p.client, taskQueue, options)
	workflows.Register(p.short)
	activities.Register(p.short, acts)
	options.DisableWorkflowWorker = true
	p.wait = worker.New(p.client, contract.WaitTaskQueue(taskQueue), options)
	activities.RegisterWaits(p.wait, acts)
	w.must(p.short.Start())
	w.must(p.wait.Start())
	w.mu.Lock()
	w.processes[slot] = p
	w.mu.Unlock()
	w.note("%s has started", p.name)
}

// kill is kill -9: whatever the process still does reaches nobody.
func (p *process) kill() {
	p.die()
	p.conn.Kill()
	p.w.background.Go(p.end)
}

// stop is a clean stop: it takes no more tasks, and writes that were begun report.
func (p *process) stop() {
	p.conn.Close()
	p.end()
	p.die()
}

func (p *process) end() {
	var both sync.WaitGroup
	both.Go(p.short.Stop)
	both.Go(p.wait.Stop)
	both.Wait()
	p.poller.Close()
	p.client.Close()
}

func (p *process) dead() bool { return p.life.Err() != nil }

// onlooker sees every activity of a process.
type onlooker struct {
	interceptor.WorkerInterceptorBase
	p *process
}

func (o *onlooker) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	in := &watched{p: o.p}
	in.Next = next
	return in
}

type watched struct {
	interceptor.ActivityInboundInterceptorBase
	p *process
}

// ExecuteActivity tells the world of an activity's begin and end, and keeps the attempts that run at the same time.
func (x *watched) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	w, info := x.p.w, activity.GetInfo(ctx)
	name := info.ActivityType.Name
	n, leave := w.attempt(x.p, info)
	defer leave()
	w.happened(onStart, name, n, x.p)
	result, err := x.Next.ExecuteActivity(ctx, in)
	w.happened(onDone, name, n, x.p)
	return result, err
}
