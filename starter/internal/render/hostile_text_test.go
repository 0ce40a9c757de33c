package render

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/workflows"
)

// hostileText clears a terminal, names its window, turns the direction of writing and holds bytes that are no text.
const hostileText = "\x1b[2J\x1b]0;owned\x07a\u202eb\rc\u200b\x00\xff\u009b1m\x1b[8m\td\x7f\U000e0041"

// fill puts hostile text into every string there is, and something into everything else, so that no field that a later
// version adds is forgotten here. It returns how many texts it wrote.
func fill(v reflect.Value, depth int) (texts int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostileText)
		return 1
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(2)
	case reflect.Float64:
		v.SetFloat(2)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			texts += fill(v.Elem(), depth-1)
		}
	case reflect.Slice:
		switch {
		case v.Type() == reflect.TypeFor[json.RawMessage]():
			v.SetBytes([]byte(`{"a\u001b[2J": "\u009b\u202e` + "\u202e" + `"}`))
		case depth > 0:
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			texts += fill(v.Index(0), depth-1) + fill(v.Index(1), depth-1)
		}
	case reflect.Map:
		if depth > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			texts += fill(key, depth-1) + fill(value, depth-1)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(began))
			return 0
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				texts += fill(v.Field(i), depth)
			}
		}
	}
	return texts
}

func filled[T any](t *testing.T) T {
	t.Helper()
	var value T
	require.Positive(t, fill(reflect.ValueOf(&value).Elem(), 8))
	return value
}

func assertHarmless(t *testing.T, text string) {
	t.Helper()
	require.NotEmpty(t, text)
	assert.True(t, utf8.ValidString(text))
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			assert.Failf(t, "a terminal would act on this", "%q in %q", r, text)
			return
		}
	}
}

func TestNoFieldOfAReportReachesTheTerminalRaw(t *testing.T) {
	outcomes := []workflows.Outcome{
		hostileText, "", workflows.OutcomeCommitted, workflows.OutcomeSkipped, workflows.OutcomePlanned, workflows.OutcomeNotChanged, workflows.OutcomeCanceled,
		workflows.OutcomeRolledBack, workflows.OutcomeRolledBackUnverified, workflows.OutcomeRollbackFailed, workflows.OutcomeChangeFailed,
		workflows.OutcomeChangeUnknown, workflows.OutcomeRestored, workflows.OutcomeRotated, workflows.OutcomeIncomplete, workflows.OutcomeAudited,
		workflows.OutcomeStale, workflows.OutcomeFleetFailed, workflows.OutcomeFleetStopped,
	}
	for _, runbook := range append(workflows.Runbooks(), hostileText) {
		for _, outcome := range outcomes {
			r := filled[workflows.Report](t)
			r.Runbook, r.Outcome = runbook, outcome
			assertHarmless(t, Report(r, Palette{}))
			assertHarmless(t, Plan(r, Palette{}))
			assertHarmless(t, Word(outcome)+".")
		}
	}
}

func TestNoFieldOfAStatusReachesTheTerminalRaw(t *testing.T) {
	for _, phase := range []workflows.Phase{
		hostileText, workflows.PhaseLock, workflows.PhasePreflight, workflows.PhaseSnapshot, workflows.PhaseChange, workflows.PhaseVerify, workflows.PhaseHold,
		workflows.PhaseCommit, workflows.PhaseRollback, workflows.PhaseDone, workflows.PhaseRestore, workflows.PhasePrune, workflows.PhaseSelect,
		workflows.PhaseCanary, workflows.PhaseRollout, workflows.PhaseUndo,
	} {
		for _, runbook := range append(workflows.Runbooks(), hostileText) {
			v := filled[View](t)
			v.Status.Phase, v.Status.Runbook = phase, runbook
			silent := v
			silent.Status = nil
			for _, text := range []string{Status(v, Palette{}, 0), strings.Join(Frame(v, Palette{}, standard), "\n"), Line(v), Status(silent, Palette{}, 0), Line(silent)} {
				assertHarmless(t, text)
			}
		}
	}
}

func TestNoFieldOfAScheduleReachesTheTerminalRaw(t *testing.T) {
	s := filled[schedule.Details](t)
	quiet := s
	quiet.Foreign, quiet.Paused, quiet.PlanOf, quiet.Trouble = false, false, "", ""
	for _, one := range []schedule.Details{s, quiet} {
		assertHarmless(t, Schedule(one, Palette{}, 0))
		assertHarmless(t, Schedules([]schedule.Details{one, one}, Palette{}, 0))
	}
	for _, action := range []schedule.Action{hostileText, schedule.ActionCreate, schedule.ActionUpdate} {
		c := filled[schedule.Change](t)
		c.Action = action
		for _, dry := range []bool{false, true} {
			assertHarmless(t, Change(filled[schedule.File](t), c, []time.Time{began}, dry, Palette{}, 0))
		}
	}
}

func TestNoWordOfAHeartbeatReachesTheTerminalRaw(t *testing.T) {
	beat := filled[heartbeat](t)
	data, err := json.Marshal(beat)
	require.NoError(t, err)
	assertHarmless(t, HeartbeatWords(data))
}
