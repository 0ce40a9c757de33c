package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

func TestTheFirstObservationComesAtOnceAndThenOneEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.servers = servers(1)
		poller := New(api, Options{})
		defer poller.Close()
		sub := poller.Server(1)
		defer sub.Close()
		for i := range 4 {
			o := next(t, sub)
			require.NoError(t, o.Err)
			assert.Equal(t, "active", o.Value.Status)
			assert.Equal(t, time.Duration(i)*defaultInterval, o.At.Sub(api.began))
			assert.Equal(t, time.Now(), o.At, "delivered as soon as it came")
		}
		assert.Len(t, api.asked(), 4)
	})
}

func TestWithoutSubscribersThereIsNoRequestAndNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		poller := New(api, Options{Interval: interval}) // never closed: the bubble fails if anything keeps running
		time.Sleep(time.Hour)
		assert.Empty(t, api.asked())

		first, second := poller.Snapshots(1), poller.Snapshots(2)
		next(t, first)
		first.Close()
		next(t, second)
		asked := len(api.asked())
		second.Close()
		time.Sleep(time.Hour)
		assert.Len(t, api.asked(), asked)

		again := poller.Snapshots(1)
		next(t, again)
		assert.Len(t, api.asked(), asked+1, "it starts again for the next subscriber")
		again.Close()
	})
}

func TestAThousandJoinsCostOneOrTwoRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.servers = servers(1000)
		api.takes["servers"] = 300 * time.Millisecond
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		first := poller.Server(1)
		synctest.Wait() // its request is under way, and too early for everybody after it
		subs := []*Subscription[vpsorg.Server]{first}
		for id := int64(2); id <= 1000; id++ {
			subs = append(subs, poller.Server(id))
		}
		for i, sub := range subs {
			o := next(t, sub)
			require.NoError(t, o.Err)
			require.EqualValues(t, i+1, o.Value.ID)
		}
		assert.Len(t, api.asked(), 2)
		assert.Less(t, time.Since(api.began), interval/2, "nobody waits a whole interval for the first observation")
	})
}

func TestPollsAreSpacedHoweverOftenWaitsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		for range 50 { // each one a whole life of the goroutine
			sub := poller.Snapshots(1)
			next(t, sub)
			sub.Close()
		}
		at := api.times("snapshots")
		for i := 1; i < len(at); i++ {
			assert.GreaterOrEqual(t, at[i]-at[i-1], spacing)
		}
	})
}

// oneTick subscribes to the servers 1 to n, of both kinds, checks an observation of each and returns the servers that
// one tick asked the API about, 0 for a whole list.
func oneTick(t *testing.T, n int64, opts Options) []int64 {
	t.Helper()
	api := newFakeAPI()
	api.servers = servers(n)
	for id := int64(1); id <= n; id++ {
		api.snapshots = append(api.snapshots, vpsorg.Snapshot{ID: 100 + id, ServerID: id})
	}
	poller := New(api, opts)
	defer poller.Close()
	poller.Snapshots(1) // the first poll does not wait for the others to join; the second is for all
	poller.Server(1)
	synctest.Wait()
	before := len(api.asked())
	var lists []*Subscription[[]vpsorg.Snapshot]
	var singles []*Subscription[vpsorg.Server]
	for id := int64(1); id <= n; id++ {
		lists, singles = append(lists, poller.Snapshots(id)), append(singles, poller.Server(id))
	}
	for i := range n {
		list, single := next(t, lists[i]), next(t, singles[i])
		require.NoError(t, list.Err)
		require.NoError(t, single.Err)
		require.Len(t, list.Value, 1, "snapshots of this server only, also when the API ignores the filter")
		assert.Equal(t, 101+i, list.Value[0].ID)
		assert.Equal(t, 1+i, single.Value.ID)
	}
	var asked []int64
	for _, r := range api.asked()[before:] {
		asked = append(asked, r.server)
	}
	return asked
}

func TestFewServersAreAskedOneByOneAndManyByOneListATick(t *testing.T) {
	for name, c := range map[string]struct {
		n    int64
		few  int
		want []int64 // of both kinds
	}{
		"one":                   {1, 0, []int64{1, 1}},
		"three by default":      {3, 0, []int64{1, 2, 3, 1, 2, 3}},
		"more than the default": {4, 0, []int64{0, 0}},
		"as many as set":        {2, 2, []int64{1, 2, 1, 2}},
		"more than set":         {3, 2, []int64{0, 0}},
		"always the whole list": {1, -1, []int64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				assert.ElementsMatch(t, c.want, oneTick(t, c.n, Options{Interval: interval, FewServers: c.few}))
			})
		})
	}
}

func TestManyWaitsForManyServersCostOneListATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		for id := range int64(100) {
			defer poller.Snapshots(id + 1).Close()
			defer poller.Snapshots(id + 1).Close()
		}
		time.Sleep(interval + interval/2) // all have joined, and no poll is due now
		asked := len(api.asked())
		time.Sleep(10 * interval)
		assert.Len(t, api.asked(), asked+10)
	})
}

func TestAnImpossibleServerIsAnErrorAndNeverAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		poller := New(api, Options{Interval: interval, FewServers: -1})
		defer poller.Close()
		for _, id := range []int64{0, -1} {
			assert.ErrorIs(t, next(t, poller.Snapshots(id)).Err, vpsorg.ErrInvalidArgument)
			assert.ErrorIs(t, next(t, poller.Server(id)).Err, vpsorg.ErrInvalidArgument)
		}
		assert.Empty(t, api.asked())
	})
}
