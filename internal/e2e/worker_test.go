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

// handOverBar is how soon another worker must go on with a wait of a worker that was told to stop: well below the
// heartbeat time-out (15 s) that a killed one costs.
const handOverBar = 5 * time.Second

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
			r.fault(vpsfake.Fault{Kind: vpsfake.Hang, Op: vpsfake.OpCreateSnapshot, Times: 1, Effect: effect, Duration: 3 * time.Second})
			r.start(r.id(), r.input(true, nil))
			r.whenSent(vpsfake.OpCreateSnapshot)
			w.signal(syscall.SIGTERM)
			w.becomes("/readyz", http.StatusServiceUnavailable, 2*time.Second)
			status, text := w.probe("/healthz")
			require.Equal(t, http.StatusOK, status, "%s: a worker that drains is alive", text)
			require.Equal(t, 0, w.exit(20*time.Second))
			w.says("stopped cleanly", time.Second)
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
	r.fault(vpsfake.Fault{Kind: vpsfake.UnknownStatus, Op: vpsfake.OpCreateSnapshot, Duration: 12 * time.Second, Times: 1}) // longer than the test looks
	r.start(r.id(), r.input(true, nil))
	r.eventually(time.Minute, "the wait for the snapshot", func() bool { return runs(r.activity(contract.ActivityAwaitSnapshot)) })
	before := r.activity(contract.ActivityAwaitSnapshot).GetLastWorkerIdentity()
	r.readyWorker()

	first.signal(syscall.SIGTERM)
	told := time.Now()
	r.eventually(handOverBar, "the second worker to go on with the wait", func() bool {
		a := r.activity(contract.ActivityAwaitSnapshot)
		return runs(a) && a.GetLastWorkerIdentity() != before
	})
	t.Logf("handed over after %s", time.Since(told).Round(time.Millisecond))
	require.Equal(t, 0, first.exit(20*time.Second))
	t.Logf("ended after %s", time.Since(told).Round(time.Millisecond))
	r.committed(r.end(r.id(), runBar))
}

func TestAWorkerThatStartsBeforeTemporalWaitsAndThenServes(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	address := nobody(t)
	w := r.launchWorker("TEMPORAL_ADDRESS=" + address)
	w.becomes("/healthz", http.StatusOK, 20*time.Second)
	w.says("waiting for Temporal", 20*time.Second)
	status, text := w.probe("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "waiting for Temporal")
	require.Equal(t, 0, healthcheck(t, w.listen), "alive, though not ready: a container must not be restarted for this")

	devServer(t, address)
	w.becomes("/readyz", http.StatusOK, 40*time.Second)
	w.signal(syscall.SIGTERM)
	require.Equal(t, 0, w.exit(20*time.Second))
	require.Equal(t, 1, healthcheck(t, w.listen), "nobody answers")
}

// healthcheck is what a container runs; it needs no token.
func healthcheck(t *testing.T, listen string) (code int) {
	t.Helper()
	return launch(t, filepath.Join(binDir, "safepoint-worker"), []string{"SAFEPOINT_LISTEN=" + listen}, "healthcheck").exit(10 * time.Second)
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
	require.Equal(t, 2, w.exit(10*time.Second))
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
	r.start(r.id(), r.input(false, nil))
	for _, wait := range []string{contract.ActivityAwaitSnapshot, contract.ActivityAwaitRestore} {
		r.eventually(time.Minute, wait, func() bool { return runs(r.activity(wait)) })
		next := r.readyWorker()
		old.signal(syscall.SIGTERM)
		require.Equal(t, 0, old.exit(30*time.Second))
		old = next
	}
	report := r.end(r.id(), runBar)
	r.rolledBack(report)
	require.Empty(t, report.Notes, "nothing was unclear")
}
