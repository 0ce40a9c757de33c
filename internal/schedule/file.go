package schedule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// File is what a schedule file says.
type File struct {
	// ID is the schedule's id in the namespace, up to 128 bytes; required.
	ID string `json:"id"`
	// Runbook is the workflow type to start, such as SnapshotRotation; required.
	Runbook string `json:"runbook"`
	// Input is the runbook's own JSON object; required.
	Input json.RawMessage `json:"input"`
	// Spec says when; required.
	Spec Spec `json:"spec"`
	// Overlap is what happens when the run before still runs; default skip.
	Overlap Overlap `json:"overlap"`
	// CatchUp is how late a run may start after an outage of Temporal, from 10s to 8760h; default 1h.
	CatchUp contract.Duration `json:"catch_up"`
	// WorkflowID starts the ids of the runs, Temporal appends the time; default the schedule's id.
	WorkflowID string `json:"workflow_id"`
	// TaskQueue is the workers' queue; default the caller's.
	TaskQueue string `json:"task_queue"`
	// Paused and Note only count when the schedule is created: afterwards they are a person's.
	Paused bool   `json:"paused,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Spec says when a schedule runs, by exactly one of Cron, Every and Calendars.
type Spec struct {
	// Cron are expressions of 5 fields (minute, hour, day of month, month, day of week), or shorthands such as "@daily". In
	// those of 7 the first one is the second, and names one.
	Cron []string `json:"cron,omitempty"`
	// Every is the time between two runs, counted from 1970, from 1m to 8760h; Offset shifts it and is less than Every.
	Every  contract.Duration `json:"every,omitempty"`
	Offset contract.Duration `json:"offset,omitempty"`
	// Calendars are sets of times; a time that fits one of them counts.
	Calendars []Calendar `json:"calendars,omitempty"`
	// TimeZone is the IANA name that Cron and Calendars are read in; default UTC.
	TimeZone string `json:"time_zone,omitempty"`
	// Jitter puts each run off by a random time up to this, from 0s to 24h; default none.
	Jitter contract.Duration `json:"jitter,omitempty"`
	// StartAt and EndAt bound the runs, both included; default no bounds.
	StartAt time.Time `json:"start_at,omitzero"`
	EndAt   time.Time `json:"end_at,omitzero"`
}

// Calendar matches times whose every field fits: "*", "3", "1-5", "*/15", "mon-fri", or a list of those. Second is one
// number.
type Calendar struct {
	Second     string `json:"second,omitempty"`       // default 0
	Minute     string `json:"minute,omitempty"`       // default 0
	Hour       string `json:"hour,omitempty"`         // default 0
	DayOfMonth string `json:"day_of_month,omitempty"` // default *
	Month      string `json:"month,omitempty"`        // default *
	Year       string `json:"year,omitempty"`         // default *
	DayOfWeek  string `json:"day_of_week,omitempty"`  // default *
	Comment    string `json:"comment,omitempty"`
}

// InvalidFileError is a schedule file that cannot be used, with everything that is wrong with it.
type InvalidFileError struct {
	Problems []strictjson.Problem
}

// Error lists the problems, one a line.
func (e *InvalidFileError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the schedule cannot be used (problems: %d):", len(e.Problems))
	for i, p := range e.Problems {
		if i == strictjson.MaxProblems {
			fmt.Fprintf(&b, "\n- and %d more", len(e.Problems)-i)
			break
		}
		path := p.Path
		if path == "" {
			path = "schedule"
		}
		fmt.Fprintf(&b, "\n- %s: %s", path, p.Message)
	}
	return b.String()
}

// defaultCatchUp is short: a rotation that missed its night must not run in the middle of the day after next. Temporal's
// own default is a year.
const defaultCatchUp = contract.Duration(time.Hour)

// Read decodes and validates a schedule file, the runbook's input included, and fills the defaults. The error is an
// *InvalidFileError. taskQueue is the default of task_queue.
func Read(data []byte, taskQueue string) (File, error) {
	f := File{Overlap: OverlapSkip, CatchUp: defaultCatchUp, TaskQueue: taskQueue}
	problems := strictjson.Decode(data, &f)
	v := &validator{decoded: problems}
	v.file(&f)
	if problems = append(problems, v.problems...); len(problems) > 0 {
		return File{}, &InvalidFileError{Problems: problems}
	}
	var input bytes.Buffer
	if err := json.Compact(&input, f.Input); err != nil {
		return File{}, &InvalidFileError{Problems: []strictjson.Problem{{Path: "input", Message: "is not JSON: " + err.Error()}}}
	}
	f.Input = input.Bytes()
	f.Spec.StartAt, f.Spec.EndAt = f.Spec.StartAt.UTC(), f.Spec.EndAt.UTC() // the same moment is no difference
	if f.WorkflowID == "" {
		f.WorkflowID = f.ID
	}
	return f, nil
}

// Words says in one line when a spec runs.
func (s Spec) Words() string {
	var when []string
	for _, cron := range s.Cron {
		when = append(when, "cron "+cron)
	}
	if s.Every > 0 {
		when = append(when, "every "+s.Every.String())
	}
	for _, calendar := range s.Calendars {
		when = append(when, "calendar "+calendar.words())
	}
	text := strings.Join(when, " or ")
	if s.Offset > 0 {
		text += ", offset " + s.Offset.String()
	}
	if s.Jitter > 0 {
		text += ", jitter " + s.Jitter.String()
	}
	if s.TimeZone != "" {
		text += ", " + s.TimeZone
	}
	return text
}

// Zone is the place whose clocks the times are shown in.
func (s Spec) Zone() *time.Location {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.UTC // not reached for a file that was read
	}
	return zone
}

func (c Calendar) words() string {
	var parts []string
	for _, field := range []struct{ name, value string }{
		{"second", c.Second}, {"minute", c.Minute}, {"hour", c.Hour}, {"day_of_month", c.DayOfMonth}, {"month", c.Month}, {"year", c.Year}, {"day_of_week", c.DayOfWeek},
	} {
		if field.value != "" {
			parts = append(parts, field.name+"="+field.value)
		}
	}
	return strings.Join(parts, " ")
}
