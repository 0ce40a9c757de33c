package schedule

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Details is everything that is known of a schedule.
type Details struct {
	ID string `json:"id"`
	// Foreign is true for a schedule that starts a runbook but was not made by Safepoint, PlanOf set for what a dry run
	// left behind.
	Foreign bool   `json:"foreign,omitempty"`
	PlanOf  string `json:"plan_of,omitempty"`
	Runbook string `json:"runbook"`
	// Spec is what the file said; nil where it is not known, as for a foreign schedule.
	Spec       *Spec             `json:"spec,omitempty"`
	Overlap    Overlap           `json:"overlap"`
	CatchUp    contract.Duration `json:"catch_up"`
	WorkflowID string            `json:"workflow_id"`
	TaskQueue  string            `json:"task_queue"`
	Input      json.RawMessage   `json:"input,omitempty"`
	Paused     bool              `json:"paused"`
	Note       string            `json:"note,omitempty"`
	CreatedAt  time.Time         `json:"created_at,omitzero"`
	UpdatedAt  time.Time         `json:"updated_at,omitzero"`
	// Next are the next times, which count only while it is not paused.
	Next []time.Time `json:"next,omitempty"`
	// Runs is how many runs it has started, Overlapped how many were not because the one before still ran, and Missed how
	// many because of an outage longer than catch_up.
	Runs       int64 `json:"runs"`
	Overlapped int64 `json:"overlapped"`
	Missed     int64 `json:"missed"`
	// Recent are the last runs, the newest first.
	Recent []Run `json:"recent,omitempty"`
	// Trouble says why the rest is not known; a list has it where one schedule does not answer.
	Trouble string `json:"trouble,omitempty"`
}

// Run is one run that a schedule started.
type Run struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id"`
	// DueAt is when the schedule said, StartedAt when the run started.
	DueAt     time.Time `json:"due_at,omitzero"`
	StartedAt time.Time `json:"started_at,omitzero"`
	// Outcome is how it ended in the runbook's word, or in Temporal's where it left none; "running" while it runs.
	Outcome string `json:"outcome,omitempty"`
}

// Outcomes of runs that the runbook itself does not name.
const (
	OutcomeRunning = "running"
	// OutcomeGone: Temporal has deleted the run, as its retention says.
	OutcomeGone = "gone"
)

// Describe shows a schedule with the outcomes of its last runs, at most so many. Any schedule can be described.
func (s *Store) Describe(ctx context.Context, id string, runs int) (Details, error) {
	found, err := s.describe(ctx, id)
	if err != nil {
		return Details{}, err
	}
	d := detailsOf(id, found)
	d.Recent = d.Recent[:min(runs, len(d.Recent))]
	for i := range d.Recent {
		if d.Recent[i].Outcome, err = s.outcome(ctx, d.Recent[i]); err != nil {
			return Details{}, err
		}
	}
	return d, nil
}

func detailsOf(id string, found *workflowservice.DescribeScheduleResponse) Details {
	schedule, info, now := found.GetSchedule(), found.GetInfo(), settingsOf(found.GetSchedule())
	label, _ := markIn(found.GetMemo())
	d := Details{
		ID: id, Foreign: !ours(found), PlanOf: label.PlanOf, Runbook: now.Runbook, Spec: now.Spec, Overlap: now.Overlap, CatchUp: now.CatchUp,
		WorkflowID: now.WorkflowID, TaskQueue: now.TaskQueue, Input: now.Input,
		Paused: schedule.GetState().GetPaused(), Note: schedule.GetState().GetNotes(),
		Next: timesOf(info.GetFutureActionTimes(), len(info.GetFutureActionTimes())),
		Runs: info.GetActionCount(), Overlapped: info.GetOverlapSkipped(), Missed: info.GetMissedCatchupWindow(),
	}
	if at := info.GetCreateTime(); at != nil {
		d.CreatedAt = at.AsTime()
	}
	if at := info.GetUpdateTime(); at != nil {
		d.UpdatedAt = at.AsTime()
	}
	for _, action := range info.GetRecentActions() {
		d.Recent = append(d.Recent, runOf(action))
	}
	slices.Reverse(d.Recent) // the server's order is the oldest first
	return d
}

