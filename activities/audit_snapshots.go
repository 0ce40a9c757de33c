package activities

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/target"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// maxStoppedLooks bounds the questions to Temporal about stopped servers: each is two or three.
const maxStoppedLooks = 50

// AuditSnapshots looks at the snapshots of all chosen servers. It takes two lists, however many servers there are.
func (a *Activities) AuditSnapshots(ctx context.Context, in contract.AuditInput) (contract.AuditResult, error) {
	defer a.keepAlive(ctx)()
	if err := usable(in.Selector); err != nil {
		return contract.AuditResult{}, err
	}
	// The snapshots first: a server that is made in between has none and is no orphan's, one that goes in between leaves
	// true orphans.
	snapshots, err := a.api.ListSnapshots(ctx, vpsorg.ListSnapshotsOpts{})
	if err != nil {
		return contract.AuditResult{}, readError(ctx, err)
	}
	servers, err := a.allServers(ctx)
	if err != nil {
		return contract.AuditResult{}, err
	}
	audit := newAudit(in, servers, snapshotsOf(snapshots))
	audit.result.Now, audit.result.ClockOf = a.pace.now().UTC(), contract.ClockWorker
	if now, known := a.api.Now(); known {
		audit.result.Now, audit.result.ClockOf = now.UTC(), contract.ClockAPI
	}
	var missing []int64
	audit.chosen, missing = target.Match(in.Selector, servers)
	audit.judge(missing)
	if err := a.lookAtStopped(ctx, audit); err != nil {
		return contract.AuditResult{}, err
	}
	return audit.result, nil
}

// lookAtStopped lists the stopped servers that a runbook may have left so. The first question that Temporal does not
// answer ends it: the rest is counted as unread.
func (a *Activities) lookAtStopped(ctx context.Context, audit *audit) error {
	stopped := audit.stopped()
	for i, server := range stopped {
		if i == maxStoppedLooks {
			audit.result.StoppedUnread = len(stopped) - i
			return nil
		}
		holder, left, err := a.leftStopped(ctx, server.ID)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			audit.result.StoppedUnread = len(stopped) - i
			return nil
		}
		if left {
			row := audit.row(server, fmt.Sprintf("the server is stopped, and its last runbook (%s) has %s: it may have left it so",
				shownKind(holder.kind), statusWord(holder.status)))
			row.WorkflowID, row.RunID = fit(holder.workflowID, contract.MaxServerText), holder.runID
			add(&audit.result.StoppedByRun, &audit.result.Counts.StoppedByRun, row)
		}
	}
	return nil
}

// leftStopped finds the last runbook that held a server's lock and says whether it ended without having put the server
// back in order for certain.
func (a *Activities) leftStopped(ctx context.Context, serverID int64) (holder run, left bool, err error) {
	lock, err := a.describe(ctx, contract.LockWorkflowID(serverID), "")
	if err != nil || lock.parentID == "" {
		return run{}, false, err
	}
	// The latest run first: one that was reset goes on as another run and still has the server in hand.
	holder, err = a.describe(ctx, lock.parentID, "")
	if err != nil || holder.open() {
		return run{}, false, err
	}
	if holder.runID != lock.parentRunID {
		if holder, err = a.describe(ctx, lock.parentID, lock.parentRunID); err != nil {
			return run{}, false, err
		}
	}
	switch holder.status {
	case enums.WORKFLOW_EXECUTION_STATUS_FAILED, enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return holder, true, nil
	default: // completed and canceled runs put the server back; a run that Temporal no longer knows says nothing
		return run{}, false, nil
	}
}

// shownKind is a workflow type in a sentence. Whoever takes a lock by hand gives it what type they like.
func shownKind(kind string) string {
	kind = fit(kind, maxAuditText)
	if strings.ContainsFunc(kind, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '-' }) {
		return strconv.Quote(kind)
	}
	return kind
}

func statusWord(status enums.WorkflowExecutionStatus) string {
	switch status {
	case enums.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		return "been terminated"
	case enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return "timed out"
	default: // leftStopped lets only failed ones through beside these
		return "failed"
	}
}
