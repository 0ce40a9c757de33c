package workflows

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAPausedFleetStartsNothingUntilItIsResumed(t *testing.T) {
	h := newFleet(t, 6, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 2} })
	var answers []*answerOf
	var during Status
	ask := func(d time.Duration, name, who string) {
		h.at(d, func() { answers = append(answers, h.update(name, FleetRequest{By: who, Note: "why"})) })
	}
	ask(30*time.Second, UpdatePause, "ana")
	ask(40*time.Second, UpdatePause, "bob")
	h.at(time.Hour, func() { during = h.status() })
	ask(2*time.Hour, UpdateResume, "ana")
	ask(2*time.Hour+time.Second, UpdateResume, "bob")
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 2, h.startsBefore(2*time.Hour))
	assert.True(t, during.Fleet.Paused)
	assert.Equal(t, 2, during.Fleet.Counts.Done)
	for _, a := range answers {
		require.True(t, a.done)
		assert.True(t, a.value.(FleetAnswer).Accepted, "the same request again is answered the same way")
	}
	assert.Contains(t, answers[1].value.(FleetAnswer).Detail, "already by ana")
	require.Len(t, e.report.Decisions, 2, "what changed nothing is not recorded")
	assert.Equal(t, DecidePause, e.report.Decisions[0].Decision)
	assert.Equal(t, "ana", e.report.Decisions[0].By)
}

func TestAFleetThatIsPausedWhenNothingIsLeftEnds(t *testing.T) {
	h := newFleet(t, 2)
	h.at(30*time.Second, func() { h.update(UpdatePause, FleetRequest{}) })
	assert.Equal(t, OutcomeCommitted, h.run().report.Outcome)
}

func TestAnAbortedFleetLetsWhatIsUnderWayFinish(t *testing.T) {
	h := newFleet(t, 9, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 3} })
	var first, again, pause *answerOf
	h.at(30*time.Second, func() { first = h.update(UpdateAbort, FleetRequest{By: "ana"}) })
	h.at(31*time.Second, func() { again = h.update(UpdateAbort, FleetRequest{By: "bob"}) })
	h.at(32*time.Second, func() { pause = h.update(UpdatePause, FleetRequest{By: "bob"}) })
	e := h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Equal(t, OutcomeFleetStopped, e.report.Outcome)
	assert.Equal(t, FleetCounts{Done: 3}, e.fleet().Counts)
	assert.Equal(t, "aborted by ana", e.fleet().StoppedBy)
	assert.Empty(t, h.asked, "an abort cancels nobody")
	assert.True(t, first.value.(FleetAnswer).Accepted)
	assert.True(t, again.value.(FleetAnswer).Accepted)
	assert.False(t, pause.value.(FleetAnswer).Accepted)
}

func TestAnAbortEndsTheHoldAfterTheCanariesAndAPause(t *testing.T) {
	for name, change := range map[string]func(*FleetUpdateInput){
		"hold": withCanary(Amount{Number: 1}, 0, true), "pause": withCanary(Amount{Number: 1}, 9*time.Hour, false),
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 3, change)
			h.at(time.Hour, func() { h.update(UpdateAbort, FleetRequest{}) })
			e := h.run()
			assert.Equal(t, contract.FailFleetStopped, e.failure)
			assert.Equal(t, testStart.Add(time.Hour), e.report.EndedAt.UTC())
		})
	}
}

func TestARequestThatIsTooLongIsRefused(t *testing.T) {
	h := newFleet(t, 2)
	var a, b *answerOf
	h.at(time.Second, func() {
		a = h.update(UpdatePause, FleetRequest{By: strings.Repeat("x", maxRunner+1)})
		b = h.update(UpdateDecide, DecideRequest{Decision: DecideApprove})
	})
	e := h.run()
	require.Error(t, a.refused)
	require.Error(t, b.refused)
	assert.Empty(t, e.report.Decisions)
}

// What a person says stands in the report, in the UI and in a terminal.
func TestARequestThatIsNotOneLineOfTextIsRefused(t *testing.T) {
	h := newFleet(t, 4, withCanary(Amount{Number: 1}, 0, true))
	var answers []*answerOf
	h.at(time.Hour, func() {
		for _, bad := range []string{"a\nb", "a\x1b[31m", "a\u202eb"} {
			for _, name := range []string{UpdatePause, UpdateResume, UpdateAbort} {
				answers = append(answers, h.update(name, FleetRequest{By: bad}), h.update(name, FleetRequest{Note: bad}))
			}
			answers = append(answers, h.update(UpdateDecide, DecideRequest{Decision: DecideApprove, By: bad}), h.update(UpdateDecide, DecideRequest{Decision: DecideApprove, Note: bad}))
		}
	})
	h.at(2*time.Hour, func() { h.update(UpdateDecide, DecideRequest{Decision: DecideApprove, By: "ana"}) })
	e := h.run()
	require.Len(t, answers, 24)
	for i, a := range answers {
		require.ErrorContains(t, a.refused, "printable", "%d", i)
	}
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
}

