package cli

import (
	"context"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func (f *frontend) CreateSchedule(_ context.Context, in *workflowservice.CreateScheduleRequest) (*workflowservice.CreateScheduleResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info := &schedulepb.ScheduleInfo{}
	if !f.never {
		info.FutureActionTimes = []*timestamppb.Timestamp{timestamppb.New(time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC))}
	}
	if f.schedules == nil {
		f.schedules = map[string]*workflowservice.DescribeScheduleResponse{}
	}
	f.schedules[in.GetScheduleId()] = &workflowservice.DescribeScheduleResponse{Schedule: in.GetSchedule(), Memo: in.GetMemo(), Info: info}
	return &workflowservice.CreateScheduleResponse{}, nil
}

func (f *frontend) DescribeSchedule(_ context.Context, in *workflowservice.DescribeScheduleRequest) (*workflowservice.DescribeScheduleResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found := f.schedules[in.GetScheduleId()]; found != nil {
		return found, nil
	}
	return nil, serviceerror.NewNotFound("no such schedule")
}

// PatchSchedule keeps what was asked for, and does none of it.
func (f *frontend) PatchSchedule(_ context.Context, in *workflowservice.PatchScheduleRequest) (*workflowservice.PatchScheduleResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.patches = append(f.patches, in)
	return &workflowservice.PatchScheduleResponse{}, nil
}

func (f *frontend) DeleteSchedule(_ context.Context, in *workflowservice.DeleteScheduleRequest) (*workflowservice.DeleteScheduleResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.schedules, in.GetScheduleId())
	return &workflowservice.DeleteScheduleResponse{}, nil
}
