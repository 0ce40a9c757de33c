package workflows

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAmountsBecomeNumbersOfTargets(t *testing.T) {
	number, percent := func(n int) Amount { return Amount{Number: n} }, func(p int) Amount { return Amount{Percent: p} }
	for _, c := range []struct {
		total                              int
		concurrency, errors, count         Amount
		wantConcurrent, wantErrors, wantUp int
	}{
		{10, number(5), number(0), number(0), 5, 0, 0},
		{10, percent(25), percent(25), percent(25), 2, 2, 3},
		{3, percent(1), percent(1), percent(1), 1, 0, 1},
		{10_000, percent(100), percent(100), percent(100), maxInFlight, 10_000, 10_000},
		{2, number(9), number(9), number(9), 9, 9, 2},
		{0, percent(50), percent(50), percent(50), 1, 0, 0},
	} {
		l := limitsOf(fanOutPlan{maxConcurrency: c.concurrency, canary: CanaryInput{Count: c.count},
			rule: &stopRule{maxErrors: c.errors, maxRollbacks: c.errors}}, c.total)
		assert.Equal(t, []int{c.wantConcurrent, c.wantErrors, c.wantErrors, c.wantUp}, []int{l.concurrency, l.errors, l.rollbacks, l.canary})
	}
	never := limitsOf(fanOutPlan{maxConcurrency: number(1)}, 10)
	assert.Greater(t, never.errors, maxFleet, "without a rule nothing stops")
}

// Whatever ends in whatever order: never more in flight than allowed, the rule stops at the first number above, and
// every target that was taken up is counted once.
func TestTheRulesHoldForEveryOrderOfEnds(t *testing.T) {
	outcomes := []Outcome{OutcomeCommitted, OutcomeCommitted, OutcomeCommitted, OutcomeSkipped, OutcomeRolledBack, OutcomeChangeFailed, "", OutcomePlanned}
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		total := r.IntN(30)
		l := fanOutLimits{concurrency: 1 + r.IntN(6), errors: r.IntN(4), rollbacks: r.IntN(4), canary: min(r.IntN(4), total), canUndo: r.IntN(2) == 0}
		s := &fanOutState{Selected: true, Left: ids(1, int64(total)), Total: total}
		ended, steps := 0, 0
	loop:
		for ; ; steps++ {
			require.Less(t, steps, 500, "seed %d: no end", seed)
			switch s.next(l, len(s.Left)) {
			case stepStart:
				require.False(t, s.stopping(), "seed %d: started after a stop", seed)
				s.Left = s.Left[1:]
				s.Tried++
				s.InFlight = append(s.InFlight, &flight{ServerID: int64(s.Tried)})
				require.LessOrEqual(t, len(s.InFlight), l.concurrency)
				if s.trying(l) {
					require.LessOrEqual(t, s.Tried, l.canary, "seed %d: more than the canaries", seed)
				}
			case stepWait:
				require.NotEmpty(t, s.InFlight, "seed %d: waits for nothing", seed)
				f := s.InFlight[r.IntN(len(s.InFlight))]
				stopped := s.stopping()
				s.land(f, TargetResult{ServerID: f.ServerID, Outcome: outcomes[r.IntN(len(outcomes))], SnapshotID: 5}, l)
				ended++
				over := s.Counts.Errors > l.errors || s.Counts.RolledBack > l.rollbacks
				require.False(t, over && !s.stopping(), "seed %d: the rule was not applied", seed)
				if !stopped && s.stopping() && !over {
					require.True(t, s.trying(l), "seed %d: stopped without a reason", seed)
				}
			case stepCanaryDone:
				require.Equal(t, l.canary, s.Counts.Done+s.Counts.Planned, "seed %d: a canary was not green", seed)
				s.Canary.Stage = canaryPassed
			case stepUndo:
				require.True(t, l.canUndo && s.stopping() && len(s.InFlight) == 0)
				s.Committed = s.Committed[:len(s.Committed)-1]
			case stepEnd:
				break loop
			default:
				require.FailNow(t, "an unexpected step")
			}
		}
		c := s.Counts
		require.Equal(t, ended, c.Done+c.Skipped+c.Planned+c.RolledBack+c.Errors)
		require.Equal(t, s.Tried, ended)
		require.True(t, s.stopping() || s.Tried == total, "seed %d: servers were forgotten", seed)
	}
}

// worst is text that takes as much room in JSON as text of so many bytes can.
func worst(bytes int) string { return cutText(strings.Repeat("<", 2*bytes), bytes) }

func worstResult() TargetResult {
	return TargetResult{ServerID: maxServerID, Name: worst(maxShownName), WorkflowID: worst(maxFanOutID) + "/undo-999999999999-00c0ffee",
		RunID: strings.Repeat("0", 36), Outcome: Outcome(worst(maxShownWord)), Failure: worst(maxShownWord), Summary: worst(maxShortText),
		SnapshotID: 1<<63 - 1, EndedAt: testStart.Add(time.Nanosecond)}
}

