package temporalfake_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"google.golang.org/grpc"

	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/internal/temporalfake"
)

// scenario is one small story that must go the same way on the stand-in and on a real server.
type scenario struct {
	name string
	play func(s *stage)
}

func TestMain(m *testing.M) {
	// On the real server the scenarios wait most of the time, so many run side by side whatever the number of cores.
	_ = flag.Set("test.parallel", "24")
	flag.Parse()
	code := m.Run()
	if server.dev != nil {
		_ = server.dev.Stop() // the process ends anyway
	}
	os.Exit(code)
}

// plays numbers the scenarios played in this process: run ids must be unique in it, workflow ids on the real server.
var plays atomic.Int64

// Every scenario gives the same histories, and the same answers to its clients, on the stand-in and on a real server.
func TestTheStandInIsLikeARealServer(t *testing.T) {
	there := startServer(t)
	seen := map[string]bool{}
	for _, table := range [][]scenario{
		activityScenarios, timeoutScenarios, activityCancelScenarios, timerScenarios, signalScenarios, childScenarios, orphanScenarios(), clientScenarios, updateScenarios, closingScenarios, taskScenarios,
		resetScenarios, resetPendingScenarios,
	} {
		for _, sc := range table {
			require.False(t, seen[sc.name], sc.name)
			seen[sc.name] = true
			t.Run(sc.name, func(t *testing.T) { compare(t, there, sc) })
		}
	}
}

// playsThere is how often a scenario is played on the real server before a difference counts. A busy machine makes the
// real server lose a workflow task now and then, which it gives out again after a time-out, and two things that a
// scenario keeps apart may meet. What the server really does otherwise shows each time.
const playsThere = 6

func compare(t *testing.T, there *realServer, sc scenario) {
	n := plays.Add(1)
	base := fmt.Sprintf("%s-%d", strings.ReplaceAll(sc.name, " ", "-"), n)
	var here string
	synctest.Test(t, func(t *testing.T) {
		service := temporalfake.New(temporalfake.Options{
			Delay: func(string) time.Duration { return 5 * time.Millisecond },
			RunID: func(run int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, run) },
		})
		defer service.Close()
		here = play(t, standIn{service}, base, sc.play)
	})
	// The stand-in's worlds are over before the first worker on the real server starts: both would share the SDK's cache
	// of workflows, and a bubble must not touch what was made outside it.
	t.Parallel()
	for again := range playsThere {
		said := play(t, there, fmt.Sprintf("%s-%d", base, again), sc.play)
		if said == here {
			return
		}
		t.Logf("different in play %d on the real server", again+1)
		if again == playsThere-1 {
			require.Equal(t, said, here, "expected is the real server, actual the stand-in")
		}
	}
}

type standIn struct{ service *temporalfake.Service }

func (p standIn) connect(t *testing.T, name string, options ...grpc.DialOption) client.Client {
	c, err := p.service.Connect(name).Client(client.Options{Logger: quiet, Namespace: "default", ConnectionOptions: client.ConnectionOptions{DialOptions: options}})
	require.NoError(t, err)
	return c
}

// server is the dev server of this package's tests, started when the first test wants it.
var server realServer

type realServer struct {
	once sync.Once
	dev  *testsuite.DevServer
	err  error
}

func startServer(t *testing.T) *realServer {
	t.Helper()
	server.once.Do(func() {
		path := os.Getenv(devstack.TemporalCLIVariable)
		if path == "" {
			path, server.err = filepath.Abs("../../bin/temporal")
		}
		if _, err := os.Stat(path); server.err == nil && err != nil {
			server.err = fmt.Errorf("no Temporal CLI at %s: run make build, or name one in %s: %w", path, devstack.TemporalCLIVariable, err)
		}
		if server.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // a cold start while other packages compile
		defer cancel()
		server.dev, server.err = testsuite.StartDevServer(ctx, testsuite.DevServerOptions{
			ExistingPath: path, LogLevel: "error",
			ExtraArgs: []string{"--search-attribute", "Phase=Keyword", "--search-attribute", "Server=Int"},
		})
	})
	require.NoError(t, server.err)
	return &server
}

func (p *realServer) connect(t *testing.T, name string, options ...grpc.DialOption) client.Client {
	c, err := client.Dial(client.Options{
		HostPort: p.dev.FrontendHostPort(), Namespace: "default", Identity: name, Logger: quiet,
		ConnectionOptions: client.ConnectionOptions{DialOptions: options},
	})
	require.NoError(t, err)
	return c
}
