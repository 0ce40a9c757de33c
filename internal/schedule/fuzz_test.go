package schedule

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// FuzzRead: a schedule file that is taken can be asked for, is then no different from what it says, and reads the same
// when it is written. One that is refused is refused in lines that can be shown.
func FuzzRead(f *testing.F) {
	for _, path := range []string{"schedule-nightly.json", "schedule-audit.json"} {
		data, err := os.ReadFile("../../starter/examples/" + path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	const audit = `{"id": "x", "runbook": "SnapshotAudit", "input": {"all": true, "max_age": "26h"}, `
	for _, seed := range []string{
		good, audit + `"spec": {"every": "1h", "offset": "59m", "jitter": "1m"}, "overlap": "buffer_all", "catch_up": "365d", "paused": true, "note": "é"}`,
		audit + `"spec": {"calendars": [{"second": "1", "minute": "*/15", "day_of_week": "mon-fri", "comment": "c"}], "time_zone": "Europe/Berlin"}}`,
		audit + `"spec": {"cron": ["@daily", "0 0 3 * * * 2027"], "start_at": "2026-01-01T00:00:00+14:00", "end_at": "9999-12-31T23:59:59Z"}}`,
		audit + `"spec": {"every": "1h", "start_at": "9999-12-31T23:59:59-23:59"}}`, audit + `"spec": {"every": "1h", "start_at": "0000-01-01T00:00:00Z"}}`,
		audit + `"spec": {"cron": ["\u202e * * * *"], "time_zone": "local"}, "id": "y"}`, `{}`, `null`, ``, `{"input": {"a": 1, "a": 2}}`,
		`{"id": "x", "runbook": "FleetUpdate", "input": {"retry_of": "f", "template": {"update": {"kind": "none"}, "verify": {"skip": true}}}, "spec": {"every": "1h"}}`,
		`{"id": "x", "runbook": "SnapshotUpdateVerify", "input": {"server_id": 7, "update": {"kind": "none"}, "verify": {"skip": true}}, "spec": {"every": "1h"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkFile(t, data) })
}

// FuzzSpec is FuzzRead for files whose form is right, with any words in them.
func FuzzSpec(f *testing.F) {
	f.Add("nightly", "0 3 * * *", "", "Europe/Berlin", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00+02:00", int64(0), int64(0), "note")
	f.Add("hourly", "", "", "UTC", "", "", int64(time.Hour), int64(time.Minute), "")
	f.Add("x", "", "mon-fri", "", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", int64(0), int64(time.Hour), "")
	f.Add("x\x1b", "CRON_TZ=UTC 0 3 * * *", "\u202e", "../UTC", "", "2026-02-30T00:00:00Z", int64(-1), int64(1)<<62, "a\nb")
	f.Fuzz(func(t *testing.T, id, cron, day, zone, start, end string, every, jitter int64, note string) {
		spec := map[string]any{}
		for name, value := range map[string]string{"time_zone": zone, "start_at": start, "end_at": end} {
			if value != "" {
				spec[name] = value
			}
		}
		switch {
		case cron != "":
			spec["cron"] = []string{cron, "0 5 1 * *"}
		case day != "":
			spec["calendars"] = []map[string]string{{"day_of_week": day, "comment": note}}
		default:
			spec["every"], spec["offset"] = contract.Duration(every), contract.Duration(jitter/2)
		}
		spec["jitter"] = contract.Duration(jitter)
		data, err := json.Marshal(map[string]any{
			"id": id, "runbook": "SnapshotAudit", "input": map[string]any{"all": true, "max_age": "26h"}, "spec": spec, "note": note, "workflow_id": id,
		})
		if err != nil {
			t.Fatal(err)
		}
		checkFile(t, data)
	})
}

func checkFile(t *testing.T, data []byte) {
	t.Helper()
	file, err := Read(data, "safepoint")
	if err != nil {
		checkRefusal(t, file, err)
		return
	}
	checkAsked(t, file)
	written, err := json.Marshal(file)
	if err != nil {
		t.Fatalf("taken, and it cannot be written: %v", err)
	}
	back, err := Read(written, "another")
	if err != nil || !reflect.DeepEqual(file, back) {
		t.Fatalf("%s\nwas read as %+v\nand then as %+v (%v)", data, file, back, err)
	}
}

func checkRefusal(t *testing.T, file File, err error) {
	t.Helper()
	var invalid *InvalidFileError
	if !errors.As(err, &invalid) || len(invalid.Problems) == 0 || !reflect.DeepEqual(file, File{}) {
		t.Fatalf("refused: %v, with %+v", err, file)
	}
	for _, p := range invalid.Problems {
		if p.Message == "" {
			t.Fatalf("a problem without a word: %+v", p)
		}
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Fatalf("not fit to be shown: %q", err)
	}
}

// checkAsked: what Temporal is asked for can be sent, and is what the file says.
func checkAsked(t *testing.T, file File) {
	t.Helper()
	schedule, memo, err := file.desired("word")
	if err != nil {
		t.Fatalf("taken, and it cannot be asked for: %v", err)
	}
	for _, message := range []proto.Message{schedule, memo} {
		if _, err := proto.Marshal(message); err != nil {
			t.Fatalf("taken, and it cannot be sent: %v", err)
		}
	}
	for _, at := range []interface{ CheckValid() error }{schedule.GetSpec().GetStartTime(), schedule.GetSpec().GetEndTime()} {
		if err := at.CheckValid(); !reflect.ValueOf(at).IsNil() && err != nil {
			t.Fatalf("taken, and no time for Temporal: %v", err)
		}
	}
	diff, err := differences(settingsOf(schedule), file.settings())
	if err != nil || len(diff) > 0 {
		t.Fatalf("asked for, and still different: %v (%v)", diff, err)
	}
	if words := file.Spec.Words(); strings.ContainsFunc(words, unicode.IsControl) {
		t.Fatalf("not one line: %q", words)
	}
}
