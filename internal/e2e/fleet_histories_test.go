package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/safepoint-dev/safepoint/workflows"
)

// The branches of a fleet.
func TestHistoriesOfFleets(t *testing.T) {
	t.Parallel()
	t.Run("committed", func(t *testing.T) {
		t.Parallel()
		f := newFleetRig(t, 2)
		f.fleet(f.id(), map[string]any{"canary": map[string]any{"count": 1, "pause": "1s", "decide": true}})
		f.inPhase(f.id(), workflows.PhaseHold, fleetBar)
		require.NoError(t, f.decide(f.id(), "decide-1", workflows.DecideApprove))
		require.Equal(t, workflows.OutcomeCommitted, f.end(f.id(), fleetBar).Outcome)
		f.keepOne(f.id(), "fleet-committed")
	})
	t.Run("stopped, undone and retried", func(t *testing.T) {
		t.Parallel()
		f := newFleetRig(t, 3)
		f.breaks(f.servers[1])
		f.fleet(f.id(), map[string]any{"max_concurrency": 1, "on_stop": workflows.StopRollbackCommitted})
		report := f.end(f.id(), fleetBar)
		require.Equal(t, workflows.FleetCounts{RolledBack: 1, Undone: 1}, report.Fleet.Counts, "%s", report.Summary)
		f.keepOne(f.id(), "fleet-stopped-undone")
		f.mend()
		again := f.id() + "-again"
		f.fleet(again, map[string]any{"retry_of": f.id(), "template": f.quick()})
		require.Equal(t, workflows.FleetCounts{Done: 3}, f.end(again, fleetBar).Fleet.Counts)
		f.keepOne(again, "fleet-retried")
	})
	t.Run("paused, resumed and aborted", func(t *testing.T) {
		t.Parallel()
		f := newFleetRig(t, 3)
		f.hold(f.servers...)
		f.fleet(f.id(), map[string]any{"template": f.quick(), "max_concurrency": 1})
		f.deploying(f.servers[0])
		f.request(f.id(), workflows.UpdatePause)
		f.release(f.servers[0])
		f.until(f.id(), "one done", fleetBar, func(r workflows.FleetRecord) bool { return r.Counts.Done == 1 })
		f.request(f.id(), workflows.UpdateResume)
		f.deploying(f.servers[1])
		f.request(f.id(), workflows.UpdateAbort)
		f.release(f.servers...)
		require.Equal(t, workflows.FleetCounts{Done: 2}, f.end(f.id(), fleetBar).Fleet.Counts)
		f.keepOne(f.id(), "fleet-aborted")
	})
	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		f := newFleetRig(t, 2)
		f.hold(f.servers...)
		f.fleet(f.id(), map[string]any{"max_concurrency": 1})
		f.deploying(f.servers[0])
		require.NoError(t, f.temp.CancelWorkflow(t.Context(), f.id(), ""))
		f.until(f.id(), "the cancel", fleetBar, func(workflows.FleetRecord) bool { return strings.Contains(f.status(f.id()).WaitingFor, "canceled") })
		f.release(f.servers...)
		report := f.end(f.id(), fleetBar)
		require.Equal(t, workflows.OutcomeCanceled, report.Outcome)
		f.keepOne(f.id(), "fleet-canceled")
	})
}

// A Temporal that suggests to continue as new after a few events makes a chain of short runs, each of which inherits
// runs under way from the one before.
func TestHistoriesOfFleetsThatContinueAsNew(t *testing.T) {
	t.Parallel()
	f := newStandInFleetOn(t, impatientTemporal(t, 120), 60)
	close(f.proceed)
	first := f.start(map[string]any{"max_concurrency": 7})
	report := f.end(f.id(), fleetBar)
	assert.Equal(t, workflows.FleetCounts{Done: 58, Errors: 1, RolledBack: 1}, report.Fleet.Counts, "%s", report.Summary)
	size := f.measure(first)
	assert.GreaterOrEqual(t, size.runs, 3)
	t.Logf("%d runs, the longest has %d events", size.runs, size.events)
	f.keepOne(f.id(), "fleet-continued-last")
	f.keepRun(f.id(), first, "fleet-continued-first")
}

// impatientTemporal is a server of the test's own that wants histories to end at so many events.
func impatientTemporal(t *testing.T, events int) client.Client {
	t.Helper()
	server, err := testsuite.StartDevServer(t.Context(), testsuite.DevServerOptions{
		ExistingPath: temporalCLI(), LogLevel: "error",
		ClientOptions: &client.Options{Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))},
		ExtraArgs:     []string{"--headless", "--dynamic-config-value", fmt.Sprintf("limit.historyCount.suggestContinueAsNew=%d", events)},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	return server.Client()
}

// oneRun shows the history of one run where the latest is asked for.
type oneRun struct {
	client.Client
	runID string
}

func (c oneRun) GetWorkflowHistory(ctx context.Context, id, _ string, poll bool, filter enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	return c.Client.GetWorkflowHistory(ctx, id, c.runID, poll, filter)
}
