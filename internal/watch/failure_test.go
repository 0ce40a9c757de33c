package watch

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

func TestAFailedPollIsTheAnswerOfEverybodyItWasFor(t *testing.T) {
	for name, few := range map[string]int{"one by one": 10, "whole list": -1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := newFakeAPI()
				api.servers = servers(4)
				api.snapshots = []vpsorg.Snapshot{{ID: 1, ServerID: 1}}
				failure := &vpsorg.Error{Status: 502}
				api.fail = func(string) error { return failure }
				poller := New(api, Options{Interval: interval, FewServers: few})
				defer poller.Close()
				for id := int64(1); id <= 4; id++ {
					list, single := next(t, poller.Snapshots(id)), next(t, poller.Server(id))
					assert.ErrorIs(t, list.Err, failure)
					assert.ErrorIs(t, single.Err, failure)
					assert.Nil(t, list.Value, "nothing that came with an error is a value")
					assert.Zero(t, single.Value)
				}
			})
		})
	}
}

func TestTheNextPollAfterAFailedOneIsDeliveredToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newFakeAPI()
		api.servers = servers(1)
		api.fail = func(string) error { return errors.New("cut connection") }
		poller := New(api, Options{Interval: interval})
		defer poller.Close()
		sub := poller.Server(1)
		require.Error(t, next(t, sub).Err)
		api.set(func() { api.fail = nil })
		require.NoError(t, next(t, sub).Err)
		assert.Equal(t, []time.Duration{0, interval}, api.times("servers"), "a failure is no reason to hurry")
	})
}

func TestAServerThatAWholeListDoesNotHoldIsNotFound(t *testing.T) {
	for name, few := range map[string]int{"one by one": 10, "whole list": -1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := newFakeAPI()
				api.servers = servers(3)
				poller := New(api, Options{Interval: interval, FewServers: few})
				defer poller.Close()
				there, gone := poller.Server(3), poller.Server(4)
				require.NoError(t, next(t, there).Err)
				err := next(t, gone).Err
				require.Error(t, err)
				assert.True(t, vpsorg.IsStatus(err, 404), err)
			})
		})
	}
}

func TestAServerWithoutSnapshotsIsAnEmptyListAndNoError(t *testing.T) {
	for name, few := range map[string]int{"one by one": 10, "whole list": -1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := newFakeAPI()
				api.snapshots = []vpsorg.Snapshot{{ID: 1, ServerID: 1}}
				poller := New(api, Options{Interval: interval, FewServers: few})
				defer poller.Close()
				o := next(t, poller.Snapshots(2))
				require.NoError(t, o.Err)
				assert.Empty(t, o.Value)
			})
		})
	}
}

func TestRetryAfterIsAPauseForEveryKindOfPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rest = 45 * time.Second
		var log bytes.Buffer
		api := newFakeAPI()
		api.servers = servers(1)
		poller := New(api, Options{Interval: interval, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		defer poller.Close()
		list, single := poller.Snapshots(1), poller.Server(1)
		require.NoError(t, next(t, list).Err)
		require.NoError(t, next(t, single).Err)

		api.set(func() {
			api.takes["servers"] = time.Second // so that only the other kind is refused
			api.fail = func(kind string) error {
				if kind == "snapshots" {
					return &vpsorg.Error{Status: 429, RetryAfter: rest}
				}
				return nil
			}
		})
		require.True(t, vpsorg.IsStatus(next(t, list).Err, 429))
		refused := time.Since(api.began)
		api.set(func() { api.fail = nil })
		require.NoError(t, next(t, single).Err) // its request was under way already

		joined := poller.Server(2)
		require.NoError(t, next(t, single).Err)
		require.NoError(t, next(t, list).Err)
		require.Error(t, next(t, joined).Err)
		for _, kind := range []string{"snapshots", "servers"} {
			for _, at := range api.times(kind) {
				assert.False(t, at > refused && at < refused+rest, "%s were asked for at %s, in the pause from %s", kind, at, refused)
			}
			assert.Contains(t, api.times(kind), refused+rest, "and right after it")
		}
		assert.Contains(t, log.String(), "pause")
	})
}

func TestAShorterPauseDoesNotEndALongerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rest := &pause{logger: slog.New(slog.DiscardHandler)}
		rest.note(errors.New("no answer"))
		assert.True(t, rest.until().IsZero())
		rest.note(&vpsorg.Error{Status: 429})
		assert.True(t, rest.until().IsZero(), "no Retry-After, no pause beyond the interval")
		rest.note(&vpsorg.Error{Status: 429, RetryAfter: time.Minute})
		rest.note(&vpsorg.Error{Status: 503, RetryAfter: time.Second})
		assert.Equal(t, time.Minute, time.Until(rest.until()))
	})
}
