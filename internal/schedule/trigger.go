package schedule

import (
	"context"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
)

// triggered is how long a trigger waits to see what came of it.
const triggered = 10 * time.Second

// Triggered is what came of a trigger.
type Triggered struct {
	// Run is what was started; nil when nothing was, or when it is not known yet.
	Run *Run `json:"run,omitempty"`
	// Overlapped is true when nothing was started because a run still runs.
	Overlapped bool `json:"overlapped,omitempty"`
}

// Trigger starts a run now, under the schedule's own overlap policy, paused or not, and waits a little to see it.
func (s *Store) Trigger(ctx context.Context, id string) (Triggered, error) {
	before, err := s.describe(ctx, id)
	if err != nil {
		return Triggered{}, err
	}
	err = s.patch(ctx, id, &schedulepb.SchedulePatch{
		TriggerImmediately: &schedulepb.TriggerImmediatelyRequest{OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED},
	})
	if err != nil {
		return Triggered{}, err
	}
	old := before.GetInfo()
	for deadline := time.Now().Add(triggered); time.Now().Before(deadline); {
		found, err := s.describe(ctx, id)
		if err != nil {
			return Triggered{}, err
		}
		info := found.GetInfo()
		if recent := info.GetRecentActions(); info.GetActionCount() > old.GetActionCount() && len(recent) > 0 {
			run := runOf(recent[len(recent)-1])
			return Triggered{Run: &run}, nil
		}
		if info.GetOverlapSkipped() > old.GetOverlapSkipped() {
			return Triggered{Overlapped: true}, nil
		}
		if err := pause(ctx, settleEvery); err != nil {
			return Triggered{}, err
		}
	}
	return Triggered{}, nil
}
