package schedule

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	commonpb "go.temporal.io/api/common/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// noon is when everything in these tests happens at once.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func startedAs(id string, due time.Time) *schedulepb.ScheduleActionResult {
	return &schedulepb.ScheduleActionResult{ScheduleTime: timestamppb.New(due), ActualTime: timestamppb.New(due.Add(time.Millisecond)),
		StartWorkflowResult: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "run of " + id}}
}

func TestATriggerTellsItsOwnRunFromARegularOneOfTheSameSecond(t *testing.T) {
	old, regular := startedAs("old", noon.Add(-time.Hour)), startedAs("regular", noon)
	own, others := startedAs("own", noon.Add(123456789)), startedAs("other", noon.Add(55))
	for name, tc := range map[string]struct {
		now     []*schedulepb.ScheduleActionResult
		skipped int64
		passed  bool // noon is no longer to come
		want    string
		overlap bool
		unclear bool
		proven  bool
	}{
		"nothing yet":                        {now: nil},
		"its own":                            {now: []*schedulepb.ScheduleActionResult{own}, want: "own", proven: true},
		"its own, then a regular one":        {now: []*schedulepb.ScheduleActionResult{own, regular}, passed: true, want: "own", proven: true},
		"its own, a regular one skipped":     {now: []*schedulepb.ScheduleActionResult{own}, passed: true, skipped: 1, want: "own", proven: true},
		"a regular one alone":                {now: []*schedulepb.ScheduleActionResult{regular}, passed: true, unclear: true},
		"a regular one, so its own skipped":  {now: []*schedulepb.ScheduleActionResult{regular}, passed: true, skipped: 1, overlap: true},
		"skipped":                            {skipped: 1, overlap: true},
		"one skipped, a regular one was due": {skipped: 1, passed: true, unclear: true},
		"both skipped":                       {skipped: 2, passed: true, overlap: true},
		"a time of the server's own":         {now: []*schedulepb.ScheduleActionResult{others}, want: "other"},
		"two of the server's own":            {now: []*schedulepb.ScheduleActionResult{others, startedAs("third", noon.Add(77))}, unclear: true},
		"another one, and one skipped":       {now: []*schedulepb.ScheduleActionResult{others}, skipped: 1, unclear: true},
	} {
		t.Run(name, func(t *testing.T) {
			later := timestamppb.New(noon.Add(time.Hour))
			tr := trigger{due: noon.Add(123456789), before: &schedulepb.ScheduleInfo{
				OverlapSkipped: 5, RecentActions: []*schedulepb.ScheduleActionResult{old},
				FutureActionTimes: []*timestamppb.Timestamp{timestamppb.New(noon), later},
			}}
			info := &schedulepb.ScheduleInfo{OverlapSkipped: 5 + tc.skipped, RecentActions: append([]*schedulepb.ScheduleActionResult{old}, tc.now...),
				FutureActionTimes: []*timestamppb.Timestamp{later}}
			if !tc.passed {
				info.FutureActionTimes = tr.before.FutureActionTimes
			}
			came, proven := tr.judge(info)
			got := ""
			if came.Run != nil {
				got = came.Run.WorkflowID
			}
			assert.Equal(t, tc.want, got)
			assert.Equal(t, tc.overlap, came.Overlapped)
			assert.Equal(t, tc.unclear, came.Unclear)
			assert.Equal(t, tc.proven, proven)
			assert.Len(t, came.Started, map[bool]int{true: len(tc.now)}[came.Unclear])
		})
	}
}

func TestEachTriggerHasAMomentOfItsOwn(t *testing.T) {
	assert.NotEqual(t, momentOfItsOwn(), momentOfItsOwn())
	assert.WithinDuration(t, time.Now(), momentOfItsOwn(), time.Minute)
}
