package workflows

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/target"
)

// fleetTemplate makes the inputs of a fleet's runs.
type fleetTemplate struct {
	data []byte
	// head stands in every run's input beside server_id.
	head map[string]any
}

func newFleetTemplate(in FleetUpdateInput) fleetTemplate {
	t := fleetTemplate{data: in.Template, head: map[string]any{}}
	if in.DryRun {
		t.head["dry_run"] = true
	}
	if in.Reason != "" && !hasField(in.Template, "reason") {
		t.head["reason"] = in.Reason
	}
	return t
}

// hasField says whether a JSON object has a field.
func hasField(object json.RawMessage, name string) bool {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return false // the template's own problem, found elsewhere
	}
	_, found := fields[name]
	return found
}

// expand puts the server into the template.
func (t fleetTemplate) expand(server contract.Server) ([]byte, error) {
	expanded, problems := target.Expand(t.data, server)
	return expanded, invalidInputError(target.At("template", problems))
}

// input is the SnapshotUpdateVerifyInput of one server. A server whose name or address is missing, or would change what
// a text of the template means, has none.
func (t fleetTemplate) input(server contract.Server) (json.RawMessage, error) {
	expanded, err := t.expand(server)
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(t.withServer(server.ID))
	if err != nil {
		return nil, fmt.Errorf("write the input of server %d: %w", server.ID, err)
	}
	return joinObjects(head, expanded), nil
}

func (t fleetTemplate) withServer(id int64) map[string]any {
	head := map[string]any{"server_id": id}
	for _, name := range []string{"dry_run", "reason"} {
		if value, ok := t.head[name]; ok {
			head[name] = value
		}
	}
	return head
}

// joinObjects writes two JSON objects, which have fields and share none, as one.
func joinObjects(a, b []byte) json.RawMessage {
	a, b = bytes.TrimSpace(a), bytes.TrimSpace(b)
	joined := make([]byte, 0, len(a)+len(b))
	joined = append(joined, a[:len(a)-1]...)
	joined = append(joined, ',')
	return append(joined, b[1:]...)
}

// fleetUndo is the part of a RollbackByRestoreInput that a fleet sets. Verify is the template's own words, so that the
// restored server is judged as the changed one was.
type fleetUndo struct {
	ServerID int64                      `json:"server_id"`
	Snapshot int64                      `json:"snapshot"`
	Reason   string                     `json:"reason"`
	Verify   map[string]json.RawMessage `json:"verify"`
	Rollback RestoreLimits              `json:"rollback"`
	Lock     LockInput                  `json:"lock"`
	AfterRun string                     `json:"after_run"`
}

// undo is the input that rolls a committed server back. Nobody is asked and no safety snapshot is taken: on_stop said
// so. A server that is in use by another run is refused, not waited for: that run is a later one.
func (t fleetTemplate) undo(server contract.Server, snapshotID int64, childID string) (json.RawMessage, error) {
	expanded, err := t.expand(server)
	if err != nil {
		return nil, err
	}
	var parts struct {
		Verify   map[string]json.RawMessage `json:"verify"`
		Rollback RestoreLimits              `json:"rollback"`
	}
	if err := json.Unmarshal(expanded, &parts); err != nil {
		return nil, fmt.Errorf("read the template of server %d: %w", server.ID, err)
	}
	delete(parts.Verify, "baseline") // there is none before a rollback
	return json.Marshal(fleetUndo{
		ServerID: server.ID, Snapshot: snapshotID, Reason: "the fleet stopped: on_stop is rollback_committed",
		Verify: parts.Verify, Rollback: parts.Rollback,
		Lock: LockInput{OnBusy: BusyFail}, AfterRun: childID,
	})
}
