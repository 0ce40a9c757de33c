package e2e

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// activity is the run's pending activity of a type as Temporal sees it now, nil when there is none.
func (r *rig) activity(name string) *workflowpb.PendingActivityInfo {
	d, err := r.temp.DescribeWorkflowExecution(r.t.Context(), r.id(), "")
	if err != nil {
		return nil
	}
	for _, a := range d.GetPendingActivities() {
		if a.GetActivityType().GetName() == name {
			return a
		}
	}
	return nil
}

// runs says whether a worker has the activity in its hands now.
func runs(a *workflowpb.PendingActivityInfo) bool {
	return a != nil && a.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED
}

func TestSIGTERMWithAWriteInFlightWaitsForItsAnswer(t *testing.T) {
	t.Parallel()
	for _, effect := range []vpsfake.HangEffect{vpsfake.EffectBefore, vpsfake.EffectNone} {
		t.Run("effect "+string(effect), func(t *testing.T) {
			t.Parallel()
			r := rigWithoutWorker(t)
			w := r.readyWorker()
			answer := r.gate(vpsfake.OpCreateSnapshot, effect)
			r.start(r.id(), r.input(true, nil))
			r.whenSent(vpsfake.OpCreateSnapshot)
			w.signal(syscall.SIGTERM)
			w.becomes("/readyz", http.StatusServiceUnavailable, patience)
			status, text := w.probe("/healthz")
			require.Equal(t, http.StatusOK, status, "%s: a worker that drains is alive", text)
			answer()
			require.Equal(t, 0, w.exit(patience))
			w.says("stopped cleanly", patience)
			require.Nil(t, r.activity(contract.ActivityCreateSnapshot), "the answer was reported before the end")

			r.readyWorker()
			report := r.end(r.id(), runBar)
			r.committed(report)
			wanted := map[vpsfake.HangEffect]int{vpsfake.EffectBefore: 1, vpsfake.EffectNone: 2}[effect]
			require.Len(t, r.requests(vpsfake.OpCreateSnapshot), wanted, "sent again only when it had no effect")
		})
	}
}

func TestSIGTERMHandsAWaitOverAtOnce(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	first := r.readyWorker()
	r.inWaitAfter(vpsfake.OpCreateSnapshot, func() { r.start(r.id(), r.input(true, nil)) })
	r.eventually(patience, "the wait for the snapshot", func() bool { return runs(r.activity(contract.ActivityAwaitSnapshot)) })
	before := r.activity(contract.ActivityAwaitSnapshot).GetLastWorkerIdentity()
	r.readyWorker()

	first.signal(syscall.SIGTERM)
	told := time.Now()
	r.eventually(patience, "the second worker to go on with the wait", func() bool {
		a := r.activity(contract.ActivityAwaitSnapshot)
		return runs(a) && a.GetLastWorkerIdentity() != before
	})
	// A worker that was killed costs a heartbeat time-out; this one gave its wait back.
	require.Nil(t, r.activity(contract.ActivityAwaitSnapshot).GetLastFailure().GetTimeoutFailureInfo(), "handed over, not given up by Temporal")
	t.Logf("handed over after %s", time.Since(told).Round(time.Millisecond))
	require.Equal(t, 0, first.exit(patience))
	t.Logf("ended after %s", time.Since(told).Round(time.Millisecond))
	r.open()
	r.committed(r.end(r.id(), runBar))
}

func TestAWorkerThatStartsBeforeTemporalWaitsAndThenServes(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	address := nobody(t)
	w := r.launchWorker("TEMPORAL_ADDRESS=" + address)
	w.becomes("/healthz", http.StatusOK, patience)
	w.says("waiting for Temporal", patience)
	status, text := w.probe("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "waiting for Temporal")
	require.Equal(t, 0, healthcheck(t, w.listen), "alive, though not ready: a container must not be restarted for this")

	devServer(t, address)
	w.becomes("/readyz", http.StatusOK, patience)
	w.signal(syscall.SIGTERM)
	require.Equal(t, 0, w.exit(patience))
	require.Equal(t, 1, healthcheck(t, w.listen), "nobody answers")
}

// healthcheck is what a container runs; it needs no token.
func healthcheck(t *testing.T, listen string) (code int) {
	t.Helper()
	return launch(t, filepath.Join(binDir, "safepoint-worker"), []string{"SAFEPOINT_LISTEN=" + listen}, "healthcheck").exit(patience)
}

// countingListener counts who connects.
func countingListener(t *testing.T) (address string, connections *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	connections = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String(), connections
}

func TestBadSettingsAreAllNamedAndNobodyIsContacted(t *testing.T) {
	t.Parallel()
	address, connections := countingListener(t)
	const secret = "vps_0123456789secret"
	w := launch(t, filepath.Join(binDir, "safepoint-worker"), []string{
		"TEMPORAL_ADDRESS=" + address, "VPS_API_URL=http://" + address + "/api", "SAFEPOINT_LISTEN=nowhere",
		"VPS_REQUEST_TIMEOUT=-1s", "VPS_RATE_LIMIT=fast", "VPS_POLL_INTERVAL=0s", "VPS_SETTLE=soon", "VPS_POWER_PATH=" + secret,
		"SAFEPOINT_TASK_QUEUE= ", "SAFEPOINT_LOG_LEVEL=loud", "SAFEPOINT_LOG_FORMAT=xml", "TEMPORAL_TLS=perhaps",
	})
	require.Equal(t, 2, w.exit(patience))
	said := w.output.String()
	for _, name := range []string{
		"VPS_API_TOKEN", "SAFEPOINT_LISTEN", "VPS_REQUEST_TIMEOUT", "VPS_RATE_LIMIT", "VPS_POLL_INTERVAL", "VPS_SETTLE", "VPS_POWER_PATH",
		"SAFEPOINT_TASK_QUEUE", "SAFEPOINT_LOG_LEVEL", "SAFEPOINT_LOG_FORMAT", "TEMPORAL_TLS",
	} {
		assert.Equal(t, 1, strings.Count("\n"+said, "\n"+name+": "), "%s once in:\n%s", name, said)
	}
	require.Contains(t, said, "nothing was contacted")
	require.NotContains(t, said, secret)
	require.Zero(t, connections.Load())
}

// Each worker is replaced in the middle of a long wait. A write that Temporal hands to a worker at the very moment of its
// stop is another matter: the SDK drops it, and it costs its deadline, as with a worker that was killed.
func TestARunGoesOnWhileItsWorkersAreReplacedOneByOne(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	old := r.readyWorker()
	begin := func() { r.start(r.id(), r.input(false, nil)) }
	for _, w := range []struct {
		write vpsfake.Op
		wait  string
	}{{vpsfake.OpCreateSnapshot, contract.ActivityAwaitSnapshot}, {vpsfake.OpRestoreSnapshot, contract.ActivityAwaitRestore}} {
		r.inWaitAfter(w.write, begin)
		begin = r.open // it goes on by itself to the next one
		r.eventually(patience, w.wait, func() bool { return runs(r.activity(w.wait)) })
		next := r.readyWorker()
		old.signal(syscall.SIGTERM)
		require.Equal(t, 0, old.exit(patience))
		old = next
	}
	r.open()
	r.rolledBack(r.end(r.id(), runBar))
	require.Len(t, r.requests(vpsfake.OpCreateSnapshot), 1)
	require.Len(t, r.requests(vpsfake.OpRestoreSnapshot), 1)
}
