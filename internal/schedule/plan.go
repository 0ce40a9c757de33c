package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"
)

// NextTimes are the next times, at most n, at which a file's schedule would run, without its jitter: that is another one
// for each schedule id. The server's own code computes them, for crons, intervals, calendars and time zones alike: a
// paused schedule of another id is created, looked at and deleted again, also when something goes wrong in between. It
// starts nothing. A spec that the server does not take ends in ErrRefused, and a server that does not answer in ErrUnseen.
func (s *Store) NextTimes(ctx context.Context, f File, n int) ([]time.Time, error) {
	times, err := s.nextTimes(ctx, f, n)
	return times, unseen(ctx, err)
}

func (s *Store) nextTimes(ctx context.Context, f File, n int) (times []time.Time, err error) {
	plan := f
	plan.ID = f.ID + "-plan-" + strings.ToLower(rand.Text()[:8])
	plan.Spec.Jitter, plan.Paused, plan.Note = 0, true, "made by a dry run of "+f.ID+" to see its times; delete it"
	schedule, _, err := plan.desired("")
	if err != nil {
		return nil, err
	}
	memo, err := mark{PlanOf: f.ID}.memo()
	if err != nil {
		return nil, err
	}
	// From here on the schedule may exist, whatever the answer is.
	defer func() { err = errors.Join(err, s.discard(ctx, plan.ID, err)) }()
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = s.service.CreateSchedule(call, &workflowservice.CreateScheduleRequest{
		Namespace: s.namespace, ScheduleId: plan.ID, Schedule: schedule, Memo: memo, Identity: s.identity, RequestId: rand.Text(),
	})
	if err != nil {
		return nil, plain(err)
	}
	found, err := s.describe(ctx, plan.ID)
	if err != nil {
		return nil, fmt.Errorf("ask for the schedule's times: %w", err)
	}
	return timesOf(found.GetInfo().GetFutureActionTimes(), n), nil
}

// discard deletes the schedule of a plan, also after an interrupt. One that was refused does not exist.
func (s *Store) discard(ctx context.Context, id string, before error) error {
	if errors.Is(before, ErrRefused) {
		return nil
	}
	err := s.Delete(context.WithoutCancel(ctx), id)
	if err == nil || errors.Is(err, ErrNotFound) {
		return nil
	}
	return fmt.Errorf("the paused schedule %s of this dry run could not be deleted, delete it by hand (it starts nothing): %w", id, err)
}
