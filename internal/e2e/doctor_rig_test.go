package e2e

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// told is what one `safepoint doctor -o json` said.
type told struct {
	r        *rig
	code     int
	findings []contract.Finding
}

// command runs the command line with what a person's terminal has: no token, and the rig's task queue.
func (r *rig) command(environ []string, args ...string) *program {
	r.t.Helper()
	own := slices.DeleteFunc(stack.Env(), func(entry string) bool { return strings.HasPrefix(entry, "VPS_") })
	own = append(own, "SAFEPOINT_TASK_QUEUE="+r.queue)
	return launch(r.t, programPath("safepoint"), append(own, environ...), args...) // the last of a name counts
}

// doctor runs `safepoint doctor`. What it says as JSON holds a finding of each name once.
func (r *rig) doctor(environ []string, args ...string) told {
	r.t.Helper()
	p := r.command(environ, append([]string{"doctor", "-o", "json"}, args...)...)
	code := p.exit(patience)
	var reply struct {
		OK       bool               `json:"ok"`
		Findings []contract.Finding `json:"findings"`
	}
	require.NoError(r.t, json.Unmarshal([]byte(p.output.String()), &reply), p.output.String())
	require.Equal(r.t, reply.OK, code == 0, "the exit code says the same")
	seen := map[string]bool{}
	for _, f := range reply.Findings {
		require.False(r.t, seen[f.Name], f.Name)
		require.Equal(r.t, f.State == contract.FindingOK, f.Mend == "", "%+v", f)
		seen[f.Name] = true
	}
	for _, name := range contract.WorkerFindings() {
		require.True(r.t, seen[name], "%s is told, or said to be not checked", name)
	}
	return told{r, code, reply.Findings}
}

// served is doctor, once both of the worker's queues are polled: a worker that says that it is ready has begun to, and
// Temporal may not have heard of it.
func (r *rig) served(environ []string, args ...string) (d told) {
	r.t.Helper()
	r.eventually(patience, "Temporal to hear of the worker's polls", func() bool {
		d = r.doctor(environ, args...)
		return d.of("worker").State == contract.FindingOK && d.of("worker of waits").State == contract.FindingOK
	})
	return d
}

// bad wants exactly these to be mended, and returns the first of them.
func (d told) bad(names ...string) contract.Finding {
	d.r.t.Helper()
	require.Equal(d.r.t, 1, d.code, "%+v", d.findings)
	var bad []string
	var first contract.Finding
	for _, f := range d.findings {
		if f.State == contract.FindingBad {
			bad = append(bad, f.Name)
			if f.Name == names[0] {
				first = f
			}
		}
	}
	require.ElementsMatch(d.r.t, names, bad, "%+v", d.findings)
	return first
}

// of is a finding by its name.
func (d told) of(name string) contract.Finding {
	d.r.t.Helper()
	at := slices.IndexFunc(d.findings, func(f contract.Finding) bool { return f.Name == name })
	require.GreaterOrEqual(d.r.t, at, 0, name)
	return d.findings[at]
}

// unregister takes a search attribute away from a Temporal server of the test's own, and waits until it is gone.
func (r *rig) unregister(address, name string) {
	r.t.Helper()
	c, err := client.Dial(client.Options{HostPort: address})
	require.NoError(r.t, err)
	defer c.Close()
	_, err = c.OperatorService().RemoveSearchAttributes(r.t.Context(), &operatorservice.RemoveSearchAttributesRequest{
		Namespace: "default", SearchAttributes: []string{name}})
	require.NoError(r.t, err)
	r.eventually(patience, "the search attribute to go", func() bool {
		list, err := c.OperatorService().ListSearchAttributes(r.t.Context(), &operatorservice.ListSearchAttributesRequest{Namespace: "default"})
		_, there := list.GetCustomAttributes()[name]
		return err == nil && !there
	})
}
