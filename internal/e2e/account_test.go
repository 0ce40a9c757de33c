package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// rigOfAccount is a rig with an account of its own: a stand-in that nobody else asks. It is for tests of many servers,
// whose waits are answered by one list of the whole account, and whose faults would hit everybody's lists.
func rigOfAccount(t *testing.T, settings map[string]string) *rig {
	t.Helper()
	return rigOfAccountAt(t, fakeSpeed, settings)
}

// rigOfAccountAt is rigOfAccount with a pace of the API's clock: at 1 nothing grows old while a test looks at it.
func rigOfAccountAt(t *testing.T, speed float64, settings map[string]string) *rig {
	t.Helper()
	token := secrets.newToken("the token of an account")
	fake := vpsfake.New(vpsfake.Options{Token: token, Speed: speed, Settle: lawSettle})
	t.Cleanup(fake.Close)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	r := &rig{t: t, server: 1000 + nextServer.Add(1), api: server.URL}
	r.queue = fmt.Sprintf("e2e-%d", r.server)
	var err error
	r.temp, err = stack.Client()
	require.NoError(t, err)
	env := map[string]string{"VPS_API_URL": server.URL + "/api/v1", "VPS_API_TOKEN": token}
	for name, value := range settings {
		env[name] = value
	}
	r.worker, err = stack.AddWorkerWith(t.Context(), r.queue, env)
	require.NoError(t, err)
	t.Cleanup(r.worker.Kill)
	return r
}

// violations are the laws that the account's client broke.
func (r *rig) violations() []vpsfake.Violation {
	r.t.Helper()
	var broken []vpsfake.Violation
	r.control(http.MethodGet, "violations", nil, &broken)
	return broken
}

// startOf starts a runbook by its type.
func (r *rig) startOf(runbook, id string, in any) client.WorkflowRun {
	r.t.Helper()
	run, err := r.temp.ExecuteWorkflow(r.t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: r.queue, WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, runbook, in)
	require.NoError(r.t, err)
	return run
}

// neighbours adds further servers for the test.
func (r *rig) neighbours(n int) []int64 {
	r.t.Helper()
	ids := make([]int64, 0, n)
	for range n {
		id := 1000 + nextServer.Add(1)
		r.control(http.MethodPost, "servers", vpsfake.ServerSpec{ID: id, Name: fmt.Sprintf("web%d", id), Version: "1.0.0"}, nil)
		ids = append(ids, id)
	}
	return ids
}
