package workflows

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// newLook is a harness for one of the looks that are no runbooks, with what its activity finds.
func newLook(t *testing.T, kind string, input any) *harness {
	t.Helper()
	h := newHarness(t)
	h.runbook, h.input = kind, input
	double(h, contract.ActivityInventory, func(contract.InventoryInput) contract.InventoryResult {
		return contract.InventoryResult{Servers: 3, Counts: contract.InventoryCounts{Snapshots: 1}, Rows: []contract.InventoryRow{{ID: 801}}}
	})
	double(h, contract.ActivityCheckup, func(in contract.CheckupInput) contract.CheckupResult {
		return contract.CheckupResult{Version: "v1", Findings: []contract.Finding{{Name: contract.FindingAPI, State: contract.FindingBad, Mend: "x"}}}
	})
	return h
}

// lookInput is what a test starts a look with: a JSON text.
func lookInput(text string) any { return json.RawMessage(text) }

// look runs one of the looks to its end. They have no phases, so what must hold for every runbook is not asked of them.
func (h *harness) look() ended {
	h.t.Helper()
	h.env.ExecuteWorkflow(h.runbook, rawJSON(h.input.(json.RawMessage)))
	require.True(h.t, h.env.IsWorkflowCompleted())
	e := ended{harness: h, err: h.env.GetWorkflowError()}
	var app *temporal.ApplicationError
	var canceled *temporal.CanceledError
	switch {
	case errors.As(e.err, &app):
		require.NoError(h.t, app.Details(&e.report))
		require.True(h.t, app.NonRetryable())
		e.failure = app.Type()
	case errors.As(e.err, &canceled):
		require.NoError(h.t, canceled.Details(&e.report))
	default:
		require.NoError(h.t, e.err)
	}
	return e
}

func foundBy[T any](t *testing.T, h *harness) T {
	t.Helper()
	var result T
	require.NoError(t, h.env.GetWorkflowResult(&result))
	return result
}

func TestAnInventoryAsksOnceAndAnswersWithWhatThereIs(t *testing.T) {
	h := newLook(t, TypeSnapshotInventory, lookInput(`{"servers": [1, 2], "policy": {"name": "nightly", "keep_daily": 3, "expire_after": "30d"}}`))
	h.look()
	assert.EqualValues(t, 801, foundBy[contract.InventoryResult](t, h).Rows[0].ID)
	assert.Equal(t, []contract.InventoryInput{{
		Selector: contract.Selector{Servers: []int64{1, 2}},
		Policies: []contract.RetentionRules{
			{Name: contract.PolicyUpdate, KeepLast: 2}, {Name: contract.PolicySafety, KeepLast: 1},
			{Name: "nightly", KeepDaily: 3, ExpireAfter: Duration(30 * day)},
		},
	}}, inputs[contract.InventoryInput](h, contract.ActivityInventory))
	assert.Empty(t, h.upserts, "the search attributes may be the very thing that is missing")
	assert.Empty(t, h.locks)
}

func TestThePolicyOfAnInventoryReplacesADefaultOfItsName(t *testing.T) {
	h := newLook(t, TypeSnapshotInventory, lookInput(`{"all": true, "policy": {"name": "update", "keep_last": 4}}`))
	h.look()
	assert.Equal(t, []contract.RetentionRules{{Name: contract.PolicySafety, KeepLast: 1}, {Name: contract.PolicyUpdate, KeepLast: 4}},
		inputs[contract.InventoryInput](h, contract.ActivityInventory)[0].Policies)
}

func TestEveryProblemOfABadInventoryIsReportedAtItsPath(t *testing.T) {
	for text, paths := range map[string]string{
		`{}`:                            "servers",
		`{"all": true, "servers": [1]}`: "all",
		`{"all": true, "policy": {"keep_last": 9}, "x": 1}`:     "x policy.keep_last",
		`{"all": true, "policy": {}}`:                           "policy",
		`{"all": true, "policy": {"name": "-", "min_count":1}}`: "policy.name policy",
	} {
		_, err := decodeSnapshotInventory(jsonInput(text))
		assert.Equal(t, strings.Fields(paths), problemPaths(problemsIn(t, err)), "%s: %v", text, err)
	}
	in, err := decodeSnapshotInventory(jsonInput(`{"all": true, "policy": {"keep_last": 3}}`))
	require.NoError(t, err)
	assert.Equal(t, contract.PolicyRotation, in.Policy.Name, "the name that a rotation without one has")
	e := newLook(t, TypeSnapshotInventory, lookInput(`{}`)).look()
	assert.Equal(t, contract.FailInvalidInput, e.failure)
}

