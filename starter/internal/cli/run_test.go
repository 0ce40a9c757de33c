package cli

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestTheInputIsSentAsItIsUnknownFieldsIncluded(t *testing.T) {
	f, address := newFrontend(t)
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	const input = `{"server_id": 12345678901234567890, "updat": {"kind": "none"}, "server_id": 7}`
	got := safepointIn(t, t.Context(), address, input, "run", "snapshot-update-verify", "-f", "-", "--id", "deploy-1", "--task-queue", "q")
	require.Equal(t, codeOK, got.code, got.err)
	require.Len(t, f.starts, 1)
	start := f.starts[0]
	assert.Equal(t, "deploy-1", start.GetWorkflowId())
	assert.Equal(t, "q", start.GetTaskQueue().GetName())
	assert.Equal(t, workflows.TypeSnapshotUpdateVerify, start.GetWorkflowType().GetName())
	assert.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, start.GetWorkflowIdReusePolicy())
	require.Len(t, start.GetInput().GetPayloads(), 1)
	payload := start.GetInput().GetPayloads()[0]
	assert.Equal(t, "json/plain", string(payload.GetMetadata()["encoding"]))
	assert.Equal(t, `{"server_id":12345678901234567890,"updat":{"kind":"none"},"server_id":7}`, string(payload.GetData()),
		"numbers keep their digits, and double fields stay for the runbook to refuse")
}

func TestAnIDThatIsTakenStartsNothingAndSaysWhereToLook(t *testing.T) {
	f, address := newFrontend(t)
	f.exists = true
	got := safepoint(t, address, "run", "snapshot-update-verify", "--server=7", "--update=none", "--id=deploy-1", "--wait")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "a run with the id deploy-1 exists already")
	assert.Contains(t, got.err, "safepoint status deploy-1 --wait")
}

func TestWithoutWaitARunThatIsRefusedAtOnceIsNotAGoodStart(t *testing.T) {
	f, address := newFrontend(t)
	f.end(failed(t, contract.FailInvalidInput, "m", aReport(workflows.OutcomeNotChanged, contract.FailInvalidInput)))
	got := safepoint(t, address, "run", "snapshot-update-verify", "--server=7", "--update=none")
	assert.Equal(t, codeUsage, got.code)
}

func TestWithoutWaitTheAnswerIsTheRunsID(t *testing.T) {
	_, address := newFrontend(t)
	got := safepoint(t, address, "run", "snapshot-update-verify", "--server=7", "--update=none", "-o", "json")
	require.Equal(t, codeOK, got.code, got.err)
	var started map[string]string
	require.NoError(t, json.Unmarshal([]byte(got.out), &started))
	assert.Regexp(t, `^safepoint-update-7-\d{8}-\d{6}-[a-z2-7]{8}$`, started["workflow_id"])
	assert.Equal(t, testRunID, started["run_id"])
}

func TestInterruptingAWaitOnlyDetaches(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs, result := watched(t, ctx, address, 0, "status", "deploy-1", "--wait")
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "waiting for the report") }, waitFor, tick)
	cancel()
	got := awaitEnd(t, result)
	assert.Equal(t, codeDetached, got.code)
	assert.Contains(t, got.err, "detached: the run goes on")
	assert.Contains(t, got.err, "safepoint status deploy-1 --wait")
	assert.Contains(t, got.err, "waiting for the report", "progress goes to standard error")
	assert.Empty(t, got.out)
}

func TestStatusOfARunningRun(t *testing.T) {
	f, address := newFrontend(t)
	got := safepoint(t, address, "status", "deploy-1")
	assert.Equal(t, codeOK, got.code)
	assert.Contains(t, got.out, "no worker answers on task queue safepoint")

	f.status = changing("r1")
	got = safepoint(t, address, "status", "deploy-1", "-o", "json")
	var status workflows.Status
	require.NoError(t, json.Unmarshal([]byte(got.out), &status))
	assert.Equal(t, workflows.PhaseChange, status.Phase)
}

func TestAnIDThatIsNoRunbookIsBadUsage(t *testing.T) {
	f, address := newFrontend(t)
	f.workflowType = workflows.TypeServerLock
	got := safepoint(t, address, "status", "server-lock/7")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "is a ServerLock")

	f.missing = true
	got = safepoint(t, address, "status", "nope")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "there is no run nope")
}

func TestBadSettingsAndUnknownWordsAreBadUsage(t *testing.T) {
	got := safepoint(t, "http://temporal:7233", "status", "x")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "TEMPORAL_ADDRESS")
	for _, args := range [][]string{{"bogus"}, {"status"}, {"status", "a", "b"}, {"status", "x", "--nope"}, {"status", "x", "-o", "yaml"}, {"status", ""}, {"report", " "}, {"heartbeat", "", "--runner=r"}, {"decide", "", "commit"}, {"begin", "", "--server=7"},
		{"run", "snapshot-update-verify", "--server=7", "--update=none", "--id="},
		{"dev", "--speed=0"}, {"dev", "--speed=1e30"}, {"dev", "--speed=NaN"}, {"dev", "--servers=0"}, {"dev", "--servers=7,-1"}} {
		assert.Equal(t, codeUsage, safepoint(t, unreachable, args...).code, args)
	}
}

func TestNewIDsDiffer(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
	a, b := newID("update", 7, now), newID("update", 7, now)
	assert.NotEqual(t, a, b)
	assert.Regexp(t, regexp.MustCompile(`^safepoint-update-7-20260301-123000-`), a)
	assert.Regexp(t, regexp.MustCompile(`^safepoint-update-20260301-123000-`), newID("update", 0, now))
}
