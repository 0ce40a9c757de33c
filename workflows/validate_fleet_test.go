package workflows

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

const goodTemplate = `{"update": {"kind": "none"}, "verify": {"skip": true}}`

func TestEveryProblemOfAFleetIsListedByItsPath(t *testing.T) {
	cases := []struct{ name, input, want string }{
		{"nothing says which servers", `{"template": ` + goodTemplate + `}`, "servers: is required"},
		{"two say it", `{"servers": [1], "all": true, "template": ` + goodTemplate + `}`, "all: is given beside servers"},
		{"retry beside servers", `{"servers": [1], "retry_of": "x", "template": ` + goodTemplate + `}`, "servers: is given beside retry_of"},
		{"no template", `{"all": true}`, "template: is required"},
		{"template is no object", `{"all": true, "template": [1]}`, "template: must be one JSON object"},
		{"unknown template field", `{"all": true, "template": {"updat": 1}}`, "template.updat: is not a known field"},
		{"template lacks its kind", `{"all": true, "template": {"verify": {"skip": true}}}`, "template.update.kind: is required"},
		{"template has a server", `{"all": true, "template": {"server_id": 7, "update": {"kind": "none"}, "verify": {"skip": true}}}`, "template.server_id: must not be given"},
		{"template has dry_run", `{"all": true, "template": {"dry_run": true, "update": {"kind": "none"}, "verify": {"skip": true}}}`, "template.dry_run: must not be given"},
		{"template function", `{"all": true, "template": {"reason": "{{len .Name}}", "update": {"kind": "none"}, "verify": {"skip": true}}}`, "template.reason: is not a template"},
		{"template field", `{"all": true, "template": {"reason": "{{.Secret}}", "update": {"kind": "none"}, "verify": {"skip": true}}}`, "template.reason: has the unknown field"},
		{"a fleet in a fleet", `{"all": true, "template": {"update": {"kind": "workflow", "type": "FleetUpdate", "task_queue": "q"}, "verify": {"skip": true}}}`, "template.update.type: must not be FleetUpdate"},
		{"concurrency 0", `{"all": true, "max_concurrency": 0, "template": ` + goodTemplate + `}`, "max_concurrency: must be at least 1"},
		{"concurrency", `{"all": true, "max_concurrency": 201, "template": ` + goodTemplate + `}`, "max_concurrency: must be at most 200"},
		{"percent", `{"all": true, "max_errors": "101%", "template": ` + goodTemplate + `}`, "max_errors: "},
		{"pause without canary", `{"all": true, "canary": {"pause": "1h"}, "template": ` + goodTemplate + `}`, "canary.count: is required"},
		{"pause too long", `{"all": true, "canary": {"count": 1, "pause": "721h"}, "template": ` + goodTemplate + `}`, "canary.pause: must be from"},
		{"on_stop", `{"all": true, "on_stop": "explode", "template": ` + goodTemplate + `}`, "on_stop: must be one of leave, rollback_committed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := decodeFleetUpdate(rawJSON([]byte(c.input)))
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
	_, err := decodeFleetUpdate(rawJSON([]byte(`{"max_errors": -1, "on_stop": "x", "template": {"update": {"kind": "y"}}}`)))
	require.Error(t, err)
	for _, path := range []string{"max_errors:", "servers:", "on_stop:", "template.update.kind:", "template.verify.checks:"} {
		assert.Contains(t, err.Error(), path)
	}
}

func TestTheExampleOfAFleetIsAGoodInput(t *testing.T) {
	in, err := decodeFleetUpdate(rawJSON([]byte(exampleFleet)))
	require.NoError(t, err)
	assert.Equal(t, Amount{Number: 5}, in.MaxConcurrency)
	assert.Equal(t, StopLeave, in.OnStop)
	assert.Equal(t, Amount{}, in.MaxErrors)
}

func TestWhatIsMadeOfAGoodTemplateIsAGoodInput(t *testing.T) {
	in := newFleet(t, 1, func(in *FleetUpdateInput) { in.Reason, in.DryRun = "why", true }).in
	data, err := newFleetTemplate(in).input(sampleServer)
	require.NoError(t, err)
	made, err := decodeSnapshotUpdateVerify(rawJSON(data))
	require.NoError(t, err)
	assert.Equal(t, sampleServer.ID, made.ServerID)
	assert.True(t, made.DryRun)
	assert.Equal(t, "why", made.Reason)
}

func TestABadFleetContactsNobodyAndSaysSoToEveryUpdate(t *testing.T) {
	h := newFleet(t, 3, func(in *FleetUpdateInput) { in.Template = nil })
	var a *answerOf
	h.at(0, func() { a = h.update(UpdatePause, FleetRequest{}) })
	e := h.run()
	assert.Equal(t, "InvalidInput", e.failure)
	assert.Empty(t, h.starts)
	if a != nil && a.accepted {
		assert.Error(t, a.err)
	}
}

// A second input is the state of the run before, and nobody else's.
func TestASecondInputFromAUserIsRefused(t *testing.T) {
	forged := `{"first_run_id": %q, "selected": true, "exhausted": true, "total": 1, "counts": {"done": 1}}`
	for name, c := range map[string]struct {
		payload   *commonpb.Payload
		continued string
	}{
		"a first run":             {rawJSON([]byte(fmt.Sprintf(forged, testFirstRun))).Payload(), ""},
		"a run of a cron":         {rawJSON([]byte(fmt.Sprintf(forged, "guessed"))).Payload(), "the-run-before"},
		"without the first run":   {rawJSON([]byte(fmt.Sprintf(forged, ""))).Payload(), "the-run-before"},
		"something else entirely": {rawJSON([]byte(`[1, 2]`)).Payload(), "the-run-before"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 3)
			h.env.SetContinuedExecutionRunID(c.continued)
			h.env.ExecuteWorkflow(TypeFleetUpdate, rawJSON([]byte(`{"all": true, "template": `+goodTemplate+`}`)), converter.NewRawValue(c.payload))
			err := h.env.GetWorkflowError()
			require.Error(t, err)
			assert.Contains(t, err.Error(), "two inputs or more")
			assert.Empty(t, h.starts)
		})
	}
}

func TestAWorkflowIDThatIsTooLongIsRefused(t *testing.T) {
	h := newFleet(t, 1)
	h.longID = strings.Repeat("x", maxFanOutID+1)
	e := h.run()
	assert.Equal(t, "InvalidInput", e.failure)
	assert.Contains(t, e.report.Summary, "workflow id: must have at most 150 bytes")
}
