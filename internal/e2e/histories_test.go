package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// recordVariable names the folder that histories are recorded to; without it nothing is.
const recordVariable = "SAFEPOINT_RECORD_HISTORIES"

// history reads a closed workflow's whole history.
func (r *rig) history(id string) *historypb.History {
	r.t.Helper()
	return r.historyOf(id, "")
}

// historyOf reads the history of one run, or of the latest.
func (r *rig) historyOf(id, runID string) *historypb.History {
	r.t.Helper()
	h := &historypb.History{}
	events := r.temp.GetWorkflowHistory(context.Background(), id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		require.NoError(r.t, err)
		h.Events = append(h.Events, e)
	}
	return h
}

// keep records the histories of a run and of its lock.
func (r *rig) keep(id, name string) {
	r.t.Helper()
	r.keepOne(id, name)
	r.keepOne(contract.LockWorkflowID(r.server), name+"-lock")
}

// keepOne records the history of the latest run of a workflow.
func (r *rig) keepOne(id, name string) {
	r.t.Helper()
	r.keepRun(id, "", name)
}

// keepRun records one history as a replay fixture, when it is told to.
func (r *rig) keepRun(id, runID, name string) {
	r.t.Helper()
	dir := os.Getenv(recordVariable)
	if dir == "" {
		return
	}
	host, err := os.Hostname()
	require.NoError(r.t, err)
	require.NoError(r.t, record(filepath.Join(dir, name+".json.gz"), r.historyOf(id, runID), host))
}

// record writes a history as Temporal's own JSON, compressed. One that is there stays: runs like it may go on somewhere,
// and must replay. The machine that it was recorded on is nobody's business: Temporal notes its name beside each task.
// The same history makes the same file.
func record(path string, history *historypb.History, host string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	loose, err := protojson.Marshal(history) // with spaces at random, on purpose: nobody is to rely on them
	if err != nil {
		return err
	}
	var text, packed bytes.Buffer
	if err := json.Indent(&text, loose, "", " "); err != nil {
		return err
	}
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression) // and no name or time in its header
	if err != nil {
		return err
	}
	nameless := strings.NewReplacer("@"+host+"@", "@worker@", `"`+host+":", `"worker:`).Replace(text.String())
	if _, err := zip.Write([]byte(nameless + "\n")); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}

func TestARecordedHistoryIsNeverOverwrittenAndNamesNoMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.json.gz"), filepath.Join(dir, "second.json.gz")
	history := &historypb.History{Events: []*historypb.HistoryEvent{{
		EventId: 1, EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskStartedEventAttributes{
			WorkflowTaskStartedEventAttributes: &historypb.WorkflowTaskStartedEventAttributes{Identity: "17@myhost@"},
		},
	}}}
	require.NoError(t, record(first, history, "myhost"))
	require.NoError(t, record(second, history, "myhost"))
	was, err := os.ReadFile(first)
	require.NoError(t, err)
	same, err := os.ReadFile(second)
	require.NoError(t, err)
	assert.Equal(t, was, same)
	zip, err := gzip.NewReader(bytes.NewReader(was))
	require.NoError(t, err)
	assert.Empty(t, zip.Name)
	assert.True(t, zip.ModTime.IsZero())
	var recorded bytes.Buffer
	_, err = recorded.ReadFrom(zip)
	require.NoError(t, err)
	assert.Contains(t, recorded.String(), "17@worker@")
	assert.NotContains(t, recorded.String(), "myhost")

	require.NoError(t, record(first, &historypb.History{}, "myhost"))
	still, err := os.ReadFile(first)
	require.NoError(t, err)
	assert.Equal(t, was, still)
}
