package schedule

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a time zone is the same on a machine that has none of them installed
	"unicode"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Bounds of a schedule file, as the comments of its fields state them.
const (
	maxID      = 128         // bytes: a run of many servers takes 150 for its own id, of which 21 are the time that Temporal appends
	maxNote    = 500         // characters
	maxTimes   = 50          // crons or calendars
	maxField   = 200         // characters of a cron or of a calendar's field
	minEvery   = time.Minute // a runbook takes minutes: what is due more often is a slip of the pen
	maxEvery   = 365 * 24 * time.Hour
	maxJitter  = 24 * time.Hour
	minCatchUp = 10 * time.Second // Temporal's own
	maxCatchUp = 365 * 24 * time.Hour
)

// validator collects problems. Paths that could not be read already have theirs and get no second one.
type validator struct {
	decoded  []strictjson.Problem
	problems []strictjson.Problem
}

func (v *validator) add(path, format string, args ...any) {
	for _, p := range v.decoded {
		if p.Path == path || strings.HasPrefix(p.Path, path+".") || strings.HasPrefix(p.Path, path+"[") {
			return
		}
	}
	v.problems = append(v.problems, strictjson.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (v *validator) file(f *File) {
	if f.ID == "" {
		v.add("id", `is required: the schedule's name, such as "nightly-web"`)
	}
	v.word("id", f.ID)
	v.word("workflow_id", f.WorkflowID)
	v.word("task_queue", f.TaskQueue)
	if f.TaskQueue == "" {
		v.add("task_queue", "must not be empty: leave it out, or name the workers' queue")
	}
	v.input(f)
	v.spec(f.Spec)
	if !f.Overlap.known() {
		v.add("overlap", "must be one of %s, got %s", overlapNames(), strictjson.Quote(string(f.Overlap)))
	}
	v.duration("catch_up", f.CatchUp, minCatchUp, maxCatchUp)
	if utf8.RuneCountInString(f.Note) > maxNote || strings.ContainsFunc(f.Note, unicode.IsControl) {
		v.add("note", "must be one line of at most %d characters", maxNote)
	}
}

// word is a name that people type and paste: ids and queues.
func (v *validator) word(path, word string) {
	bad := func(r rune) bool { return r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) }
	if len(word) > maxID || strings.ContainsFunc(word, bad) {
		v.add(path, "must be at most %d bytes of printable characters without spaces, got %s", maxID, strictjson.Quote(word))
	}
}

// input is judged by the runbook itself, so that a schedule never starts what is refused each night.
func (v *validator) input(f *File) {
	if f.Runbook == "" {
		v.add("runbook", "is required: one of %s", strings.Join(workflows.Runbooks(), ", "))
		return
	}
	if len(f.Input) == 0 {
		v.add("input", "is required: the runbook's own JSON object")
		return
	}
	err := workflows.Validate(f.Runbook, f.Input)
	var invalid *workflows.InvalidInputError
	switch {
	case err == nil:
	case errors.As(err, &invalid):
		for _, p := range invalid.Problems {
			v.add(inputPath(p.Path), "%s", p.Message)
		}
	default: // no such runbook
		v.add("runbook", "%s", err)
	}
	var fleet struct {
		RetryOf string `json:"retry_of"`
	}
	if f.Runbook == workflows.TypeFleetUpdate && json.Unmarshal(f.Input, &fleet) == nil && fleet.RetryOf != "" {
		v.add("input.retry_of", "must not stand in a schedule, which would try the servers of the same closed fleet each time: start that run by hand")
	}
}

// inputPath puts a problem's path, in which "input" names the whole input, under the file's own field.
func inputPath(path string) string {
	if path == "" || path == "input" {
		return "input"
	}
	return "input." + path
}

func (v *validator) spec(s Spec) {
	kinds := 0
	for _, given := range []bool{len(s.Cron) > 0, s.Every != 0, len(s.Calendars) > 0} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		v.add("spec", `must say when by exactly one of cron (["0 3 * * *"]), every ("6h") and calendars ([{"hour": "3"}])`)
	}
	v.crons(s.Cron)
	v.calendars(s.Calendars)
	if s.Every != 0 {
		v.duration("spec.every", s.Every, minEvery, maxEvery)
	}
	switch {
	case s.Offset != 0 && s.Every == 0:
		v.add("spec.offset", "belongs to spec.every: give that too, or leave this out")
	case s.Offset < 0 || (s.Offset > 0 && s.Offset >= s.Every):
		v.add("spec.offset", "must be from 0s to less than spec.every (%s), got %s", s.Every, s.Offset)
	}
	v.duration("spec.jitter", s.Jitter, 0, maxJitter)
	if _, err := time.LoadLocation(s.TimeZone); err != nil || strings.EqualFold(s.TimeZone, "local") {
		v.add("spec.time_zone", `must be the name of a time zone such as "Europe/Amsterdam" or "UTC", got %s`, strictjson.Quote(s.TimeZone))
	}
	v.bound("spec.start_at", s.StartAt)
	v.bound("spec.end_at", s.EndAt)
	if !s.StartAt.IsZero() && !s.EndAt.IsZero() && s.EndAt.Before(s.StartAt) {
		v.add("spec.end_at", "is before spec.start_at")
	}
}

