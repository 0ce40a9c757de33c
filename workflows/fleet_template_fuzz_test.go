package workflows

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// FuzzFleetTemplate: whatever a template and a server say, the run that is made of them is about that server and as dry as
// its fleet, and what can be changed can be rolled back: the input that undoes it is about the same server and snapshot.
func FuzzFleetTemplate(f *testing.F) {
	servers := []contract.Server{
		sampleServer, {ID: 7, Name: "web-07", Hostname: "web07.example.com", IPAddress: "2001:db8::7", Location: "ber-1"}, {ID: 8},
		{ID: 9, Name: `x","server_id":1,"y":"`, Hostname: "h/../..", IPAddress: "::ffff:192.0.2.1", Location: "{{.Name}}"}, {ID: 10, Name: "server_id", Hostname: "dry_run"},
	}
	for i, template := range []string{
		`{"update":{"kind":"none"},"verify":{"skip":true}}`,
		`{"reason":"r","update":{"kind":"webhook","url":"https://{{.Hostname}}/hooks/{{.ServerID}}"},"verify":{"baseline":false,"checks":[{"kind":"tcp","address":"{{.IPAddress}}:22"}]}}`,
		`{"update":{"kind":"external"},"verify":{"checks":[{"name":"{{.Name}}","kind":"http","url":"http://{{.Name}}.{{.Location}}.example.com/"}]},"rollback":{"restore_timeout":"1h","hold_timeout":"2h"}}`,
		`{"update":{"kind":"none"},"verify":{"skip":true},"{{.Name}}":5}`, `{"update":{"kind":"none"},"verify":{"skip":true},"server\u005fid":5}`,
		`{"update":{"kind":"workflow","type":"T","task_queue":"q","input":{"{{.Name}}":"{{.Location}}"}},"verify":{"skip":true}}`,
		` { "update" : {"kind":"none"}, "verify" : {"skip":true} } `,
	} {
		for _, s := range servers {
			f.Add([]byte(template), i%2 == 0, s.ID, s.Name, s.Hostname, s.IPAddress, s.Location)
		}
	}
	f.Fuzz(func(t *testing.T, template []byte, dry bool, id int64, name, hostname, ip, location string) {
		whole, err := json.Marshal(map[string]any{"all": true, "dry_run": dry, "reason": "why", "template": json.RawMessage(template)})
		if err != nil {
			return // no JSON
		}
		in, err := decodeFleetUpdate(jsonInput(string(whole)))
		if err != nil {
			checkRefused(t, err)
			return
		}
		server := contract.Server{ID: 1 + int64(uint64(id)%maxServerID), Name: name, Hostname: hostname, IPAddress: ip, Location: location}
		made := newFleetTemplate(in)
		input, err := made.input(server)
		if err != nil {
			checkRefused(t, err)
			return
		}
		var loose SnapshotUpdateVerifyInput
		if err := json.Unmarshal(input, &loose); err != nil || loose.ServerID != server.ID || loose.DryRun != dry {
			t.Fatalf("server %d, dry %t: %s (%v)", server.ID, dry, input, err)
		}
		run, err := decodeSnapshotUpdateVerify(jsonInput(string(input)))
		if err != nil {
			checkRefused(t, err)
			return
		}
		if run.ServerID != server.ID || run.DryRun != dry || run.Reason == "" && !hasField(template, "reason") {
			t.Fatalf("server %d, dry %t: %+v", server.ID, dry, run)
		}
		checkUndo(t, made, server, run)
	})
}

func checkUndo(t *testing.T, made fleetTemplate, server contract.Server, run SnapshotUpdateVerifyInput) {
	t.Helper()
	input, err := made.undo(server, 801, "fleet/7")
	if err != nil {
		t.Fatalf("it can be changed and not be rolled back: %v", err)
	}
	undo, err := decodeRollbackByRestore(jsonInput(string(input)))
	if err != nil {
		t.Fatalf("it can be changed and not be rolled back: %s: %v", input, err)
	}
	want := run.Verify
	want.Baseline = false
	if undo.ServerID != server.ID || undo.Snapshot != (SnapshotChoice{ID: 801}) || !reflect.DeepEqual(undo.Verify, want) ||
		undo.Rollback != (RestoreLimits{RestoreTimeout: run.Rollback.RestoreTimeout, HoldTimeout: run.Rollback.HoldTimeout}) {
		t.Fatalf("changed by %+v and undone by %+v", run, undo)
	}
}
