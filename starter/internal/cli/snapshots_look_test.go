package cli

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// failingFrom is a Temporal that does not answer a kind of call, such as "StartWorkflowExecution".
func failingFrom(calls ...string) func(string) error {
	return func(method string) error {
		for _, call := range calls {
			if strings.HasSuffix(method, "/"+call) {
				return serviceerror.NewUnavailable("the frontend is away")
			}
		}
		return nil
	}
}

func TestALookDoesNotBlameTheWorkerWhenTemporalIsAway(t *testing.T) {
	for name, calls := range map[string][]string{
		"before the start": {"StartWorkflowExecution"},
		"after the start":  {"GetWorkflowExecutionHistory", "DescribeWorkflowExecution"},
		"half of it":       {"GetWorkflowExecutionHistory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, address := newExamined(t)
			e.closed, e.fails = nil, failingFrom(calls...)
			got := safepoint(t, address, "snapshots", "--timeout", "1s")
			assert.Equal(t, codeNotChanged, got.code)
			assert.Contains(t, got.err, "Temporal has stopped answering: the frontend is away")
			assert.Contains(t, got.err, "Nothing was written")
			assert.NotContains(t, got.err, "worker")

			_, found := doctorSays(t, address, "--timeout", "1s")
			f := found[findingCheckup]
			assert.Equal(t, contract.FindingBad, f.State)
			assert.Contains(t, f.Detail, "Temporal has stopped answering: the frontend is away")
			assert.Equal(t, "run this again when Temporal answers", f.Mend)
			assert.Empty(t, f.Commands)
			assert.Equal(t, contract.FindingUnchecked, found[contract.FindingToken].State)
		})
	}
}

// The long poll ends as it does when no worker answers: only the question after it shows that Temporal is gone.
func TestALookWhoseConnectionDiesIsNoDeadWorker(t *testing.T) {
	t.Parallel() // it waits most of its time
	e, address := newExamined(t)
	e.closed, e.fails = nil, failingFrom("DescribeWorkflowExecution")
	release := make(chan struct{})
	defer close(release)
	e.slow = func(method string) {
		if strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
			<-release
		}
	}
	got := safepoint(t, address, "snapshots", "--timeout", "1s")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "Temporal has stopped answering: the frontend is away")
	assert.NotContains(t, got.err, "safepoint-worker")
}

// trying is an activity that goes on after an API that does not answer.
func trying() *workflowpb.PendingActivityInfo {
	return &workflowpb.PendingActivityInfo{
		ActivityType: &commonpb.ActivityType{Name: contract.ActivityInventory}, State: enumspb.PENDING_ACTIVITY_STATE_SCHEDULED, Attempt: 4,
		LastFailure: &failurepb.Failure{Message: "GET /snapshots/ answered\x1b[2J 503"},
	}
}

const tryingText = "SnapshotInventory goes on in attempt 4 after: GET /snapshots/ answered[2J 503"

func TestALookThatLastsSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel() // it waits most of its time
	for width, want := range map[int]string{0: " waiting up to 5m for the answer: " + tryingText + "\n", 80: "waiting up to 5m for the answer: SnapshotInventory goes on in"} {
		e, address := newExamined(t)
		result := e.closed
		e.closed, e.activity = nil, trying()
		answer := make(chan struct{})
		e.slow = func(method string) {
			if strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
				<-answer
			}
		}
		var looks atomic.Int32
		e.described = func() {
			if looks.Add(1) == 2 { // what the first one said is shown by now
				e.end(result)
				close(answer)
			}
		}
		got := inWidth(t, address, width, "snapshots")
		require.Equal(t, codeOK, got.code, got.err)
		assert.Contains(t, got.err, want)
		assert.Contains(t, got.out, "0 snapshots of 0 servers", "the answer stands alone on standard output")
		assert.NotContains(t, got.out, "waiting")
		assert.NotContains(t, got.err, "\x1b[2J 503")
	}
}

func TestALookForAScriptThatReadsJSONSaysNothingBesideIt(t *testing.T) {
	t.Parallel() // it waits most of its time
	e, address := newExamined(t)
	e.closed, e.activity = nil, trying()
	release := make(chan struct{})
	defer close(release)
	e.slow = func(method string) {
		if strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
			<-release
		}
	}
	within := contract.Duration(lookPatience + lookEvery).String() // a log would have been told by then
	got := safepoint(t, address, "doctor", "-o", "json", "--timeout", within)
	assert.Equal(t, codeNotChanged, got.code)
	assert.Empty(t, got.err)
	assert.Contains(t, safepoint(t, address, "doctor", "--timeout", "10s").err, "waiting up to 10s")
}

func TestALookThatTheAPIHoldsUpSaysWhatItsLastFailureWas(t *testing.T) {
	e, address := newExamined(t)
	e.closed, e.activity = nil, trying()
	got := safepoint(t, address, "snapshots", "--timeout", "1s")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "the worker has not answered in 1s: "+tryingText)
	assert.NotContains(t, got.err, "no worker")
	_, found := doctorSays(t, address, "--timeout", "1s")
	assert.Contains(t, found[findingCheckup].Detail, "the worker has not answered in 1s: SnapshotInventory goes on in attempt 4")
	assert.Contains(t, found[findingCheckup].Mend, "--timeout")
}

func TestALookThatIsAnsweredAtOnceSaysNothing(t *testing.T) {
	f, address := newFrontend(t)
	f.end(completed(t, contract.InventoryResult{Servers: 2}))
	assert.Empty(t, safepoint(t, address, "snapshots").err)
}
