package workflows

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// rotateMany gives each of many servers a run of its own. One server's failure never stops the others.
func rotateMany(ctx workflow.Context, in SnapshotRotationInput, raw converter.RawValue, state *fanOutState) (*Report, error) {
	return runFanOut(ctx, fanOutPlan{
		child:          TypeSnapshotRotation,
		selector:       selectorOf(in.Servers, in.Selector, in.All),
		missingIsError: true,
		reason:         in.Reason,
		maxConcurrency: in.MaxConcurrency,
		input:          func(server contract.Server) (json.RawMessage, error) { return json.Marshal(in.ofServer(server.ID)) },
		summary: func(server contract.Server) string {
			return fmt.Sprintf("rotate the snapshots of %s by policy %s", shownServer(server.ID, server.Name), in.Policy.Name)
		},
		notify: in.notifyMany(),
		finish: func(record *FleetRecord, end fanOutEnd) *ending { return rotatedMany(in, record, end) },
	}, raw, state)
}

// notifyMany are the targets of the run of many; a dry run tells nobody.
func (in SnapshotRotationInput) notifyMany() []NotifyTarget {
	if in.DryRun {
		return nil
	}
	return in.Notify
}

// ofServer is the input of one server's run. It says only what is about that server: 10,000 of them are started, and
// those who are notified want to hear of all servers once.
func (in SnapshotRotationInput) ofServer(id int64) SnapshotRotationInput {
	in.Servers, in.Selector, in.All = []int64{id}, nil, false
	in.MaxConcurrency, in.Notify = Amount{Number: 1}, nil
	var windows []FreezeWindow
	for _, w := range in.NotDuring {
		switch {
		case len(w.Servers) == 0:
			windows = append(windows, w)
		case slices.Contains(w.Servers, id):
			w.Servers = []int64{id}
			windows = append(windows, w)
		}
	}
	in.NotDuring = windows
	return in
}

// rotatedMany ends the run of many servers.
func rotatedMany(in SnapshotRotationInput, record *FleetRecord, end fanOutEnd) *ending {
	c := record.Counts
	counts := fmt.Sprintf("%s: %d rotated, %d skipped, %d failed", count(record.Total, "server"), c.Done, c.Skipped, c.Errors+c.RolledBack)
	switch end {
	case fanOutNotStarted:
		return (&ending{outcome: OutcomeNotChanged, failure: contract.FailPreflight, summary: "Nothing was rotated. " + record.StoppedBy}).
			withNext("mend what is named, then start the run again.")
	case fanOutNothing:
		return &ending{outcome: OutcomeSkipped, summary: "Nothing to do: no server of the account is selected."}
	case fanOutCanceled:
		return &ending{outcome: OutcomeCanceled, summary: fmt.Sprintf("Canceled. Of %s. The others were not begun.", counts)}
	case fanOutStopped:
		return (&ending{outcome: OutcomeIncomplete, failure: contract.FailRotation,
			summary: fmt.Sprintf("Stopped (%s). Of %s. The others were not begun.", record.StoppedBy, counts)}).
			withNext("the next rotation takes up all of them.")
	case fanOutDone:
		return rotatedAll(in, record, counts)
	default: // the engine has no other end, and an unknown one must not look good
		return &ending{outcome: OutcomeIncomplete, failure: contract.FailRotation, summary: fmt.Sprintf("Ended as %s. Of %s.", end, counts)}
	}
}

// rotatedAll is the end of a run that tried every server.
func rotatedAll(in SnapshotRotationInput, record *FleetRecord, counts string) *ending {
	c := record.Counts
	switch {
	case c.ended() < record.Total: // not reached: every selected server has a result, and one without must not look good
		return (&ending{outcome: OutcomeIncomplete, failure: contract.FailRotation, summary: withoutResult(record) + fmt.Sprintf("Of %s.", counts)}).
			withNext("start the run again.")
	case c.Errors+c.RolledBack > 0:
		return (&ending{outcome: OutcomeIncomplete, failure: contract.FailRotation, summary: fmt.Sprintf("Of %s.%s", counts, failedRotations(record))}).
			withNext("look at the runs that failed; the report lists them, and the next rotation tries again.")
	case in.DryRun && c.Planned > 0:
		return &ending{outcome: OutcomePlanned, summary: fmt.Sprintf("Dry run: nothing was written. The runs of %s say what a real run would do.", count(c.Planned, "server"))}
	case c.Done == 0:
		return &ending{outcome: OutcomeSkipped, summary: fmt.Sprintf("Of %s: all of them were busy or in a freeze window.", counts)}
	default:
		return &ending{outcome: OutcomeRotated, summary: fmt.Sprintf("Of %s.", counts)}
	}
}

// failedRotations names the newest failures.
func failedRotations(record *FleetRecord) string {
	const most = 5
	var b strings.Builder
	failures := record.LastFailures[max(len(record.LastFailures)-most, 0):]
	for _, f := range failures {
		fmt.Fprintf(&b, "\n- %s: %s: %s", shownServer(f.ServerID, f.Name), f.Failure, f.Summary)
	}
	if more := record.Counts.Errors + record.Counts.RolledBack - len(failures); more > 0 {
		fmt.Fprintf(&b, "\n- and %d more", more)
	}
	return b.String()
}

// shownServer names a server in a sentence. Its name is whatever somebody wrote.
func shownServer(id int64, name string) string {
	if name == "" {
		return strconv.FormatInt(id, 10)
	}
	return fmt.Sprintf("%d %s", id, shownWord(name))
}
