package schedule

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// triggered is how long a trigger waits to see what came of it. What is not proven is only believed after doubt: the
// server shows the starts of one moment one by one.
const (
	triggered = 10 * time.Second
	doubt     = 2 * time.Second
)

// Triggered is what came of a trigger.
type Triggered struct {
	// Run is what was started; nil when nothing was, or when it is not known.
	Run *Run `json:"run,omitempty"`
	// Overlapped is true when nothing was started because a run still runs.
	Overlapped bool `json:"overlapped,omitempty"`
	// Unclear is true when more than one thing happened in these seconds, so that nobody can tell which of it is the
	// trigger's. Started are the runs that began meanwhile, the oldest first.
	Unclear bool  `json:"unclear,omitempty"`
	Started []Run `json:"started,omitempty"`
}

// Trigger starts a run now, under the schedule's own overlap policy, paused or not, and waits a little to see it.
func (s *Store) Trigger(ctx context.Context, id string) (Triggered, error) {
	before, err := s.describe(ctx, id)
	if err != nil {
		return Triggered{}, unseen(ctx, err)
	}
	t := trigger{before: before.GetInfo(), due: momentOfItsOwn()}
	err = s.patch(ctx, id, &schedulepb.SchedulePatch{
		TriggerImmediately: &schedulepb.TriggerImmediatelyRequest{
			OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED, ScheduledTime: timestamppb.New(t.due),
		},
	})
	if err != nil {
		return Triggered{}, err
	}
	var came Triggered
	var since time.Time // since when something is seen that may be the trigger's
	for deadline := time.Now().Add(triggered); time.Now().Before(deadline); {
		found, err := s.describe(ctx, id)
		if err != nil {
			return Triggered{}, err
		}
		seen, proven := t.judge(found.GetInfo())
		came = seen
		switch {
		case proven:
			return came, nil
		case came.Run == nil && !came.Overlapped: // nothing yet, or nothing that can be told
		case since.IsZero():
			since = time.Now()
		case time.Since(since) > doubt:
			return came, nil
		}
		if err := pause(ctx, settleEvery); err != nil {
			return Triggered{}, err
		}
	}
	return came, nil
}

// momentOfItsOwn is now, with a fraction of a second that no other start has. A server may take it for the time at which
// the run was due (1.29 does), or put in its own (the scheduler of later ones).
func momentOfItsOwn() time.Time {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return time.Now().UTC().Truncate(time.Second).Add(time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(time.Second)))
}

// trigger tells what one trigger did from what the schedule did by itself at the same time.
type trigger struct {
	before *schedulepb.ScheduleInfo
	due    time.Time
}

// judge says what came of it as far as info shows; proven is true when no later look can show otherwise.
func (t trigger) judge(info *schedulepb.ScheduleInfo) (came Triggered, proven bool) {
	var regular, others []Run
	for _, action := range info.GetRecentActions() {
		run := runOf(action)
		switch {
		case slices.ContainsFunc(t.before.GetRecentActions(), func(old *schedulepb.ScheduleActionResult) bool { return runOf(old) == run }):
		case run.DueAt.Equal(t.due):
			return Triggered{Run: &run}, true
		case slices.ContainsFunc(t.before.GetFutureActionTimes(), at(run.DueAt)):
			regular = append(regular, run)
		default: // the trigger's on a server with times of its own, or another person's
			others = append(others, run)
		}
	}
	// A regular run that came due and was not started may be the one that was skipped.
	unstarted := int64(t.passed(info) - len(regular))
	skipped := info.GetOverlapSkipped() - t.before.GetOverlapSkipped()
	switch {
	case skipped > 0 && skipped > unstarted && len(others) == 0:
		return Triggered{Overlapped: true}, false
	case len(others) == 1 && skipped <= 0:
		return Triggered{Run: &others[0]}, false
	case len(others) > 0 || len(regular) > 0 || skipped > 0:
		return Triggered{Unclear: true, Started: append(regular, others...)}, false
	default: // nothing has happened yet
		return Triggered{}, false
	}
}

// passed is how many of the times that were to come are no longer.
func (t trigger) passed(info *schedulepb.ScheduleInfo) int {
	gone := 0
	for _, due := range t.before.GetFutureActionTimes() {
		if !slices.ContainsFunc(info.GetFutureActionTimes(), at(due.AsTime())) {
			gone++
		}
	}
	return gone
}

func at(moment time.Time) func(*timestamppb.Timestamp) bool {
	return func(other *timestamppb.Timestamp) bool { return other.AsTime().Equal(moment) }
}
