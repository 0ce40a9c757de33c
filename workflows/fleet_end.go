package workflows

import (
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// finishFleet says how a fleet ends.
func finishFleet(in FleetUpdateInput, record *FleetRecord, end fanOutEnd) *ending {
	switch end {
	case fanOutNotStarted:
		return (&ending{outcome: OutcomeNotChanged, failure: contract.FailPreflight,
			summary: record.StoppedBy + " No server was changed."}).
			withNext("mend servers, the selector or the worker's access to the API, then start the fleet again.")
	case fanOutNothing:
		return &ending{outcome: OutcomeSkipped, summary: nothingSelected(in)}
	case fanOutCanceled:
		return &ending{outcome: OutcomeCanceled, summary: "Canceled: no further server was started, and those under way were asked to leave what they do safe. " + fleetTally(record)}
	case fanOutStopped:
		return (&ending{outcome: OutcomeFleetStopped, failure: contract.FailFleetStopped,
			summary: "Stopped: " + record.StoppedBy + ". " + fleetTally(record) + undoTally(in, record)}).
			withNext("%s", retryAdvice)
	case fanOutDone:
		return fleetDone(record)
	default: // not reached: the engine has no other end, and an unknown one must not look good
		return &ending{outcome: OutcomeFleetStopped, failure: contract.FailFleetStopped, summary: "Ended as " + string(end) + ". " + fleetTally(record)}
	}
}

const retryAdvice = "look at the servers that the report lists, mend what was wrong, then start a fleet with this one's workflow id as retry_of: it takes every server that is not committed."

// fleetDone is the end of a fleet that tried every server.
func fleetDone(record *FleetRecord) *ending {
	c := record.Counts
	switch {
	case c.ended() < record.Total: // not reached: every selected server has a result, and one without must not look good
		return (&ending{outcome: OutcomeFleetFailed, failure: contract.FailFleet, summary: withoutResult(record) + fleetTally(record)}).
			withNext("look at the servers that no result names: nobody knows whether they were changed.")
	case c.Errors > 0 || c.RolledBack > 0:
		return (&ending{outcome: OutcomeFleetFailed, failure: contract.FailFleet,
			summary: "Every server was tried, and not all were committed. " + fleetTally(record)}).withNext("%s", retryAdvice)
	case c.Done > 0:
		return &ending{outcome: OutcomeCommitted, summary: "Done. " + fleetTally(record)}
	case c.Planned > 0:
		return &ending{outcome: OutcomePlanned, summary: "Dry run: nothing was written. Each server's own report has its plan. " + fleetTally(record)}
	default: // all of them were busy
		return &ending{outcome: OutcomeSkipped, summary: "Every server was skipped. " + fleetTally(record)}
	}
}

// withoutResult says that selected servers are left out of the results.
func withoutResult(record *FleetRecord) string {
	return fmt.Sprintf("%s of those selected left no result. ", count(record.Total-record.Counts.ended(), "server"))
}

func nothingSelected(in FleetUpdateInput) string {
	if in.RetryOf != "" {
		return "Nothing to do: " + in.RetryOf + " left no server that could be tried again."
	}
	return "Nothing to do: no server of the account is selected."
}

// fleetTally counts the servers in words.
func fleetTally(record *FleetRecord) string {
	c := record.Counts
	text := fmt.Sprintf("Of %s: %d committed, %d skipped, %d rolled back, %s", count(record.Total, "server"), c.Done, c.Skipped, c.RolledBack, count(c.Errors, "error"))
	if c.Planned > 0 {
		text += fmt.Sprintf(", %d planned", c.Planned)
	}
	if c.Undone > 0 {
		text += fmt.Sprintf(", %d committed first and then undone", c.Undone)
	}
	if left := record.Total - c.ended(); left > 0 {
		text += fmt.Sprintf(", %d not tried", left)
	}
	return text + "."
}

// undoTally says what became of the committed servers of a stopped fleet.
func undoTally(in FleetUpdateInput, record *FleetRecord) string {
	u := record.UndoneCounts
	switch {
	case in.OnStop != StopRollbackCommitted || in.DryRun:
		if record.Counts.Done == 0 {
			return ""
		}
		return " The committed ones keep their change."
	case u == UndoneCounts{}:
		return ""
	default:
		text := fmt.Sprintf(" Of the committed ones %d were rolled back, and %d could not be or not well", u.Restored, u.Refused)
		if u.Left > 0 {
			text += fmt.Sprintf("; %d were left as they are (the fleet was canceled, or its results could not be stored)", u.Left)
		}
		return text + "."
	}
}
