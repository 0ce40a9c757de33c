package workflows

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// Bounds of the engine's state. It travels as one payload over a continue-as-new, and with the input of the runbook it
// must stay under the 2 MiB that Temporal takes; a test fills all of it with the worst there is and wants it under 1 MiB.
const (
	// maxInFlight is how many targets are under way at a time. Each is a child of its own and a long poll after a
	// continue-as-new; the API's rate limit (5 requests a second by default) is reached long before.
	maxInFlight = 200
	// maxFleet is how many servers one run takes.
	maxFleet           = contract.MaxSelected
	maxLastFailures    = 20
	maxShownInFlight   = 100
	maxShownMissing    = 1000
	maxFanOutDecisions = 30
	maxFanOutNotes     = 30
	maxShortText       = 300 // bytes of a summary, a note
	maxShownName       = 64  // bytes of a server's name
	maxShownWord       = 40  // bytes of an outcome or a failure class
)

// fanOutState is everything that survives a continue-as-new. All that decides what is done next is in it and in
// fanOutLimits, so that the rules can be tested without a workflow.
type fanOutState struct {
	FirstRunID string `json:"first_run_id"`
	// ChainID is the run that made the state, the same in all runs that it is handed to and after a reset. FirstRunID is
	// not that: it is one for all runs of a cron schedule, whose children must not be taken for each other's.
	ChainID   string    `json:"chain_id"`
	StartedAt time.Time `json:"started_at"`

	// Selected is true once the servers were chosen: Total is known.
	Selected bool `json:"selected,omitempty"`
	Total    int  `json:"total,omitempty"`
	// Left are the selected servers that were not taken up yet, in the order of their ids. They are fixed by the first
	// read: one that does not match any more, or is gone, must not drop out without a word.
	Left []int64 `json:"left,omitempty"`
	// Retry are the servers of an earlier fleet's failures, when the plan has retryOf, until they are Selected.
	Retry   []int64 `json:"retry,omitempty"`
	Missing []int64 `json:"missing,omitempty"`

	// Tried is how many servers were taken up, Started for how many of them a run was started.
	Tried        int            `json:"tried,omitempty"`
	Started      int            `json:"started,omitempty"`
	Counts       FleetCounts    `json:"counts"`
	InFlight     []*flight      `json:"in_flight,omitempty"`
	Results      resultPages    `json:"results"`
	LastFailures []TargetResult `json:"last_failures,omitempty"`
	// Unstored is true once a page could not be stored: what is left of the results stands in the report itself.
	Unstored bool `json:"unstored,omitempty"`

	Paused   bool   `json:"paused,omitempty"`
	Canceled bool   `json:"canceled,omitempty"`
	Aborted  bool   `json:"aborted,omitempty"`
	StopWhy  string `json:"stop_why,omitempty"`

	Canary canaryState `json:"canary"`

	// Committed are the servers that on_stop would roll back, oldest first: server id and snapshot id. Kept only when
	// the plan can undo.
	Committed    [][2]int64   `json:"committed,omitempty"`
	Undoing      bool         `json:"undoing,omitempty"`
	Undone       resultPages  `json:"undone"`
	UndoneCounts UndoneCounts `json:"undone_counts,omitzero"`
	// Reverted are those of them that are no longer committed.
	Reverted []int64 `json:"reverted,omitempty"`

	Phases    []PhaseRecord    `json:"phases,omitempty"`
	Decisions []DecisionRecord `json:"decisions,omitempty"`
	Notes     []string         `json:"notes,omitempty"`
}

// flight is one child under way.
type flight struct {
	ServerID int64  `json:"s"`
	Name     string `json:"n,omitempty"`
	// RunID is empty for a child that an earlier run of this history started (after a reset): the latest run is meant.
	RunID string `json:"r,omitempty"`
	// Undo is a RollbackByRestore of a stopped fleet.
	Undo bool `json:"u,omitempty"`
	// Asked is true once it was asked to cancel.
	Asked bool `json:"c,omitempty"`
	// confirmed is true once Temporal said that it was started; awaited while its end is asked for, because nobody will
	// tell it; landed once it was counted.
	confirmed, awaited, landed bool
}

// canaryStage is how far the canaries are.
type canaryStage string

const (
	canaryTrying canaryStage = "" // also when there are none: then it is passed at once
	canaryPause  canaryStage = "pause"
	canaryAsk    canaryStage = "ask"
	canaryPassed canaryStage = "passed"
)

type canaryState struct {
	Stage canaryStage `json:"stage,omitempty"`
	// Until is when the pause or the hold ends.
	Until time.Time `json:"until,omitzero"`
}

// fanOutLimits are a plan's amounts, as numbers of targets.
type fanOutLimits struct {
	concurrency int
	// errors and rollbacks are how many are taken: one more stops.
	errors, rollbacks int
	canary            int
	canUndo           bool
}

// limitsOf turns amounts into numbers: max_concurrency, max_errors and max_rollbacks are rounded down, the number of
// canaries up.
func limitsOf(plan fanOutPlan, total int) fanOutLimits {
	l := fanOutLimits{errors: math.MaxInt, rollbacks: math.MaxInt, canUndo: plan.undo != nil}
	l.concurrency = min(max(plan.maxConcurrency.Of(total), 1), maxInFlight)
	if plan.rule != nil {
		l.errors, l.rollbacks = plan.rule.maxErrors.Of(total), plan.rule.maxRollbacks.Of(total)
	}
	if c := plan.canary.Count; c.Percent > 0 {
		l.canary = (total*c.Percent + 99) / 100
	} else {
		l.canary = min(c.Number, total)
	}
	return l
}

