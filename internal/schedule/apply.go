package schedule

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// Action is what applying a file does, or would do.
type Action string

const (
	ActionCreate    Action = "create"
	ActionUpdate    Action = "update"
	ActionUnchanged Action = "unchanged"
)

// Change is the difference between a file and the schedule of its id.
type Change struct {
	Action      Action       `json:"action"`
	Differences []Difference `json:"differences,omitempty"`
	// Paused and Note are the schedule's own, which no update touches.
	Paused bool   `json:"paused,omitempty"`
	Note   string `json:"note,omitempty"`
	// Foreign is true for a schedule that Safepoint did not make.
	Foreign bool `json:"foreign,omitempty"`
}

// paused says whether a schedule would stand still after the file was applied.
func (c Change) paused(f File) bool {
	return c.Paused || (c.Action == ActionCreate && f.Paused)
}

// Never says whether a schedule with these next times would be for nothing: nobody would notice that it never runs.
func (c Change) Never(f File, next []time.Time) bool { return len(next) == 0 && !c.paused(f) }

// Inspect says what applying the file would do and writes nothing.
func (s *Store) Inspect(ctx context.Context, f File) (Change, error) {
	change, _, err := s.inspect(ctx, f)
	return change, unseen(ctx, err)
}

func (s *Store) inspect(ctx context.Context, f File) (Change, *workflowservice.DescribeScheduleResponse, error) {
	found, err := s.describe(ctx, f.ID)
	if errors.Is(err, ErrNotFound) {
		return Change{Action: ActionCreate}, nil, nil
	}
	if err != nil {
		return Change{}, nil, err
	}
	all, err := differences(settingsOf(found.GetSchedule()), f.settings())
	if err != nil {
		return Change{}, nil, err
	}
	state := found.GetSchedule().GetState()
	change := Change{Action: ActionUpdate, Differences: all, Paused: state.GetPaused(), Note: state.GetNotes(), Foreign: !ours(found)}
	if len(all) == 0 && !change.Foreign {
		change.Action = ActionUnchanged
	}
	return change, found, nil
}

// ours says whether Safepoint made a schedule, or took it over.
func ours(found *workflowservice.DescribeScheduleResponse) bool {
	_, schedule := markIn(found.GetMemo())
	_, action := markIn(found.GetSchedule().GetAction().GetStartWorkflow().GetMemo())
	return schedule || action
}

// Apply makes the schedule what the file says: it creates it, updates it, or does nothing because nothing differs. An
// update keeps the schedule's state, so a person's pause and note survive, also one that comes at the same moment. A
// schedule that Safepoint did not make ends in ErrForeign unless force is true; force also writes where nothing differs.
// One that is not paused and would never run ends in ErrNever, and one that cannot be looked at in ErrUnseen.
func (s *Store) Apply(ctx context.Context, f File, force bool) (Change, error) {
	for try := range applyTries {
		change, found, err := s.inspect(ctx, f)
		if try == 0 { // nothing was written yet
			err = unseen(ctx, err)
		}
		if err != nil {
			return Change{}, err
		}
		if change.Foreign && !force {
			return change, ErrForeign
		}
		if change.Action == ActionUnchanged && force {
			change.Action = ActionUpdate
		}
		err = s.runsAtAll(ctx, f, change, found)
		if try == 0 {
			err = unseen(ctx, err)
		}
		if err != nil {
			return change, err
		}
		var done bool
		switch change.Action {
		case ActionCreate:
			done, err = s.create(ctx, f)
		case ActionUpdate:
			done, err = s.update(ctx, f, found)
		default: // unchanged
			return change, nil
		}
		if err != nil || done {
			return change, err
		}
	}
	return Change{}, ErrBusy
}

// runsAtAll asks the server, before anything is written, whether any time fits: "0 3 30 2 *" is a cron that it takes.
func (s *Store) runsAtAll(ctx context.Context, f File, change Change, found *workflowservice.DescribeScheduleResponse) (err error) {
	next := timesOf(found.GetInfo().GetFutureActionTimes(), 1)
	if change.Action != ActionUnchanged && !change.paused(f) {
		if next, err = s.nextTimes(ctx, f, 1); err != nil {
			return err
		}
	}
	if change.Never(f, next) {
		return ErrNever
	}
	return nil
}

// create is not done when somebody else created the schedule in between.
func (s *Store) create(ctx context.Context, f File) (done bool, err error) {
	schedule, memo, err := f.desired("")
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = s.service.CreateSchedule(ctx, &workflowservice.CreateScheduleRequest{
		Namespace: s.namespace, ScheduleId: f.ID, Schedule: schedule, Memo: memo, Identity: s.identity, RequestId: rand.Text(),
	})
	var exists *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &exists) {
		return false, nil
	}
	return true, plain(err)
}

// update is not done when somebody else changed the schedule since it was looked at. A server may say so, or silently
// drop the update (1.29 does), so that only a look afterwards tells: for a word that nobody else writes, because an
// update that is forced may change nothing else.
func (s *Store) update(ctx context.Context, f File, found *workflowservice.DescribeScheduleResponse) (done bool, err error) {
	word := rand.Text()
	schedule, memo, err := f.desired(word)
	if err != nil {
		return false, err
	}
	schedule.State = found.GetSchedule().GetState()
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = s.service.UpdateSchedule(call, &workflowservice.UpdateScheduleRequest{
		Namespace: s.namespace, ScheduleId: f.ID, Schedule: schedule, Memo: memo, ConflictToken: found.GetConflictToken(),
		Identity: s.identity, RequestId: rand.Text(),
	})
	var conflict *serviceerror.FailedPrecondition
	if errors.As(err, &conflict) {
		return false, nil
	}
	if err != nil {
		return false, plain(err)
	}
	for deadline := time.Now().Add(applied); time.Now().Before(deadline); {
		now, err := s.describe(ctx, f.ID)
		if errors.Is(err, ErrNotFound) {
			return false, nil // somebody deleted it: it is created anew
		}
		if err != nil {
			return false, err
		}
		if m, _ := markIn(now.GetSchedule().GetAction().GetStartWorkflow().GetMemo()); m.Applied == word {
			return true, nil
		}
		if !bytes.Equal(now.GetConflictToken(), found.GetConflictToken()) {
			return false, nil // somebody else's change came first
		}
		if err := pause(ctx, settleEvery); err != nil {
			return false, err
		}
	}
	return false, nil
}
