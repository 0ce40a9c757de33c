package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// Times of the chaos. A request that its sender has given up may still be in a frozen stand-in. It takes effect when the
// stand-in wakes up, so that must be before the sender looks again: freezeMost is less than the request's time-out and
// VPS_SETTLE together. The law book wants chaosLaw between such an answer and the look, and it hears of the answer only
// when it wakes up. Between all of these there are more than two seconds for a busy machine.
const (
	chaosRequest = 3 * time.Second // VPS_REQUEST_TIMEOUT
	chaosSettle  = 3 * time.Second // VPS_SETTLE
	chaosLaw     = time.Second     // what the law book takes for VPS_SETTLE
	freezeMost   = 3 * time.Second
)

// world is everything that the chaos happens to: a dev server on a file, a stand-in, two workers, many servers.
type world struct {
	*rig
	size     chaosSize
	temporal *slot
	fake     *slot
	workers  [2]*slot
	gates    [2]*gate
	listen   [2]string // of the workers' health checks
	address  string    // of Temporal
	database string
	servers  []int64
	token    string
}

// newWorld starts it all and returns when runs can be started.
func newWorld(t *testing.T, size chaosSize) *world {
	t.Helper()
	w := &world{
		rig: &rig{t: t, queue: "chaos"}, size: size,
		database: filepath.Join(t.TempDir(), "temporal.db"), token: secrets.newToken("the token of the chaos"),
	}
	w.startTemporal()
	w.startFake()
	for i := range w.workers {
		w.startWorker(i)
	}
	for i := range w.workers {
		require.NoError(t, ready("http://"+w.listen[i]+"/readyz", time.Minute))
	}
	w.addServers()
	return w
}

func (w *world) startTemporal() {
	w.t.Helper()
	w.address = nobody(w.t)
	host, port, err := net.SplitHostPort(w.address)
	require.NoError(w.t, err)
	cli := temporalCLI()
	if cli == "" {
		cli = "temporal"
	}
	w.temporal = newSlot(w.t, "temporal", cli, nil, "server", "start-dev", "--headless", "--ip", host, "--port", port, "--log-level", "error",
		"--db-filename", w.database, "--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL")
	require.NoError(w.t, w.temporal.start())
	w.temp, err = client.NewLazyClient(client.Options{HostPort: w.address, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(w.t, err)
	w.t.Cleanup(w.temp.Close)
	require.NoError(w.t, w.temporalIsUp(time.Minute))
}

// temporalIsUp waits until the namespace can be used.
func (w *world) temporalIsUp(within time.Duration) error {
	for deadline := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) { // the pause of a bounded poll
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_, err := w.temp.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: "default"})
		cancel()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the Temporal server is not up within %s: %w", within, err)
		}
	}
}

func (w *world) startFake() {
	w.t.Helper()
	listen := nobody(w.t)
	w.api = "http://" + listen
	w.fake = newSlot(w.t, "fake", programPath("safepoint-fake"), []string{"SAFEPOINT_FAKE_TOKEN=" + w.token},
		"--listen="+listen, "--servers=1", fmt.Sprintf("--speed=%d", fakeSpeed), "--settle="+chaosLaw.String())
	require.NoError(w.t, w.fake.start())
	require.NoError(w.t, ready(w.api+"/fake/healthz", time.Minute))
}

// startWorker runs a worker with a way to the API of its own.
func (w *world) startWorker(i int) {
	w.t.Helper()
	w.gates[i], w.listen[i] = newGate(w.t, w.api, newDice(w.size.seed, uint64(10+i))), nobody(w.t)
	w.workers[i] = newSlot(w.t, fmt.Sprintf("worker-%d", i+1), programPath("safepoint-worker"), []string{
		"TEMPORAL_ADDRESS=" + w.address, "VPS_API_URL=" + w.gates[i].url + "/api/v1", "VPS_API_TOKEN=" + w.token,
		"SAFEPOINT_TASK_QUEUE=" + w.queue, "SAFEPOINT_LISTEN=" + w.listen[i], "SAFEPOINT_ALLOW_URLS=127.0.0.1",
		"VPS_SETTLE=" + chaosSettle.String(), "VPS_REQUEST_TIMEOUT=" + chaosRequest.String(), "VPS_POLL_INTERVAL=" + pollPeriod.String(), "VPS_RATE_LIMIT=100",
	})
	require.NoError(w.t, w.workers[i].start())
}

// addServers gives every server what an earlier run left, and every third one a snapshot that a person made.
func (w *world) addServers() {
	for i := range w.size.servers {
		w.server = 1000 + nextServer.Add(1)
		w.servers = append(w.servers, w.server)
		w.control(http.MethodPost, "servers", vpsfake.ServerSpec{ID: w.server, Name: fmt.Sprintf("web%d", w.server), Version: firstVersion}, nil)
		w.add(vpsfake.SnapshotSpec{
			Name: "pre-update-before", Description: contract.Marker{RunID: "an-earlier-run", Policy: contract.PolicyUpdate}.Describe(""),
			CreatedAt: w.apiNow().Add(-time.Hour),
		})
		if i%3 == 0 {
			w.add(vpsfake.SnapshotSpec{Name: "by-hand", Description: "before the audit", CreatedAt: w.apiNow().Add(-90 * time.Minute)})
		}
	}
}

// firstVersion is on every server before the first run.
const firstVersion = "1.0.0"

// dice are the only source of chance, one for each part of the chaos, so that a seed gives the same plan. What the
// machine makes of a plan is never the same twice.
type dice struct {
	mu     sync.Mutex
	source *rand.Rand
}

func newDice(seed, part uint64) *dice { return &dice{source: rand.New(rand.NewPCG(seed, part))} }

// below is a number from 0 to n-1.
func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source.IntN(n)
}

// between is a duration.
func (d *dice) between(least, most time.Duration) time.Duration {
	return least + time.Duration(d.below(int(most-least)+1))
}

// oneIn is true once in n.
func (d *dice) oneIn(n int) bool { return d.below(n) == 0 }

// pick is one of a list.
func pick[T any](d *dice, all ...T) T { return all[d.below(len(all))] }
