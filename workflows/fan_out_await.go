package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// How inherited runs are waited for.
const (
	// awaitRunsFor is one wait: long, because it costs events only when it ends.
	awaitRunsFor = 24 * time.Hour
	// awaitRunsPause keeps a wait that fails at once from filling the history, awaitRunsTries times in a row.
	awaitRunsPause = time.Minute
	awaitRunsTries = 10
)

// awaitInherited follows the children that earlier runs of the chain have started: their ends are not told to this run.
func (f *fanOut) awaitInherited(flights []*flight) {
	var ours []*flight
	for _, fl := range flights {
		if fl.RunID == "" { // an earlier run of the chain adopted it, and a cancel must not reach somebody else's
			workflow.Go(f.safe, func(ctx workflow.Context) { f.adopt(ctx, fl) })
			continue
		}
		fl.confirmed = true
		f.askToCancel(fl)
		ours = append(ours, fl)
	}
	if len(ours) > 0 {
		workflow.Go(f.safe, func(ctx workflow.Context) { f.awaitRuns(ctx, ours) })
	}
}

// awaitRuns waits until all of these runs have ended, also those that were terminated or are gone.
func (f *fanOut) awaitRuns(ctx workflow.Context, flights []*flight) {
	for _, fl := range flights {
		fl.awaited = true
	}
	for failures := 0; len(flights) > 0; {
		answer, err := f.askForEnds(ctx, flights, awaitRunsFor, "wait for "+count(len(flights), "run")+" of servers")
		if len(answer.Ended) > 0 {
			failures = 0
			flights = f.landAll(ctx, flights, answer.Ended)
			continue
		}
		detail := answer.Detail
		if err != nil {
			failures++
			detail = plain(err)
		} else {
			failures = 0
		}
		if detail != "" {
			f.note("runs of servers could not be looked at: %s", detail)
		}
		if failures == awaitRunsTries {
			for _, fl := range flights {
				f.land(ctx, fl, TargetResult{Summary: "Nobody knows how the run ended: " + detail})
			}
			return
		}
		_ = pause(ctx, awaitRunsPause, "pause before the runs are asked for again") // the safe context is never canceled
	}
}

// askForEnds asks Temporal which of these runs have ended, for so long at the most.
func (f *fanOut) askForEnds(ctx workflow.Context, flights []*flight, within time.Duration, summary string) (answer contract.AwaitRunResult, err error) {
	in := contract.AwaitRunInput{Timeout: Duration(within)}
	for _, fl := range flights {
		ref := contract.RunRef{WorkflowID: f.flightID(fl), RunID: fl.RunID}
		if fl.RunID == "" { // not known to be ours
			ref.ChildOf = f.report.WorkflowID
		}
		in.Runs = append(in.Runs, ref)
	}
	err = workflow.ExecuteActivity(waitOptions(ctx, within, summary), contract.ActivityAwaitRun, in).Get(ctx, &answer)
	return answer, err
}

// How often a run looks for children whose ends nobody told it, and how long such a look takes. Nobody
// promises to which run the end of a child is told after a reset, and whatever else may swallow one, a fleet must not
// hang on it. A look costs about 11 events when something is under way, 5 when not.
const (
	lostEvery = 15 * time.Minute
	lostLook  = 10 * time.Second
)

// watchForLost looks for lost children until the run ends.
func (f *fanOut) watchForLost() {
	workflow.Go(f.safe, func(ctx workflow.Context) {
		for pause(ctx, lostEvery, "until the next look for runs whose end was not told") == nil {
			f.lookForLost(ctx)
			f.changed() // so that a run that only waits hands over in time as well
		}
	})
}

func (f *fanOut) lookForLost(ctx workflow.Context) {
	var flights []*flight
	for _, fl := range f.state.InFlight {
		if fl.confirmed && !fl.awaited {
			flights = append(flights, fl)
		}
	}
	if len(flights) == 0 {
		return
	}
	answer, err := f.askForEnds(ctx, flights, lostLook, "has the end of a run got lost?")
	if err != nil {
		f.note("runs of servers could not be looked at: %s", plain(err))
		return
	}
	f.landAll(ctx, flights, answer.Ended)
}

// landAll counts the runs that have ended and returns the others.
func (f *fanOut) landAll(ctx workflow.Context, flights []*flight, ended []contract.RunEnd) []*flight {
	byID := make(map[string]contract.RunEnd, len(ended))
	for _, end := range ended {
		byID[end.WorkflowID] = end
	}
	var open []*flight
	for _, fl := range flights {
		if end, ok := byID[f.flightID(fl)]; ok {
			f.land(ctx, fl, resultOfEnd(end))
		} else {
			open = append(open, fl)
		}
	}
	return open
}
