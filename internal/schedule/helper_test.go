package schedule

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// kept is one schedule of the server.
type kept struct {
	schedule *schedulepb.Schedule
	memo     *commonpb.Memo
	token    int
}

// server keeps schedules as Temporal does: an update whose conflict token is old is dropped without a word.
type server struct {
	workflowservice.WorkflowServiceClient
	mu        sync.Mutex
	schedules map[string]*kept
	created   []string // but for those of plans
	updates   int
	// never is a spec that no time fits.
	never   bool
	deleted []string
	// beforeUpdate runs once, between a look and the update that follows it; onDescribe may fail a look.
	beforeUpdate func()
	onDescribe   func(id string) error
	onCreate     func() error
}

func newServer() (*server, *Store) {
	s := &server{schedules: map[string]*kept{}}
	return s, NewStore(s, "default", "test")
}

func (s *server) CreateSchedule(_ context.Context, in *workflowservice.CreateScheduleRequest, _ ...grpc.CallOption) (*workflowservice.CreateScheduleResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.onCreate != nil {
		if err := s.onCreate(); err != nil {
			return nil, err
		}
	}
	if s.schedules[in.GetScheduleId()] != nil {
		return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("exists", "", "")
	}
	s.schedules[in.GetScheduleId()] = &kept{schedule: proto.CloneOf(in.GetSchedule()), memo: in.GetMemo(), token: 1}
	if !strings.Contains(in.GetScheduleId(), "-plan-") {
		s.created = append(s.created, in.GetScheduleId())
	}
	return &workflowservice.CreateScheduleResponse{}, nil
}

func (s *server) DescribeSchedule(_ context.Context, in *workflowservice.DescribeScheduleRequest, _ ...grpc.CallOption) (*workflowservice.DescribeScheduleResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.onDescribe != nil {
		if err := s.onDescribe(in.GetScheduleId()); err != nil {
			return nil, err
		}
	}
	found := s.schedules[in.GetScheduleId()]
	if found == nil {
		return nil, serviceerror.NewNotFound("gone")
	}
	rewritten := proto.CloneOf(found.schedule)
	rewritten.Spec = &schedulepb.ScheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{{Comment: "rewritten"}}}
	info := &schedulepb.ScheduleInfo{}
	if !s.never {
		info.FutureActionTimes = []*timestamppb.Timestamp{timestamppb.Now(), timestamppb.Now(), timestamppb.Now()}
	}
	return &workflowservice.DescribeScheduleResponse{Schedule: rewritten, Memo: found.memo, ConflictToken: []byte(strconv.Itoa(found.token)), Info: info}, nil
}

func (s *server) UpdateSchedule(_ context.Context, in *workflowservice.UpdateScheduleRequest, _ ...grpc.CallOption) (*workflowservice.UpdateScheduleResponse, error) {
	if between := s.beforeUpdate; between != nil {
		s.beforeUpdate = nil
		between()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.schedules[in.GetScheduleId()]
	if strconv.Itoa(found.token) == string(in.GetConflictToken()) {
		found.schedule, found.token = proto.CloneOf(in.GetSchedule()), found.token+1 // and the memo stays, as on 1.29
		s.updates++
	}
	return &workflowservice.UpdateScheduleResponse{}, nil
}

func (s *server) PatchSchedule(_ context.Context, in *workflowservice.PatchScheduleRequest, _ ...grpc.CallOption) (*workflowservice.PatchScheduleResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.schedules[in.GetScheduleId()]
	if note := in.GetPatch().GetPause(); note != "" {
		found.schedule.State.Paused, found.schedule.State.Notes = true, note
	}
	found.token++
	return &workflowservice.PatchScheduleResponse{}, nil
}

func (s *server) DeleteSchedule(_ context.Context, in *workflowservice.DeleteScheduleRequest, _ ...grpc.CallOption) (*workflowservice.DeleteScheduleResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted = append(s.deleted, in.GetScheduleId())
	if s.schedules[in.GetScheduleId()] == nil {
		return nil, serviceerror.NewNotFound("gone")
	}
	delete(s.schedules, in.GetScheduleId())
	return &workflowservice.DeleteScheduleResponse{}, nil
}

// ListSchedules lists all of them on one page, as the visibility store knows them.
func (s *server) ListSchedules(context.Context, *workflowservice.ListSchedulesRequest, ...grpc.CallOption) (*workflowservice.ListSchedulesResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := &workflowservice.ListSchedulesResponse{}
	for id, one := range s.schedules {
		list.Schedules = append(list.Schedules, &schedulepb.ScheduleListEntry{ScheduleId: id, Memo: one.memo, Info: &schedulepb.ScheduleListInfo{
			WorkflowType: one.schedule.GetAction().GetStartWorkflow().GetWorkflowType(), Paused: one.schedule.GetState().GetPaused(),
		}})
	}
	return list, nil
}

func (s *server) state(id string) *schedulepb.ScheduleState {
	return s.schedules[id].schedule.GetState()
}

// good is a file that is all right; edits are pairs of old and new text.
const good = `{"id": "nightly", "runbook": "SnapshotRotation", "input": {"all": true, "policy": {"keep_last": 2}},
	"spec": {"cron": ["0 3 * * *"], "time_zone": "Europe/Amsterdam"}}`

func read(t *testing.T, text string) File {
	t.Helper()
	f, err := Read([]byte(text), "safepoint")
	require.NoError(t, err)
	return f
}