// bound keeps to the years that Temporal and JSON can say in UTC: an offset may lead out of them.
func (v *validator) bound(path string, at time.Time) {
	if year := at.UTC().Year(); !at.IsZero() && (year < 1970 || year > 9999) {
		v.add(path, "must be in the years 1970 to 9999 (UTC)")
	}
}

// crons are only looked at from outside: what they mean is the server's to say.
func (v *validator) crons(crons []string) {
	if len(crons) > maxTimes {
		v.add("spec.cron", "must have at most %d expressions, got %d", maxTimes, len(crons))
	}
	for i, cron := range crons {
		path := fmt.Sprintf("spec.cron[%d]", i)
		fields := len(strings.Fields(cron))
		switch {
		case len(cron) > maxField || strings.ContainsFunc(cron, unicode.IsControl):
			v.add(path, "must be one line of at most %d characters", maxField)
		case strings.Contains(cron, "TZ="):
			v.add(path, "must not name a time zone: use spec.time_zone")
		case strings.HasPrefix(cron, "@every"):
			v.add(path, "must not be @every: use spec.every")
		case !strings.HasPrefix(cron, "@") && (fields < 5 || fields > 7):
			v.add(path, `must have 5 fields (minute, hour, day of month, month, day of week) such as "0 3 * * *", got %s`, strictjson.Quote(cron))
		case fields == 7:
			v.oneSecond(path, strings.Fields(cron)[0])
		}
	}
}

func (v *validator) calendars(calendars []Calendar) {
	if len(calendars) > maxTimes {
		v.add("spec.calendars", "must have at most %d elements, got %d", maxTimes, len(calendars))
	}
	for i, c := range calendars {
		path := fmt.Sprintf("spec.calendars[%d]", i)
		switch words := c.words(); {
		case words == "":
			v.add(path, `says no time: give at least one field, such as {"hour": "3"}`)
		case len(words)+len(c.Comment) > 8*maxField || strings.ContainsFunc(words+c.Comment, unicode.IsControl):
			v.add(path, "must have fields of one line and at most %d characters", maxField)
		}
		v.oneSecond(path+".second", c.Second)
	}
}

// oneSecond keeps to minEvery what is given by the second.
func (v *validator) oneSecond(path, second string) {
	if strings.Trim(second, "0123456789") != "" {
		v.add(path, `must name one second, such as 0: a schedule runs once a minute at most, got %s`, strictjson.Quote(second))
	}
}

func (v *validator) duration(path string, d contract.Duration, least, most time.Duration) {
	if d.Std() < least || d.Std() > most {
		v.add(path, "must be from %s to %s, got %s", contract.Duration(least), contract.Duration(most), d)
	}
}

// Warnings are things that are allowed, but hardly meant.
func (f File) Warnings() []string {
	var warnings []string
	var in struct {
		Lock struct {
			OnBusy workflows.OnBusy `json:"on_busy"`
		} `json:"lock"`
	}
	oneServer := f.Runbook == workflows.TypeSnapshotUpdateVerify || f.Runbook == workflows.TypeRollbackByRestore
	if oneServer && json.Unmarshal(f.Input, &in) == nil && in.Lock.OnBusy == "" {
		warnings = append(warnings, `input.lock.on_busy is not set: a run that finds the server busy waits, and fails after lock.timeout; "skip" makes a scheduled run end as skipped instead`)
	}
	if f.Overlap == OverlapTerminateOther {
		warnings = append(warnings, "overlap terminate_other ends a run wherever it is, a restore included, and leaves nobody to finish it: prefer skip")
	}
	return warnings
}