func TestAnInventoryThatCannotBeMadeSaysWhy(t *testing.T) {
	for class, advice := range map[string]string{contract.ErrUnauthorized: "VPS_API_TOKEN", contract.ErrNotFound: "VPS_API_URL", contract.ErrUnavailable: "API's state"} {
		h := newLook(t, TypeSnapshotInventory, lookInput(`{"all": true}`))
		h.on(contract.ActivityInventory, apiError(class))
		e := h.look()
		assert.Equal(t, contract.FailPreflight, e.failure)
		assert.Contains(t, e.report.Next, advice)
	}
}

func TestACheckupTakesNoInputAtAllAsWellAsAServer(t *testing.T) {
	for _, raw := range []converter.RawValue{converter.NewRawValue(nil), payloadOf(converter.MetadataEncodingNil, ""), jsonInput(`{}`)} {
		in, err := decodeCheckup(raw)
		require.NoError(t, err)
		assert.Zero(t, in)
	}
	for text, path := range map[string]string{`[]`: rootPath, `{"server_id": -1}`: "server_id", `{"server": 1}`: "server", `{"server_id": "1"}`: "server_id"} {
		_, err := decodeCheckup(jsonInput(text))
		assert.Equal(t, []string{path}, problemPaths(problemsIn(t, err)), text)
	}
	h := newLook(t, TypeCheckup, lookInput(`{"server_id": 7}`))
	h.look()
	assert.Equal(t, []contract.CheckupInput{{ServerID: 7}}, inputs[contract.CheckupInput](h, contract.ActivityCheckup))
	assert.Equal(t, "v1", foundBy[contract.CheckupResult](t, h).Version)
	assert.Empty(t, h.upserts)
	assert.Equal(t, contract.FailInvalidInput, newLook(t, TypeCheckup, lookInput(`{"server_id": -1}`)).look().failure)
}

func TestACheckupThatNoWorkerFinishesIsAFindingToo(t *testing.T) {
	h := newLook(t, TypeCheckup, lookInput(`{}`))
	h.on(contract.ActivityCheckup, step{err: temporal.NewApplicationError("the worker was killed", "x")})
	h.look()
	found := foundBy[contract.CheckupResult](t, h).Findings
	require.Len(t, found, 1)
	assert.Equal(t, contract.FindingBad, found[0].State)
	assert.Contains(t, found[0].Detail, "the worker was killed")
	assert.NotEmpty(t, found[0].Mend)
	assert.Len(t, h.calls, 2, "one more attempt, and then somebody is told")
}

func TestALookThatIsCanceledIsCanceled(t *testing.T) {
	for kind, name := range map[string]string{TypeSnapshotInventory: contract.ActivityInventory, TypeCheckup: contract.ActivityCheckup} {
		h := newLook(t, kind, lookInput(`{}`))
		if kind == TypeSnapshotInventory {
			h.input = lookInput(`{"all": true}`)
		}
		h.on(name, step{during: h.env.CancelWorkflow, never: true})
		e := h.look()
		var canceled *temporal.CanceledError
		assert.ErrorAs(t, e.err, &canceled, kind)
		assert.Equal(t, OutcomeCanceled, e.report.Outcome, kind)
	}
}

// A person waits for a checkup: it ends on its own soon, whatever the worker does.
func TestACheckupHasAnEndThatAPersonWaitsFor(t *testing.T) {
	o := activityOptionsOf(t, checkupOptions)
	assert.LessOrEqual(t, o.ScheduleToCloseTimeout, 90*time.Second)
	assert.EqualValues(t, 2, o.RetryPolicy.MaximumAttempts)
	assert.Equal(t, heartbeatTimeout, o.HeartbeatTimeout)
}
