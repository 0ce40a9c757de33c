package schedule

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
)

// Bounds of the talk with Temporal.
const (
	callTimeout = 10 * time.Second
	// applyTries is how often an update is tried anew because somebody else changed the schedule at the same time.
	applyTries = 5
	// applied is how long an update may take to show, and settleEvery passes between two looks.
	applied     = 10 * time.Second
	settleEvery = 100 * time.Millisecond
	// lookTries is how often a look is tried: a schedule that fires every second can be too busy to answer.
	lookTries = 3
)

// lookAgain passes between two tries of a look.
var lookAgain = 500 * time.Millisecond

// Store is the schedules of one namespace.
type Store struct {
	service   workflowservice.WorkflowServiceClient
	namespace string
	identity  string
}

// NewStore returns the schedules of a namespace. identity says who writes, for Temporal's own records.
func NewStore(service workflowservice.WorkflowServiceClient, namespace, identity string) *Store {
	return &Store{service: service, namespace: namespace, identity: identity}
}

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

// Errors that a caller tells apart.
var (
	// ErrNotFound: there is no schedule of this id.
	ErrNotFound = errors.New("there is no such schedule")
	// ErrForeign: the schedule was not made by Safepoint, so nothing was written.
	ErrForeign = errors.New("this schedule was not made by safepoint")
	// ErrRefused: the server does not take what the file says.
	ErrRefused = errors.New("the server does not take the schedule")
	// ErrBusy: others keep changing the schedule.
	ErrBusy = errors.New("somebody else keeps changing this schedule")
)

// Inspect says what applying the file would do and writes nothing.
func (s *Store) Inspect(ctx context.Context, f File) (Change, error) {
	change, _, err := s.inspect(ctx, f)
	return change, err
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
func (s *Store) Apply(ctx context.Context, f File, force bool) (Change, error) {
	for range applyTries {
		change, found, err := s.inspect(ctx, f)
		if err != nil {
			return Change{}, err
		}
		var done bool
		switch {
		case change.Foreign && !force:
			return change, ErrForeign
		case change.Action == ActionCreate:
			done, err = s.create(ctx, f)
		case change.Action == ActionUnchanged && !force:
			return change, nil
		default:
			change.Action = ActionUpdate
			done, err = s.update(ctx, f, found)
		}
		if err != nil || done {
			return change, err
		}
	}
	return Change{}, ErrBusy
}

// create is not done when somebody else created the schedule in between.
func (s *Store) create(ctx context.Context, f File) (done bool, err error) {
	schedule, memo, err := f.desired()
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
// drop the update (1.29 does), so that only a look afterwards tells.
func (s *Store) update(ctx context.Context, f File, found *workflowservice.DescribeScheduleResponse) (done bool, err error) {
	schedule, memo, err := f.desired()
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
		change, now, err := s.inspect(ctx, f)
		if err != nil {
			return false, err
		}
		if now == nil || len(change.Differences) == 0 {
			return now != nil, nil // without a schedule somebody deleted it: it is created anew
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

// describe looks at a schedule, again where the answer is that it cannot be looked at just now.
func (s *Store) describe(ctx context.Context, id string) (found *workflowservice.DescribeScheduleResponse, err error) {
	for try := 1; ; try++ {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		found, err = s.service.DescribeSchedule(call, &workflowservice.DescribeScheduleRequest{Namespace: s.namespace, ScheduleId: id})
		cancel()
		if err = plain(err); !overloaded(err) || try == lookTries {
			return found, err
		}
		if pause(ctx, lookAgain) != nil {
			return nil, err // which says more than the interrupt
		}
	}
}

// overloaded says whether an answer means "not now".
func overloaded(err error) bool {
	var exhausted *serviceerror.ResourceExhausted
	var slow *serviceerror.DeadlineExceeded
	return errors.As(err, &exhausted) || errors.As(err, &slow) || errors.Is(err, context.DeadlineExceeded)
}

// patch pauses, resumes or triggers a schedule.
func (s *Store) patch(ctx context.Context, id string, patch *schedulepb.SchedulePatch) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.service.PatchSchedule(ctx, &workflowservice.PatchScheduleRequest{
		Namespace: s.namespace, ScheduleId: id, Patch: patch, Identity: s.identity, RequestId: rand.Text(),
	})
	return plain(err)
}

// Pause stops a schedule from starting runs; a run under way goes on. The note says who and why.
func (s *Store) Pause(ctx context.Context, id, note string) error {
	return s.patch(ctx, id, &schedulepb.SchedulePatch{Pause: note})
}

// Resume lets it start runs again.
func (s *Store) Resume(ctx context.Context, id, note string) error {
	return s.patch(ctx, id, &schedulepb.SchedulePatch{Unpause: note})
}

// Delete removes a schedule. Its runs go on, and their reports stay.
func (s *Store) Delete(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.service.DeleteSchedule(ctx, &workflowservice.DeleteScheduleRequest{Namespace: s.namespace, ScheduleId: id, Identity: s.identity})
	return plain(err)
}

// plain turns the server's errors into those of this package; others stay as they are.
func plain(err error) error {
	var gone *serviceerror.NotFound
	var invalid *serviceerror.InvalidArgument
	var missing *serviceerror.NamespaceNotFound
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		return err
	case errors.As(err, &gone):
		return ErrNotFound
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: %s", ErrRefused, invalid.Message)
	default: // Temporal could not be asked, or refuses whoever asks
		return err
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
