package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// undoNewest rolls the server that was committed last back to its snapshot. It is a run of its own that refuses by
// itself when the snapshot is gone or when a later run has written to the server.
func (f *fanOut) undoNewest() error {
	s := f.state
	s.Undoing = true
	f.enter(PhaseUndo)
	last := s.Committed[len(s.Committed)-1]
	serverID, snapshotID := last[0], last[1]
	page, problem, err := f.readPatiently(contract.Selector{Servers: []int64{serverID}}, func() bool { return s.Canceled })
	if err != nil || s.Canceled {
		return err // a cancel leaves this one and the rest as they are
	}
	s.Committed = s.Committed[:len(s.Committed)-1]
	f.changed()
	server := contract.Server{ID: serverID}
	switch {
	case problem != "":
		f.undoRefused(server, snapshotID, "The account's servers could not be read: "+problem)
		return nil
	case len(page.Servers) == 0:
		f.undoRefused(server, snapshotID, "The account has no such server any more.")
		return nil
	}
	server = page.Servers[0]
	committed := &flight{ServerID: serverID}
	input, err := f.plan.undo(server, snapshotID, f.flightID(committed))
	if err != nil {
		f.undoRefused(server, snapshotID, err.Error())
		return nil
	}
	f.launch(TypeRollbackByRestore, &flight{ServerID: serverID, Name: cutText(server.Name, maxShownName), Undo: true}, input,
		fmt.Sprintf("roll server %d back to snapshot %d: the fleet stopped", serverID, snapshotID))
	return nil
}

// undoRefused lists a server that was not rolled back.
func (f *fanOut) undoRefused(server contract.Server, snapshotID int64, why string) {
	result := failedStart(server, contract.FailPreflight, "Not rolled back: "+why, workflow.Now(f.safe))
	result.SnapshotID = snapshotID
	f.state.undone(result)
}

// undone counts what became of a committed target. It is no longer a committed one unless its undo surely restored
// nothing: whose restore failed, or whose end nobody knows, has lost its change or may have.
func (s *fanOutState) undone(result TargetResult) {
	s.Undone.add(result)
	if kindOf(result) == kindDone {
		s.UndoneCounts.Restored++
	} else {
		s.UndoneCounts.Refused++
	}
	if keptChange(result.Outcome) {
		return
	}
	s.Counts.Done--
	s.Counts.Undone++
	s.Reverted = append(s.Reverted, result.ServerID)
}

// keptChange says that an undo which ended so did not touch the server.
func keptChange(undo Outcome) bool {
	switch undo {
	case OutcomeNotChanged, OutcomeSkipped, OutcomePlanned, OutcomeCanceled:
		return true
	default: // restored, well or not, or nobody knows
		return false
	}
}