func TestWhatAPersonMayDoIsShownAsCommandsOfSafepoint(t *testing.T) {
	h := newFleet(t, 4, withCanary(Amount{Number: 1}, 0, true))
	h.longID = "fleet of today"
	var held, paused Status
	h.at(time.Hour, func() { held = h.status(); h.update(UpdatePause, FleetRequest{}) })
	h.at(2*time.Hour, func() { paused = h.status(); h.update(UpdateAbort, FleetRequest{}) })
	h.run()
	const id, cancel = "'fleet of today'", "temporal workflow cancel -w 'fleet of today'  # each server under way is left safe"
	decide := []string{"safepoint approve " + id, "safepoint deny " + id, "safepoint extend " + id}
	assert.Equal(t, append(slices.Clone(decide), "safepoint pause "+id, "safepoint abort "+id, cancel), held.CanDo)
	assert.Equal(t, append(decide, "safepoint resume "+id, "safepoint abort "+id, cancel), paused.CanDo)
}

func TestAStopThatRollsBackWhatWasCommittedSaysSoBeforeAndAfter(t *testing.T) {
	for _, stop := range []struct{ update, command string }{{UpdateDecide, "deny"}, {UpdateAbort, "abort"}} {
		for policy, undoes := range map[OnStop]string{StopRollbackCommitted: "rolls back what was committed: 2 servers by now (on_stop)", StopLeave: ""} {
			t.Run(stop.command+"/"+string(policy), func(t *testing.T) {
				h := newFleet(t, 5, withCanary(Amount{Number: 2}, 0, true), func(in *FleetUpdateInput) { in.OnStop = policy })
				var held Status
				var answer *answerOf
				h.at(time.Hour, func() {
					held = h.status()
					if stop.update == UpdateDecide {
						answer = h.update(UpdateDecide, DecideRequest{Decision: DecideDeny})
					} else {
						answer = h.update(UpdateAbort, FleetRequest{})
					}
				})
				h.run()
				command := "safepoint " + stop.command + " default-test-workflow-id"
				detail := ""
				switch a := answer.value.(type) {
				case DecideAnswer:
					detail = a.Detail
				case FleetAnswer:
					detail = a.Detail
				}
				require.NotEmpty(t, detail)
				if undoes == "" {
					assert.Contains(t, held.CanDo, command)
					assert.NotContains(t, held.Hold.Why+detail, "rolls back")
					return
				}
				assert.Contains(t, held.CanDo, command+"  # rolls back what was committed")
				assert.Contains(t, held.Hold.Why, "A no, or no answer in time, "+undoes)
				assert.Contains(t, detail, "this then "+undoes)
			})
		}
	}
}

func TestACancelAsksWhatIsUnderWayAndStartsNothing(t *testing.T) {
	h := newFleet(t, 9, func(in *FleetUpdateInput) {
		in.MaxConcurrency = Amount{Number: 3}
		in.OnStop = StopRollbackCommitted
	})
	h.at(90*time.Second, h.env.CancelWorkflow)
	e := h.run()
	assert.Empty(t, e.failure)
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.Len(t, h.starts, 6)
	assert.Len(t, h.asked, 3)
	assert.Equal(t, FleetCounts{Done: 3, Errors: 3}, e.fleet().Counts)
	assert.Empty(t, e.fleet().Undone, "a cancel leaves what was committed")
	assert.Equal(t, OutcomeCanceled, e.fleet().LastFailures[0].Outcome)
}

func TestACancelEndsEveryStageSafely(t *testing.T) {
	for name, change := range map[string]func(*FleetUpdateInput){
		"hold":   withCanary(Amount{Number: 1}, 0, true),
		"pause":  withCanary(Amount{Number: 1}, 9*time.Hour, false),
		"canary": withCanary(Amount{Number: 2}, 0, false),
	} {
		t.Run(name, func(t *testing.T) {
			h := newFleet(t, 4, change)
			at := time.Hour
			if name == "canary" {
				at = time.Second
			}
			h.at(at, h.env.CancelWorkflow)
			e := h.run()
			assert.Equal(t, OutcomeCanceled, e.report.Outcome)
			assert.LessOrEqual(t, len(h.starts), 2)
			assert.True(t, e.report.EndedAt.Before(testStart.Add(2*time.Hour)))
		})
	}
	t.Run("before the first read", func(t *testing.T) {
		h := newFleet(t, 4)
		h.at(0, h.env.CancelWorkflow)
		e := h.run()
		assert.Equal(t, OutcomeCanceled, e.report.Outcome)
		assert.Zero(t, e.fleet().Counts.Done)
	})
}

func TestACancelAfterAStopStillAsksWhatIsUnderWay(t *testing.T) {
	h := newFleet(t, 6, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 2} })
	h.ends[1] = childEnd{outcome: OutcomeRolledBack, failure: contract.FailRolledBack, takes: time.Second}
	h.ends[2] = childEnd{takes: 10 * time.Hour}
	h.at(time.Hour, h.env.CancelWorkflow)
	e := h.run()
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.Len(t, h.asked, 1)
	assert.NotEmpty(t, e.fleet().StoppedBy)
	assert.True(t, e.report.EndedAt.Before(testStart.Add(2*time.Hour)))
}