func runOf(action *schedulepb.ScheduleActionResult) Run {
	run := Run{WorkflowID: action.GetStartWorkflowResult().GetWorkflowId(), RunID: action.GetStartWorkflowResult().GetRunId()}
	if at := action.GetScheduleTime(); at != nil {
		run.DueAt = at.AsTime()
	}
	if at := action.GetActualTime(); at != nil {
		run.StartedAt = at.AsTime()
	}
	return run
}

// outcome asks how a run ended.
func (s *Store) outcome(ctx context.Context, run Run) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := s.service.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: s.namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: run.WorkflowID, RunId: run.RunID},
	})
	switch err = plain(err); {
	case errors.Is(err, ErrNotFound):
		return OutcomeGone, nil
	case err != nil:
		return "", fmt.Errorf("ask how %s ended: %w", run.WorkflowID, err)
	}
	info := found.GetWorkflowExecutionInfo()
	var outcome string
	attribute := info.GetSearchAttributes().GetIndexedFields()[workflows.SearchAttributeOutcome]
	if attribute != nil && json.Unmarshal(attribute.GetData(), &outcome) == nil && outcome != "" {
		return outcome, nil
	}
	return statusWord(info.GetStatus()), nil
}

// statusWord is Temporal's own word for a run that did not say its outcome.
func statusWord(status enumspb.WorkflowExecutionStatus) string {
	switch status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING:
		return OutcomeRunning
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		return "terminated"
	case enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return "timed out"
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return "canceled"
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:
		return "failed"
	default: // completed without an outcome, continued as new, and what a later version may add
		return "ended"
	}
}

// List shows every schedule that starts a runbook, or that Safepoint made, by id. The list is the server's visibility
// store, which may be a second behind; what is shown of each is the truth.
func (s *Store) List(ctx context.Context) ([]Details, error) {
	var all []Details
	var token []byte
	for {
		page, err := s.page(ctx, token)
		if err != nil {
			return nil, err
		}
		for _, entry := range page.GetSchedules() {
			_, marked := markIn(entry.GetMemo())
			if !marked && !slices.Contains(workflows.Runbooks(), entry.GetInfo().GetWorkflowType().GetName()) {
				continue
			}
			d, err := s.Describe(ctx, entry.GetScheduleId(), 1)
			if errors.Is(err, ErrNotFound) {
				continue // deleted meanwhile
			}
			if overloaded(err) && ctx.Err() == nil { // one busy schedule must not hide the others
				d, err = listed(entry, err), nil
			}
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			break
		}
	}
	slices.SortFunc(all, func(a, b Details) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// listed is what the list itself says of a schedule that does not answer.
func listed(entry *schedulepb.ScheduleListEntry, err error) Details {
	label, _ := markIn(entry.GetMemo())
	info := entry.GetInfo()
	return Details{
		ID: entry.GetScheduleId(), PlanOf: label.PlanOf, Runbook: info.GetWorkflowType().GetName(),
		Paused: info.GetPaused(), Note: info.GetNotes(), Next: timesOf(info.GetFutureActionTimes(), len(info.GetFutureActionTimes())),
		Trouble: "does not answer now: " + err.Error(),
	}
}

func (s *Store) page(ctx context.Context, token []byte) (*workflowservice.ListSchedulesResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	page, err := s.service.ListSchedules(ctx, &workflowservice.ListSchedulesRequest{Namespace: s.namespace, MaximumPageSize: 100, NextPageToken: token})
	return page, plain(err)
}

// Zone is the place whose clocks the schedule is read in; UTC where that is not known.
func (d Details) Zone() *time.Location {
	if d.Spec == nil {
		return time.UTC
	}
	return d.Spec.Zone()
}
