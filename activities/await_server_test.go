package activities

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const (
	active    = contract.ServerActive
	stopped   = contract.ServerStopped
	restoring = contract.ServerRestoring
)

// statuses makes one look of each word.
func statuses(words ...contract.ServerStatus) []Look[contract.Server] {
	var looks []Look[contract.Server]
	for _, word := range words {
		looks = append(looks, Look[contract.Server]{Value: contract.Server{ID: testServer, Status: word}})
	}
	return looks
}

func TestAServerHasAStatusWhenTwoLooksInARowSaySo(t *testing.T) {
	const settle = 30 * time.Second
	wanted := contract.AwaitServerInput{Want: active}
	watched := contract.AwaitServerInput{Want: active, Settle: true}
	for name, c := range map[string]struct {
		in    contract.AwaitServerInput
		words []contract.ServerStatus
		every time.Duration
		over  bool // after the last look, and not before
	}{
		"twice":                       {wanted, []contract.ServerStatus{active, active}, time.Second, true},
		"once":                        {wanted, []contract.ServerStatus{stopped, active}, time.Second, false},
		"a flicker":                   {wanted, []contract.ServerStatus{active, stopped, active}, time.Second, false},
		"another one":                 {wanted, []contract.ServerStatus{stopped, stopped, stopped}, time.Minute, false},
		"settle has not passed":       {watched, []contract.ServerStatus{active, active}, 10 * time.Second, false},
		"settle has passed":           {watched, []contract.ServerStatus{active, active, active}, 10 * time.Second, true},
		"down after settle":           {watched, []contract.ServerStatus{active, stopped, stopped}, 10 * time.Second, true},
		"just changed":                {watched, []contract.ServerStatus{active, active, stopped}, 10 * time.Second, false},
		"under way after settle":      {watched, []contract.ServerStatus{restoring, restoring, restoring}, 10 * time.Second, false},
		"unknown word after settle":   {watched, []contract.ServerStatus{"starting", "starting", "starting"}, 10 * time.Second, false},
		"settles late, then is known": {watched, []contract.ServerStatus{"starting", "starting", "starting", active, active}, 10 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			var st serverWait
			for i, word := range c.words {
				var over bool
				st, over = st.see(c.in, word, time.Duration(i+1)*c.every, settle)
				assert.Equal(t, c.over && i == len(c.words)-1, over, "look %d", i+1)
			}
		})
	}
}

func TestAwaitServerEndsWithWhatItSaw(t *testing.T) {
	for name, c := range map[string]struct {
		in     contract.AwaitServerInput
		looks  []Look[contract.Server]
		state  contract.AwaitState
		status contract.ServerStatus
	}{
		"reached": {contract.AwaitServerInput{Want: stopped, Timeout: contract.Duration(time.Minute)},
			append(statuses(active, active), append([]Look[contract.Server]{{Err: apiSays(500)}}, statuses(stopped, stopped)...)...),
			contract.AwaitDone, stopped},
		"settled elsewhere": {contract.AwaitServerInput{Want: active, Settle: true, Timeout: contract.Duration(time.Minute)},
			statuses(active, stopped), contract.AwaitDone, stopped},
		"timed out": {contract.AwaitServerInput{Want: active, Timeout: contract.Duration(30 * time.Millisecond)},
			statuses(stopped), contract.AwaitTimedOut, stopped},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newActivities(&fakeAPI{})
			script := &scriptWatch{}
			script.server.looks = c.looks
			a.watch = script
			got, err := execute[contract.AwaitServerResult](t, a, a.AwaitServer, c.in)
			require.NoError(t, err)
			assert.Equal(t, c.state, got.State)
			assert.Equal(t, c.status, got.Server.Status)
			assert.Equal(t, got.Server.Status != c.in.Want, got.Detail != "", "anything else than wished for is explained")
		})
	}
}

func TestAwaitAccessEndsWhenTheTokenWorks(t *testing.T) {
	var asked atomic.Int32
	a, _ := newActivities(&fakeAPI{me: func() error {
		if asked.Add(1) < 3 {
			return apiSays(401)
		}
		return nil
	}})
	got, err := execute[contract.AwaitAccessResult](t, a, a.AwaitAccess, contract.AwaitAccessInput{Timeout: contract.Duration(time.Minute)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitDone, got.State)
	assert.EqualValues(t, 3, asked.Load())

	a, _ = newActivities(&fakeAPI{readErr: apiSays(401)})
	got, err = execute[contract.AwaitAccessResult](t, a, a.AwaitAccess, contract.AwaitAccessInput{Timeout: contract.Duration(20 * time.Millisecond)})
	require.NoError(t, err)
	assert.Equal(t, contract.AwaitTimedOut, got.State)
}