// fanOutStep is what the engine does next.
type fanOutStep string

const (
	stepSelect     fanOutStep = "select" // read the next page of servers
	stepStart      fanOutStep = "start"  // take up the next server
	stepWait       fanOutStep = "wait"   // until something changes
	stepCanaryDone fanOutStep = "canary done"
	stepUndo       fanOutStep = "undo" // roll the newest committed server back
	stepEnd        fanOutStep = "end"
)

// next says what is to be done. queued is how many servers were read and not taken up yet.
func (s *fanOutState) next(l fanOutLimits, queued int) fanOutStep {
	switch {
	case s.stopping() && len(s.InFlight) > 0:
		return stepWait
	case s.stopping() && l.canUndo && len(s.Committed) > 0 && !s.Canceled && !s.Unstored:
		return stepUndo
	case s.stopping():
		return stepEnd
	case !s.Selected:
		return stepSelect
	case len(s.Left) == 0 && len(s.InFlight) == 0:
		return stepEnd
	case s.trying(l) && s.Tried >= l.canary:
		if len(s.InFlight) > 0 {
			return stepWait
		}
		return stepCanaryDone
	case s.Canary.Stage == canaryPause, s.Canary.Stage == canaryAsk, s.Paused, len(s.InFlight) >= l.concurrency,
		len(s.Left) == 0:
		return stepWait
	case queued == 0:
		return stepSelect
	default:
		return stepStart
	}
}

// stopping is true once no further target is started.
func (s *fanOutState) stopping() bool { return s.Canceled || s.StopWhy != "" }

// trying is true while the canaries are tried.
func (s *fanOutState) trying(l fanOutLimits) bool {
	return l.canary > 0 && s.Canary.Stage == canaryTrying
}

// stop ends the starts; the first reason counts.
func (s *fanOutState) stop(format string, args ...any) {
	if s.StopWhy == "" {
		s.StopWhy = cutText(fmt.Sprintf(format, args...), maxShortText)
	}
}

// land takes a target that has ended out of flight and counts it.
func (s *fanOutState) land(f *flight, result TargetResult, l fanOutLimits) {
	s.InFlight = slices.DeleteFunc(s.InFlight, func(other *flight) bool { return other == f })
	if f.Undo {
		s.undone(result)
		return
	}
	s.count(result, l)
}

// count counts the result of one target and applies the rules. Every canary must be committed (or planned, in a dry
// run): one that was skipped has proven nothing, so that it stops the fleet like a failed one.
func (s *fanOutState) count(result TargetResult, l fanOutLimits) {
	s.Results.add(result)
	kind := kindOf(result)
	switch kind {
	case kindDone:
		s.Counts.Done++
		if l.canUndo && result.SnapshotID > 0 {
			s.Committed = append(s.Committed, [2]int64{result.ServerID, result.SnapshotID})
		}
	case kindSkipped:
		s.Counts.Skipped++
	case kindPlanned:
		s.Counts.Planned++
	case kindRolledBack:
		s.Counts.RolledBack++
	default: // kindError
		s.Counts.Errors++
	}
	if kind == kindRolledBack || kind == kindError {
		s.LastFailures = lastOf(append(s.LastFailures, result), maxLastFailures)
	}
	if s.trying(l) && kind != kindDone && kind != kindPlanned {
		s.stop("canary server %d ended as %s", result.ServerID, outcomeWord(result))
	}
	if s.Counts.Errors > l.errors {
		s.stop("%s, and max_errors takes %d; the last one was server %d", count(s.Counts.Errors, "error"), l.errors, result.ServerID)
	}
	if s.Counts.RolledBack > l.rollbacks {
		s.stop("%s, and max_rollbacks takes %d; the last one was server %d", count(s.Counts.RolledBack, "rollback"), l.rollbacks, result.ServerID)
	}
}

// resultKind is what a target's end counts as.
type resultKind string

const (
	kindDone       resultKind = "done"
	kindSkipped    resultKind = "skipped"
	kindPlanned    resultKind = "planned"
	kindRolledBack resultKind = "rolled back"
	kindError      resultKind = "error"
)

// kindOf says what an end counts as. An error is every end but committed (or rotated, restored), skipped, planned and
// rolled back; a rollback that failed is an error, because the server is not back.
func kindOf(result TargetResult) resultKind {
	switch result.Outcome {
	case OutcomeCommitted, OutcomeRotated, OutcomeRestored:
		return kindDone
	case OutcomeSkipped:
		return kindSkipped
	case OutcomePlanned:
		return kindPlanned
	case OutcomeRolledBack, OutcomeRolledBackUnverified:
		return kindRolledBack
	default: // everything else, an unknown word of a later version too: never a success by accident
		return kindError
	}
}

// outcomeWord names an end for people.
func outcomeWord(result TargetResult) string {
	switch {
	case result.Outcome == "" && result.Failure == "":
		return "unknown"
	case result.Failure != "":
		return result.Failure
	default:
		return string(result.Outcome)
	}
}

// lastOf keeps the newest elements of a list.
func lastOf[T any](list []T, most int) []T {
	if len(list) > most {
		return slices.Clone(list[len(list)-most:])
	}
	return list
}

// failedStart is the result of a server for which no run was started.
func failedStart(server contract.Server, failure, summary string, at time.Time) TargetResult {
	return TargetResult{
		ServerID: server.ID, Name: cutText(server.Name, maxShownName), Outcome: OutcomeNotChanged, Failure: failure,
		Summary: cutText(summary, maxShortText), EndedAt: at,
	}
}
