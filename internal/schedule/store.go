package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
)

// Bounds of the talk with Temporal.
const (
	callTimeout = 10 * time.Second
	// applyTries is how often an update is tried anew because somebody else changed the schedule at the same time.
	applyTries = 5
	// applied is how long an update may take to show, and settleEvery passes between two looks.
	applied     = 10 * time.Second
	settleEvery = 100 * time.Millisecond
	// lookTries is how often a look is tried, and lookWithin ends that early: a schedule that fires every second, or that was
	// just written, can be too busy to answer.
	lookTries  = 10
	lookWithin = 2 * callTimeout
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

// Errors that a caller tells apart.
var (
	// ErrNotFound: there is no schedule of this id.
	ErrNotFound = errors.New("there is no such schedule")
	// ErrForeign: the schedule was not made by Safepoint, so nothing was written.
	ErrForeign = errors.New("this schedule was not made by safepoint")
	// ErrRefused: the server does not take what the file says.
	ErrRefused = errors.New("the server does not take the schedule")
	// ErrNever: no time fits what the file says, and the schedule is not paused; nothing was written.
	ErrNever = errors.New("the schedule never runs")
	// ErrBusy: others keep changing the schedule.
	ErrBusy = errors.New("somebody else keeps changing this schedule")
	// ErrUnseen: Temporal could not be asked about the schedule before anything was written or started.
	ErrUnseen = errors.New("no answer about it just now, so nothing was done")
)

// describe looks at a schedule, again where the answer is that it cannot be looked at just now.
func (s *Store) describe(ctx context.Context, id string) (found *workflowservice.DescribeScheduleResponse, err error) {
	began := time.Now()
	for try := 1; ; try++ {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		found, err = s.service.DescribeSchedule(call, &workflowservice.DescribeScheduleRequest{Namespace: s.namespace, ScheduleId: id})
		cancel()
		if err = plain(err); !overloaded(err) || try == lookTries || time.Since(began) > lookWithin {
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

// unseen says of a look that came to nothing that nothing was done. An answer, and an interrupt, stay what they are.
func unseen(ctx context.Context, err error) error {
	switch {
	case err == nil, ctx.Err() != nil, temporalclient.Refused(err):
		return err
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrRefused), errors.Is(err, ErrNever):
		return err
	default: // too busy, or away
		return fmt.Errorf("%w: %w", ErrUnseen, err)
	}
}

// Look is Describe before a write: where it comes to nothing, nothing is done.
func (s *Store) Look(ctx context.Context, id string) (Details, error) {
	d, err := s.Describe(ctx, id, 0)
	return d, unseen(ctx, err)
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
