package schedule

import (
	"encoding/json"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// memoKey names what Safepoint writes down beside a schedule: that the schedule is Safepoint's, and its spec as the file
// has it, because the server rewrites crons and calendars. It stands in the memo of the schedule and in that of its
// action; only the second can be updated on every server, so it is the one that counts.
const memoKey = "safepoint_schedule"

// mark is the value under memoKey.
type mark struct {
	Spec *Spec `json:"spec,omitempty"`
	// Applied is a random word of the last update, by which that one is known to have arrived. It is no setting.
	Applied string `json:"applied,omitempty"`
	// PlanOf is the schedule whose times a dry run asks for; this one is to be deleted.
	PlanOf string `json:"plan_of,omitempty"`
}

func (m mark) memo() (*commonpb.Memo, error) {
	payload, err := converter.GetDefaultDataConverter().ToPayload(m)
	if err != nil {
		return nil, fmt.Errorf("write the schedule's memo: %w", err)
	}
	return &commonpb.Memo{Fields: map[string]*commonpb.Payload{memoKey: payload}}, nil
}

// markIn reads a memo. What cannot be read is not Safepoint's.
func markIn(memo *commonpb.Memo) (mark, bool) {
	var m mark
	payload := memo.GetFields()[memoKey]
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &m) != nil {
		return mark{}, false
	}
	return m, true
}

// desired is the schedule that a file asks for; applied is the word of an update, empty for a schedule that is created.
func (f File) desired(applied string) (*schedulepb.Schedule, *commonpb.Memo, error) {
	memo, err := mark{Spec: &f.Spec, Applied: applied}.memo()
	if err != nil {
		return nil, nil, err
	}
	start := &workflowpb.NewWorkflowExecutionInfo{
		WorkflowId:   f.WorkflowID,
		WorkflowType: &commonpb.WorkflowType{Name: f.Runbook},
		TaskQueue:    &taskqueuepb.TaskQueue{Name: f.TaskQueue},
		Input:        &commonpb.Payloads{Payloads: []*commonpb.Payload{jsonPayload(f.Input)}},
		Memo:         memo,
	}
	return &schedulepb.Schedule{
		Spec:   f.Spec.proto(),
		Action: &schedulepb.ScheduleAction{Action: &schedulepb.ScheduleAction_StartWorkflow{StartWorkflow: start}},
		// Pause on failure stays off: one bad night must not be the last one that anybody looks at.
		Policies: &schedulepb.SchedulePolicies{OverlapPolicy: f.Overlap.policy(), CatchupWindow: durationpb.New(f.CatchUp.Std())},
		State:    &schedulepb.ScheduleState{Paused: f.Paused, Notes: f.Note},
	}, memo, nil
}

func jsonPayload(data []byte) *commonpb.Payload {
	return &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: data}
}

func (s Spec) proto() *schedulepb.ScheduleSpec {
	spec := &schedulepb.ScheduleSpec{CronString: s.Cron, TimezoneName: s.TimeZone, StartTime: timestampOf(s.StartAt), EndTime: timestampOf(s.EndAt)}
	if s.Jitter > 0 {
		spec.Jitter = durationpb.New(s.Jitter.Std())
	}
	if s.Every > 0 {
		spec.Interval = []*schedulepb.IntervalSpec{{Interval: durationpb.New(s.Every.Std()), Phase: durationpb.New(s.Offset.Std())}}
	}
	for _, c := range s.Calendars {
		spec.Calendar = append(spec.Calendar, &schedulepb.CalendarSpec{
			Second: c.Second, Minute: c.Minute, Hour: c.Hour, DayOfMonth: c.DayOfMonth, Month: c.Month, Year: c.Year, DayOfWeek: c.DayOfWeek, Comment: c.Comment,
		})
	}
	return spec
}

func timestampOf(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// timesOf reads timestamps, at most n.
func timesOf(list []*timestamppb.Timestamp, n int) []time.Time {
	var times []time.Time
	for _, t := range list[:min(n, len(list))] {
		times = append(times, t.AsTime())
	}
	return times
}

// settings are what a schedule does, as far as a file says it, in a form that two of them can be compared in.
type settings struct {
	Runbook        string            `json:"runbook"`
	Input          json.RawMessage   `json:"input"`
	Spec           *Spec             `json:"spec"`
	Overlap        Overlap           `json:"overlap"`
	CatchUp        contract.Duration `json:"catch_up"`
	WorkflowID     string            `json:"workflow_id"`
	TaskQueue      string            `json:"task_queue"`
	PauseOnFailure bool              `json:"pause_on_failure"`
}

func (f File) settings() settings {
	return settings{Runbook: f.Runbook, Input: f.Input, Spec: &f.Spec, Overlap: f.Overlap, CatchUp: f.CatchUp, WorkflowID: f.WorkflowID, TaskQueue: f.TaskQueue}
}

// settingsOf reads them out of a schedule of the server. The spec is the one that the action's memo remembers; without it
// nobody can say whether the server's own is the same.
func settingsOf(s *schedulepb.Schedule) settings {
	start := s.GetAction().GetStartWorkflow()
	m, _ := markIn(start.GetMemo())
	read := settings{
		Runbook: start.GetWorkflowType().GetName(), Spec: m.Spec, Overlap: overlapOf(s.GetPolicies().GetOverlapPolicy()),
		CatchUp:    contract.Duration(s.GetPolicies().GetCatchupWindow().AsDuration()),
		WorkflowID: start.GetWorkflowId(), TaskQueue: start.GetTaskQueue().GetName(), PauseOnFailure: s.GetPolicies().GetPauseOnFailure(),
	}
	if inputs := start.GetInput().GetPayloads(); len(inputs) == 1 && json.Valid(inputs[0].GetData()) {
		read.Input = inputs[0].GetData()
	}
	return read
}
