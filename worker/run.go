package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/activities"
	"github.com/safepoint-dev/safepoint/internal/config"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/health"
	"github.com/safepoint-dev/safepoint/internal/probe"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/internal/watch"
)

const (
	// reachableWithin is how long the API may take to show that this worker has a network. Too short only makes a
	// verdict inconclusive (law 6), and a check waits for it.
	reachableWithin = 5 * time.Second
	// closeWithin is for answers to health probes that are under way at the very end.
	closeWithin = time.Second
)

// run connects, works until ctx ends or something breaks, and drains. A stop before the work began is clean too.
func run(ctx context.Context, s settings, log *slog.Logger) error {
	server, err := health.Start(s.config.Listen, log)
	if err != nil {
		return err
	}
	defer closeHealth(server)
	server.NotReady("waiting for Temporal")
	log.Info("health checks are served", "address", server.Addr())

	c, err := connect(ctx, s.temporal, log)
	if ctx.Err() != nil {
		if c != nil {
			c.Close()
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Close()

	poller := watch.New(s.api, watch.Options{Interval: s.config.PollInterval, Logger: log})
	defer poller.Close() // after the workers have stopped, or it would end their waits with an error
	w := newWorkers(c, s.config, newActivities(c, s, poller))
	if err := w.start(); err != nil {
		return err
	}
	sayVersion(log, s.config, s.temporal.Namespace) // first: who was told that it is ready finds there what is left to do
	server.Ready(func(ctx context.Context) error {
		_, err := c.CheckHealth(ctx, &client.CheckHealthRequest{})
		return err
	})
	log.Info("ready", "version", version, "api", s.config.APIURL, "temporal", s.temporal.HostPort, "namespace", s.temporal.Namespace,
		"task_queue", s.config.TaskQueue, "wait_task_queue", contract.WaitTaskQueue(s.config.TaskQueue))

	select {
	case <-ctx.Done():
	case err = <-w.fatal:
	}
	server.NotReady("draining")
	w.stop()
	return err
}

// connect waits for Temporal and for the search attributes. Credentials that may not even list them do not stop the
// worker: the attributes may exist all the same.
func connect(ctx context.Context, options client.Options, log *slog.Logger) (client.Client, error) {
	c, err := temporalclient.Dial(ctx, options, log)
	if err != nil {
		return nil, err
	}
	err = temporalclient.EnsureSearchAttributes(ctx, c.OperatorService(), options.Namespace, log)
	if errors.Is(err, temporalclient.ErrCannotListSearchAttributes) {
		log.Warn("search attributes could not be checked: without them runbooks hang in workflow task retries", "error", err)
		return c, nil
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// newActivities gives everything that connects to somewhere the policy of this worker.
func newActivities(c client.Client, s settings, poller *watch.Poller) *activities.Activities {
	looks := probe.Options{
		APIReachable: func(ctx context.Context) bool {
			ctx, cancel := context.WithTimeout(ctx, reachableWithin)
			defer cancel()
			_, err := s.api.Me(ctx)
			return vpsorg.Answered(err)
		},
		DialContext: s.egress.DialTCP,
		DialURL:     s.egress.DialURL,
		SSH:         s.ssh,
	}
	o := activities.Options{
		API:          s.api,
		Watch:        activities.NewWatcher(poller),
		Gate:         activities.NewGate(c),
		Locks:        c,
		SSH:          s.ssh,
		Egress:       s.egress,
		Settle:       s.config.Settle,
		PollInterval: s.config.PollInterval,
		Facts:        facts(s.config),
	}
	if !s.servers.All() {
		o.Servers = s.servers
	}
	o.Prober = probe.New(looks)
	return activities.New(o)
}

// facts are what a checkup may tell of the settings: nothing secret, and of the lists only how long they are.
func facts(c config.Config) contract.WorkerFacts {
	return contract.WorkerFacts{
		Version: version, Deployment: c.DeploymentName, Build: c.BuildID,
		APIURL: c.APIURL, RequestTimeout: contract.Duration(c.RequestTimeout), RateLimit: c.RateLimit,
		AllowServers: len(c.AllowServers), AllowURLs: len(c.AllowURLs), AllowSSH: len(c.AllowSSH), Warnings: c.Warnings,
	}
}

func closeHealth(server *health.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = server.Close(ctx) // the process ends: a probe that is still being answered has nothing to gain
}
