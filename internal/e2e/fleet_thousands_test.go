package e2e

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/proto"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Bounds of every run of a fleet, however many servers it has.
const (
	maxFleetEvents  = 10_000
	maxFleetPayload = 1 << 20
)

// leastFleet continues as new twice at the least: a run takes about 700 targets with reports of this length.
const leastFleet = 1800

// fleetSize is how many servers the fleet of thousands has. make fleet-10000 asks for as many as a fleet takes.
func fleetSize(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SAFEPOINT_FLEET_SIZE")
	if text == "" {
		return leastFleet
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "SAFEPOINT_FLEET_SIZE is a number of servers")
	require.GreaterOrEqual(t, n, leastFleet, "SAFEPOINT_FLEET_SIZE")
	return n
}

// The bar: 10,000 targets in bounded histories, and a child that is terminated neither kills nor hangs the fleet, whoever
// should have been told of it: the run that started it, the next one, or nobody because it happened between them.
func TestAFleetOfThousandsKeepsEveryRunSmallAndHangsOnNoLostChild(t *testing.T) {
	t.Parallel()
	crowded(t)
	n := fleetSize(t)
	f := newStandInFleet(t, n)
	begun := time.Now()
	first := f.start(nil)
	defer f.explain(f.id())
	f.until(f.id(), "the first run well under way", fleetBar, func(r workflows.FleetRecord) bool { return r.Counts.Done > 300 })
	f.terminate(stuckEarly)
	<-f.asked // the next run asks what has become of those that it inherited, and its question is held up
	f.terminate(stuckBetween)
	close(f.proceed)
	f.until(f.id(), "the one between is counted", fleetBar, func(r workflows.FleetRecord) bool { return r.Counts.Done > 1000 })
	f.terminate(stuckLate)

	report := f.end(f.id(), 25*time.Minute)
	took := time.Since(begun)
	want := f.expected(n)
	assert.Equal(t, contract.FailFleet, report.Failure, "%s", report.Summary)
	assert.Equal(t, want, report.Fleet.Counts)
	assert.Equal(t, []int{n, n}, []int{report.Fleet.Total, report.Fleet.Started})
	assert.Empty(t, report.Fleet.NotStarted)
	ends := f.pagedResults(report.Fleet.Pages)
	assert.Len(t, ends, n, "one result for each server")
	for _, id := range []int64{stuckEarly, stuckBetween, stuckLate} {
		assert.Equal(t, "Terminated", ends[id].Failure, "server %d: %+v", id, ends[id])
	}
	f.keepOne(report.Fleet.Pages[0].WorkflowID, "fleet-page")
	size := f.measure(first)
	assert.Less(t, size.events, maxFleetEvents)
	assert.Less(t, size.payload, maxFleetPayload)
	assert.GreaterOrEqual(t, size.runs, 3, "this must be tried over more than one continue-as-new")
	t.Logf("%d servers in %s: %d runs, the longest has %d events, the largest payload %d bytes", n, took.Round(time.Second), size.runs, size.events, size.payload)
}

// fleetSizes are the greatest of a chain of runs and of their pages.
type fleetSizes struct{ runs, events, payload int }

// measure walks the chain of runs and looks at every payload of every event.
func (f *standInFleet) measure(runID string) fleetSizes {
	f.t.Helper()
	var size fleetSizes
	for runID != "" {
		size.runs++
		events := 0
		next := ""
		history := f.temp.GetWorkflowHistory(context.Background(), f.id(), runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			event, err := history.Next()
			require.NoError(f.t, err)
			events++
			size.payload = max(size.payload, f.largest(event))
			next = event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
		}
		size.events = max(size.events, events)
		runID = next
	}
	return size
}

// largest is the length of the longest list of payloads in an event: Temporal bounds what travels together.
func (f *standInFleet) largest(event *historypb.HistoryEvent) int {
	most := 0
	err := proxy.VisitPayloads(context.Background(), event, proxy.VisitPayloadsOptions{
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			total := 0
			for _, p := range payloads {
				total += proto.Size(p)
			}
			most = max(most, total)
			return payloads, nil
		},
	})
	require.NoError(f.t, err)
	return most
}
