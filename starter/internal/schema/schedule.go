package schema

import "github.com/safepoint-dev/safepoint/workflows"

// scheduleRules are about schedule files.
var scheduleRules = map[string]rule{
	"File.id":               needed(matches(wordPattern), atLeast(1), atMost(maxWord)),
	"File.runbook":          needed(oneOf(workflows.Runbooks()...)),
	"File.input":            needed(),
	"File.spec":             needed(),
	"File.overlap":          a(byDefault("skip")),
	"File.catch_up":         a(span("1h")),
	"File.workflow_id":      a(matches(wordPattern), atMost(maxWord)),
	"File.task_queue":       a(matches(wordPattern), atLeast(1), atMost(maxWord)),
	"File.note":             a(matches(plainLinePattern), atMost(maxLine), describe("note says why; it only counts when the schedule is created.")),
	"Spec.cron":             a(upTo(maxTimes), items(matches(cronPattern), atMost(maxCron), neverMatches(`TZ=|^@every`))),
	"Spec.every":            a(describe("every is the time between two runs, counted from 1970, from 1m to 8760h.")),
	"Spec.offset":           a(byDefault("0s"), describe("offset shifts every and is less than it; default 0s.")),
	"Spec.calendars":        a(upTo(maxTimes)),
	"Spec.time_zone":        a(matches(zonePattern), neverMatches(`^[Ll][Oo][Cc][Aa][Ll]$|[.][.]`)),
	"Spec.jitter":           a(byDefault("0s")),
	"Spec.end_at":           a(describe("end_at bounds the runs, included; default no bound.")),
	"Spec.start_at":         a(describe("start_at bounds the runs, included; default no bound.")),
	"Calendar.second":       a(matches(`^[0-9]*$`), describe("second is one number; default 0.")),
	"Calendar.minute":       a(matches(plainLinePattern), describe(`minute is "*", "3", "1-5", "*/15" or a list of those; default 0.`)),
	"Calendar.hour":         a(matches(plainLinePattern), describe(`hour is "*", "3", "1-5", "*/6" or a list of those; default 0.`)),
	"Calendar.day_of_month": a(matches(plainLinePattern), describe("day_of_month is as minute; default *.")),
	"Calendar.month":        a(matches(plainLinePattern), describe("month is as minute; default *.")),
	"Calendar.year":         a(matches(plainLinePattern), describe("year is as minute; default *.")),
	"Calendar.day_of_week":  a(matches(plainLinePattern), describe(`day_of_week is as minute, or "mon-fri"; default *.`)),
	"Calendar.comment":      a(matches(plainLinePattern), describe("comment is text for people.")),
}

// adaptSchedule puts the runbooks' own schemas into that of a schedule file, for the field that holds their input.
func adaptSchedule(s *Schema) {
	s.field("input").Type = "object"
	for _, one := range sourcesOfKinds() {
		if one.kind == Schedule {
			continue
		}
		input, err := inputOf(one)
		if err != nil {
			return // the caller has met the same error
		}
		if one.kind == workflows.TypeFleetUpdate {
			input.without("retry_of") // a schedule would try the servers of the same closed fleet each time
			input.OneOf = input.OneOf[:3]
		}
		input.Description = ""
		when(s, "runbook", one.kind, &Schema{Properties: Properties{{"input", input}}})
	}
	acrossSpec(s.field("spec"))
}

// acrossSpec wants exactly one way to say when.
func acrossSpec(s *Schema) {
	s.OneOf = []*Schema{
		{Properties: Properties{{"cron", &Schema{MinItems: ptr(1)}}}, Required: []string{"cron"}},
		{Properties: Properties{{"every", &Schema{Pattern: notZero}}}, Required: []string{"every"}},
		{Properties: Properties{{"calendars", &Schema{MinItems: ptr(1)}}}, Required: []string{"calendars"}},
	}
	s.AllOf = append(s.AllOf, &Schema{
		If:   &Schema{Properties: Properties{{"offset", &Schema{Pattern: notZero}}}, Required: []string{"offset"}},
		Then: &Schema{Required: []string{"every"}},
	})
}
