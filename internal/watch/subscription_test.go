package watch

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

func TestARequestThatBeganBeforeTheSubscriptionIsNotItsObservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.takes["snapshots"] = 3 * time.Second
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		early := poller.Snapshots(1)
		time.Sleep(time.Second) // the first request is under way
		joined := time.Now()
		late := poller.Snapshots(1)
		assert.Equal(t, api.began, next(t, early).At)
		assert.Equal(t, 2*time.Second, time.Since(joined), "the first request's end")
		assert.True(t, next(t, late).At.After(joined))
		assert.Equal(t, []time.Duration{0, 3*time.Second + spacing}, api.times("snapshots"), "it was asked for soon")
	})
}

func TestARequestThatBeganBeforeTheLastDeliveryIsNotTheNextObservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.takes["snapshots"] = 3 * time.Second
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		sub := poller.Snapshots(1)
		time.Sleep(interval + time.Second) // the second request is under way, the first one's answer is not fetched
		assert.Equal(t, api.began, next(t, sub).At)
		delivered := time.Now()
		o := next(t, sub)
		assert.True(t, o.At.After(delivered))
		assert.Equal(t, 2*interval, o.At.Sub(api.began))
	})
}

func TestASlowSubscriberGetsOnlyTheNewestObservation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		slow, quick := poller.Snapshots(1), poller.Snapshots(1)
		var last Observation[[]vpsorg.Snapshot]
		for range 6 {
			last = next(t, quick)
		}
		synctest.Wait()
		assert.Equal(t, last.At, next(t, slow).At)
		assert.Equal(t, last.At.Add(interval), next(t, slow).At, "and then it waits for the next")
	})
}

func TestASlowAPIIsGivenARestAndNoObservationIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes = 3 * interval
		api := newFakeAPI()
		api.takes["snapshots"] = takes
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		sub := poller.Snapshots(1)
		for i := range 4 {
			assert.Equal(t, time.Duration(i)*(takes+spacing), next(t, sub).At.Sub(api.began))
		}
	})
}

func TestOneSlowKindDoesNotHoldUpTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.servers = servers(1)
		api.takes["snapshots"] = time.Hour
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		defer poller.Snapshots(1).Close()
		sub := poller.Server(1)
		for i := range 5 {
			assert.Equal(t, time.Duration(i)*interval, next(t, sub).At.Sub(api.began))
		}
	})
}

func TestEverySubscriberOwnsItsValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.snapshots = []vpsorg.Snapshot{{ID: 7, ServerID: 1}}
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		one, other := poller.Snapshots(1), poller.Snapshots(1)
		next(t, one)
		next(t, other)
		next(t, one).Value[0].ID = 666 // from here on, both see the same polls
		assert.EqualValues(t, 7, next(t, other).Value[0].ID)
	})
}

func TestNextEndsWithItsContextAndTheSubscriptionGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		sub := poller.Snapshots(1)
		next(t, sub)
		ctx, cancel := context.WithTimeout(t.Context(), interval/2)
		defer cancel()
		_, err := sub.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, interval/2, time.Since(api.began))
		_, err = sub.Next(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, interval, next(t, sub).At.Sub(api.began))
	})
}

func TestAClosedSubscriptionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller := New(newFakeAPI(), Options{Interval: interval})
		defer poller.Close()
		sub, other := poller.Snapshots(1), poller.Snapshots(1)
		next(t, sub)
		time.AfterFunc(time.Second, sub.Close)
		_, err := sub.Next(t.Context())
		require.ErrorIs(t, err, ErrClosed)
		sub.Close()
		_, err = sub.Next(t.Context())
		require.ErrorIs(t, err, ErrClosed)
		next(t, other) // closing twice took nobody else's place
	})
}

func TestTheLastToLeaveCutsTheRequestUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.takes["snapshots"] = time.Hour
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		sub := poller.Snapshots(1)
		synctest.Wait()
		sub.Close()
		synctest.Wait()
		api.set(func() { api.takes["snapshots"] = 0 })
		again := poller.Snapshots(1)
		o := next(t, again)
		require.NoError(t, o.Err, "the cut request's failure is not for later subscribers")
		assert.Equal(t, spacing, o.At.Sub(api.began))
	})
}

func TestAClosedPollerEndsEverySubscriptionAndEveryRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.takes["snapshots"] = time.Hour
		poller := New(api, Options{Interval: interval})
		list, single := poller.Snapshots(1), poller.Server(1)
		time.AfterFunc(time.Minute, poller.Close)
		_, err := list.Next(t.Context())
		require.ErrorIs(t, err, ErrClosed)
		assert.Equal(t, time.Minute, time.Since(api.began))
		synctest.Wait()
		_, err = single.Next(t.Context())
		require.ErrorIs(t, err, ErrClosed, "also when an observation was waiting")
		_, err = poller.Server(2).Next(t.Context())
		require.ErrorIs(t, err, ErrClosed)
		poller.Close()
		list.Close()
		asked := len(api.asked())
		time.Sleep(time.Hour)
		assert.Len(t, api.asked(), asked)
	})
}

func TestManyGoroutinesMayUseOnePoller(t *testing.T) {
	api := newFakeAPI()
	api.servers = servers(20)
	poller := New(api, Options{Interval: time.Millisecond})
	var users sync.WaitGroup
	failures := make(chan error, 200)
	for i := range int64(100) {
		users.Go(func() {
			id := i%20 + 1
			for range 5 {
				list, single := poller.Snapshots(id), poller.Server(id)
				for range 3 {
					if _, err := list.Next(t.Context()); err != nil {
						failures <- err
					}
					if o, err := single.Next(t.Context()); err != nil || o.Err != nil || o.Value.ID != id {
						failures <- fmt.Errorf("server %d: got %+v, %w", id, o, err)
					}
				}
				list.Close()
				single.Close()
			}
		})
	}
	users.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	poller.Close()
}

// BenchmarkOneTickForAThousandWaits is the poller's own share of one tick: one list, handed to 1,000 waits.
func BenchmarkOneTickForAThousandWaits(b *testing.B) {
	const waits = 1000
	api := newFakeAPI()
	api.servers = servers(waits)
	poller := New(api, Options{Interval: 24 * time.Hour})
	defer poller.Close()
	var subs []*Subscription[vpsorg.Server]
	for id := range int64(waits) {
		subs = append(subs, poller.Server(id+1))
	}
	feed := poller.servers
	b.ReportAllocs()
	for b.Loop() {
		feed.mu.Lock()
		now := feed.take()
		feed.mu.Unlock()
		feed.poll(b.Context(), now)
		for _, sub := range subs {
			if o, err := sub.Next(b.Context()); err != nil || o.Err != nil {
				b.Fatal(err, o.Err)
			}
		}
	}
}
