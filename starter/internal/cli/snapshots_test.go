package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestSnapshotsMeansTheWholeAccountUnlessServersAreNamed(t *testing.T) {
	for input, args := range map[string][]string{
		`{"all": true}`:                  nil,
		`{"all": true} `:                 {"--all"},
		`{"servers": [7, 8]}`:            {"--server", "7", "--server", "8"},
		`{"selector": {"exclude": [9]}}`: {"--exclude", "9"}, // for the worker to refuse: of which servers?
		`{"selector": {"name": "web-*"}, "policy": {"name": "nightly", "keep_daily": 3}}`: {"--name", "web-*", "--policy", "nightly", "--keep-daily", "3"},
	} {
		f, address := newFrontend(t)
		f.end(completed(t, contract.InventoryResult{Servers: 2, ClockOf: contract.ClockAPI}))
		got := safepoint(t, address, append([]string{"snapshots"}, args...)...)
		require.Equal(t, codeOK, got.code, got.err)
		assert.Contains(t, got.out, "0 snapshots of 2 servers")
		require.Len(t, f.starts, 1)
		assert.Equal(t, workflows.TypeSnapshotInventory, f.starts[0].GetWorkflowType().GetName())
		assert.JSONEq(t, input, string(f.starts[0].GetInput().GetPayloads()[0].GetData()))
		assert.Positive(t, f.starts[0].GetWorkflowExecutionTimeout().AsDuration(), "one that nobody answers ends by itself")
	}
}

func TestSnapshotsThatCannotBeListedSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		with func(f *frontend)
		code int
		says string
	}{
		"no worker": {func(*frontend) {}, codeNotChanged, "safepoint doctor"},
		"bad input": {func(f *frontend) { f.end(failed(f.t, contract.FailInvalidInput, "servers: is required", nil)) }, codeUsage, "servers: is required"},
		"the API": {func(f *frontend) {
			f.end(failed(f.t, contract.FailPreflight, "The snapshots could not be listed", nil))
		}, codeNotChanged, "could not be listed"},
		"ended": {func(f *frontend) { f.end(terminated()) }, codeNotChanged, "Nothing was written"},
		"a definite no": {func(f *frontend) {
			f.fails = func(string) error { return serviceerror.NewPermissionDenied("no", "") }
		}, codeUsage, "TEMPORAL_API_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, address := newFrontend(t)
			c.with(f)
			got := safepoint(t, address, "snapshots", "--timeout", "5s")
			assert.Equal(t, c.code, got.code, got.err)
			assert.Contains(t, got.err, c.says)
			assert.Empty(t, got.out)
		})
	}
	f, address := newFrontend(t)
	f.end(completed(t, contract.InventoryResult{Missing: []int64{7}, Counts: contract.InventoryCounts{Missing: 1}}))
	got := safepoint(t, address, "snapshots", "--server", "7")
	assert.Equal(t, codeNotChanged, got.code, "nothing is no answer to a script")
	assert.Contains(t, got.out, "the account does not have: server 7")
	got = safepoint(t, unreachable, "snapshots")
	assert.Equal(t, codeNotChanged, got.code)
	assert.Contains(t, got.err, "Nothing was asked")
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "snapshots", "--timeout", "0s").code)
}
