package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// outcome is what a command line left behind.
type outcome struct {
	code     int
	out, err string
}

// safepoint runs a command line against a frontend.
func safepoint(t *testing.T, address string, args ...string) outcome {
	t.Helper()
	return safepointIn(t, t.Context(), address, "", args...)
}

func safepointIn(t *testing.T, ctx context.Context, address, stdin string, args ...string) outcome {
	t.Helper()
	return run(t, ctx, address, stdin, false, args...)
}

// atTerminal is a person who answers a question.
func atTerminal(t *testing.T, address, answer string, args ...string) outcome {
	t.Helper()
	return run(t, t.Context(), address, answer, true, args...)
}

func run(t *testing.T, ctx context.Context, address, stdin string, terminal bool, args ...string) outcome {
	t.Helper()
	config := filepath.Join(t.TempDir(), "temporal.toml")
	assert.NoError(t, os.WriteFile(config, nil, 0o600))
	var out, errs bytes.Buffer
	code := Run(ctx, args, World{
		In: strings.NewReader(stdin), Out: &out, Err: &errs, Dial: client.DialContext, Version: "v1", Outage: testOutage, Terminal: terminal,
		Environ: []string{"TEMPORAL_ADDRESS=" + address, "TEMPORAL_CONFIG_FILE=" + config},
	})
	return outcome{code, out.String(), errs.String()}
}

// testOutage is short: most of these tests wait for its end.
const testOutage = time.Second

// longOutage is for tests whose subject is not the end of Temporal's patience.
const longOutage = 10 * time.Second

// unreachable is an address where nothing listens.
const unreachable = "127.0.0.1:1"

func aReport(o workflows.Outcome, failure string) *workflows.Report {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &workflows.Report{
		Runbook: workflows.TypeSnapshotUpdateVerify, WorkflowID: "deploy-1", RunID: testRunID, ServerID: 7, Outcome: o, Failure: failure,
		Summary: "what happened", StartedAt: began, EndedAt: began.Add(time.Minute),
	}
}

// changing is the status of a run whose change was granted to a runner.
func changing(runner string) *workflows.Status {
	return &workflows.Status{
		ServerID: 7, Phase: workflows.PhaseChange, WaitingFor: "the report",
		Change: &workflows.ChangeRecord{Kind: workflows.UpdateExternal, Runner: runner},
	}
}

func grant() workflows.BeginAnswer {
	return workflows.BeginAnswer{
		Granted: true, Snapshot: contract.RestorePoint{ID: 801, Name: "pre-update-7"},
		Timeout: workflows.Duration(30 * time.Minute), HeartbeatTimeout: workflows.Duration(2 * time.Minute),
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