// worstState is all that a state can hold, in the rollout or in the undo.
func worstState(undoing bool) *fanOutState {
	s := &fanOutState{FirstRunID: strings.Repeat("0", 36), ChainID: strings.Repeat("0", 36), StartedAt: testStart, Selected: true, Total: maxFleet, StopWhy: worst(maxShortText)}
	l := fanOutLimits{concurrency: maxInFlight, canUndo: true}
	for range maxFleet {
		s.Committed = append(s.Committed, [2]int64{maxServerID, 1<<63 - 1})
		s.Results.Stored = append(s.Results.Stored, storedPage{Try: 9, RunID: strings.Repeat("0", 36)})
	}
	s.Results.Stored = s.Results.Stored[:maxFleet/(maxPageBytes/encodedSize(worstResult())-1)]
	for !s.Results.full() {
		s.count(worstResult(), l)
	}
	for range maxFleet {
		s.Left = append(s.Left, maxServerID)
	}
	if undoing {
		s.Undone.Stored = s.Results.Stored
		for !s.Undone.full() {
			s.undone(worstResult())
		}
	} else {
		for range maxInFlight {
			s.InFlight = append(s.InFlight, &flight{ServerID: maxServerID, Name: worst(maxShownName), RunID: strings.Repeat("0", 36), Asked: true})
		}
	}
	for range maxShownMissing {
		s.Missing = append(s.Missing, maxServerID)
	}
	f := &fanOut{state: s}
	for i := range 3 * maxFanOutNotes {
		s.LastFailures = lastOf(append(s.LastFailures, worstResult()), maxLastFailures)
		s.Decisions = lastOf(append(s.Decisions, DecisionRecord{Decision: DecideResume, By: worst(maxShownName), Note: worst(maxShortText), At: testStart}), maxFanOutDecisions)
		f.note("%03d%s", i, worst(maxShortText))
		if i < 9 {
			s.Phases = append(s.Phases, PhaseRecord{Phase: PhaseSelect, StartedAt: testStart, EndedAt: testStart})
		}
	}
	return s
}

func TestTheLongestStateAndReportStayUnderAMegabyte(t *testing.T) {
	for _, undoing := range []bool{false, true} {
		s := worstState(undoing)
		data, err := json.Marshal(s)
		require.NoError(t, err)
		assert.Less(t, len(data), megabyte, "undoing %v", undoing)
		assert.Greater(t, len(data), megabyte/2, "a bound that is far from reached proves nothing")

		f := &fanOut{state: s, plan: fanOutPlan{}, report: Report{WorkflowID: worst(maxFanOutID)}}
		for _, pages := range []*resultPages{&s.Results, &s.Undone} { // what does not stand in the report itself is stored
			pages.stored(storedPage{Try: 9, RunID: strings.Repeat("0", 36)}, len(pages.Current))
		}
		record := f.fleetRecord()
		record.NotStarted = s.Left // each server is started or not, so that this and the pages cannot both be the longest
		f.report.Fleet, f.report.Phases, f.report.Decisions, f.report.Notes = record, s.Phases, s.Decisions, s.Notes
		data, err = json.Marshal(f.report)
		require.NoError(t, err)
		assert.Less(t, len(data), megabyte, "report, undoing %v", undoing)

		status, err := f.status()
		require.NoError(t, err)
		data, err = json.Marshal(status)
		require.NoError(t, err)
		assert.Less(t, len(data), megabyte, "status, undoing %v", undoing)
	}
}

func TestAPageIsBoundedByItsResultsAndByItsBytes(t *testing.T) {
	for name, result := range map[string]TargetResult{"short": {ServerID: 1, Outcome: OutcomeCommitted}, "long": worstResult()} {
		t.Run(name, func(t *testing.T) {
			var p resultPages
			for range 1700 {
				p.add(result)
			}
			total := 0
			for p.full() {
				page := p.page()
				data, err := json.Marshal(FleetPageResult{Results: page})
				require.NoError(t, err)
				assert.LessOrEqual(t, len(page), maxPageResults)
				assert.LessOrEqual(t, len(data), maxPageBytes+20)
				total += len(page)
				p.stored(storedPage{}, len(page))
			}
			assert.Equal(t, 1700, total+len(p.Current))
			left := 0
			for _, r := range p.Current {
				left += encodedSize(r)
			}
			assert.Equal(t, left, p.Bytes, "the count of bytes is kept")
		})
	}
}

func TestCutTextIsOneBoundedPrintableLine(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("ü", 400), "a\nb\x1b[31m\x00c", string([]byte{0xff, 0xfe}), strings.Repeat("x", 299) + "é"} {
		got := cutText(text, maxShortText)
		assert.LessOrEqual(t, len(got), maxShortText)
		assert.True(t, json.Valid([]byte(fmt.Sprintf("%q", got))))
		assert.NotContains(t, got, "\n")
		assert.NotContains(t, got, "\x1b")
	}
	assert.Equal(t, "short", cutText("short", maxShortText))
}

func TestOnlyWhatIsKnownToBeGoodCountsAsDone(t *testing.T) {
	for outcome, want := range map[Outcome]resultKind{
		OutcomeCommitted: kindDone, OutcomeRotated: kindDone, OutcomeRestored: kindDone, OutcomeSkipped: kindSkipped, OutcomePlanned: kindPlanned,
		OutcomeRolledBack: kindRolledBack, OutcomeRolledBackUnverified: kindRolledBack, OutcomeRollbackFailed: kindError,
		OutcomeChangeFailed: kindError, OutcomeChangeUnknown: kindError, OutcomeNotChanged: kindError, OutcomeCanceled: kindError,
		OutcomeIncomplete: kindError, "": kindError, "a later word": kindError,
	} {
		assert.Equal(t, want, kindOf(TargetResult{Outcome: outcome}), "%q", outcome)
	}
	assert.Equal(t, contract.FailBaseline, outcomeWord(TargetResult{Failure: contract.FailBaseline}))
}
