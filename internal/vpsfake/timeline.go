package vpsfake

import (
	"slices"
	"time"
)

// forever is a plan's "never": longer than any process lives, short enough to add to a time.
const forever = 100 * 365 * 24 * time.Hour

// historyKept is how long steps that are over are kept for lists that lag, in real time.
const historyKept = time.Hour

// step says what holds from a real time on. The zero time means "always was".
type step[T any] struct {
	from  time.Time
	value T
}

// timeline is a plan of steps in order of time: the past for lagging lists, the present, and the future of a running
// action. Reading it at a time is all there is to a transition, so no goroutine has to make it happen.
type timeline[T any] []step[T]

// at is what holds at t, and whether anything does.
func (l timeline[T]) at(t time.Time) (T, bool) {
	for i := len(l) - 1; i >= 0; i-- {
		if !l[i].from.After(t) {
			return l[i].value, true
		}
	}
	var none T
	return none, false
}

// replan drops what was planned for after now and plans steps instead; they must be in order of time.
func (l *timeline[T]) replan(now time.Time, steps ...step[T]) {
	kept := slices.DeleteFunc(*l, func(s step[T]) bool { return s.from.After(now) })
	*l = append(forget(kept, now), steps...)
}

// insert puts one step where it belongs and leaves the plan after it alone.
func (l *timeline[T]) insert(s step[T]) {
	i := len(*l)
	for i > 0 && (*l)[i-1].from.After(s.from) {
		i--
	}
	*l = slices.Insert(*l, i, s)
}

// forget drops steps that were over long ago, so that a fake that runs for weeks doesn't grow.
func forget[T any](l timeline[T], now time.Time) timeline[T] {
	old := now.Add(-historyKept)
	for len(l) > 1 && l[1].from.Before(old) {
		l = l[1:]
	}
	return l
}
