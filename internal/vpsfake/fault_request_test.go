package vpsfake

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tryCreate sends a create that may be cut, and says what came back.
func tryCreate(h *harness) (reply, error) {
	return h.request(h.t.Context(), "POST", "/api/v1/snapshots/", createBody(web01, "a"))
}

func TestFaultsOfTheRequestHappenWithTheEffectTheyPromise(t *testing.T) {
	cases := []struct {
		fault  Fault
		status int // 0: no answer
		effect bool
	}{
		{Fault{Kind: LostBefore}, 0, false},
		{Fault{Kind: LostAfter}, 0, true},
		{Fault{Kind: Error500First}, 500, false},
		{Fault{Kind: Error500After}, 500, true},
		{Fault{Kind: Hang, Duration: 20 * time.Millisecond}, 0, false},
		{Fault{Kind: Hang, Duration: 20 * time.Millisecond, Effect: EffectNone}, 0, false},
		{Fault{Kind: Hang, Duration: 20 * time.Millisecond, Effect: EffectBefore}, 0, true},
		{Fault{Kind: Hang, Duration: 20 * time.Millisecond, Effect: EffectAfter}, 0, true},
		{Fault{Kind: TooMany, RetryAfter: 7}, 429, false},
		{Fault{Kind: HTML502}, 502, false},
		{Fault{Kind: HTML502, Effect: EffectBefore}, 502, true},
		{Fault{Kind: MalformedJSON}, 201, true},
		{Fault{Kind: Unauthorized}, 401, false},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s %s", c.fault.Kind, c.fault.Effect), func(t *testing.T) {
			h := start(t, Options{})
			c.fault.Op, c.fault.Times = OpCreateSnapshot, 1
			h.SetFault(c.fault)
			r, err := tryCreate(h)
			if c.status == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, c.status, r.status)
			logged := h.lastRequest()
			assert.Equal(t, c.status, logged.Status)
			assert.Equal(t, []FaultKind{c.fault.Kind}, logged.Faults)
			assert.Equal(t, c.effect, logged.Effect)
			assert.Equal(t, c.effect, len(h.Snapshots(web01)) == 1)
			h.create(web01, "after-the-fault")
		})
	}
}

func TestTheAnswersOfFaultsLookAsTheyShould(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: TooMany, RetryAfter: 7, Times: 1})
	assert.Equal(t, "7", h.call("GET", "/api/v1/account/me/", "").header.Get("Retry-After"))
	h.SetFault(Fault{Kind: TooMany, Times: 1})
	assert.Empty(t, h.call("GET", "/api/v1/account/me/", "").header.Get("Retry-After"))
	h.SetFault(Fault{Kind: HTML502, Times: 1})
	r := h.call("GET", "/api/v1/account/me/", "")
	assert.Equal(t, "text/html", r.header.Get("Content-Type"))
	h.SetFault(Fault{Kind: MalformedJSON, Times: 1})
	r = h.call("GET", "/api/v1/snapshots/", "")
	assert.Equal(t, 200, r.status)
	assert.False(t, json.Valid(r.raw))
}

func TestAHangLastsUntilTheClientGivesUp(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: Hang, Op: OpCreateSnapshot, Effect: EffectAfter})
	ctx, giveUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := h.request(ctx, "POST", "/api/v1/snapshots/", createBody(web01, "a"))
		done <- err
	}()
	require.Eventually(t, func() bool { return len(h.Requests()) == 1 }, 30*time.Second, time.Millisecond)
	assert.Empty(t, h.Snapshots(web01))
	giveUp()
	require.Error(t, <-done)
	require.Eventually(t, func() bool { return len(h.Snapshots(web01)) == 1 }, 30*time.Second, time.Millisecond,
		"the request that was thought dead takes effect")
}

func TestCloseLetsHangingRequestsGo(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: Hang})
	done := make(chan error, 1)
	go func() {
		_, err := h.request(context.WithoutCancel(t.Context()), "GET", "/api/v1/account/me/", "")
		done <- err
	}()
	require.Eventually(t, func() bool { return len(h.Requests()) == 1 }, 30*time.Second, time.Millisecond)
	h.Fake.Close()
	require.Error(t, <-done)
}

func TestACutReadIsSeenEvenOnAReusedConnection(t *testing.T) {
	h := start(t, Options{})
	h.call("GET", "/api/v1/account/me/", "")
	h.SetFault(Fault{Kind: LostBefore, Times: 1})
	h.cutOff("GET", "/api/v1/account/me/", "")
	assert.Equal(t, 200, h.call("GET", "/api/v1/account/me/", "").status)
}

func TestFaultsHitOnlyWhatTheyName(t *testing.T) {
	one := "/api/v1/servers/101/"
	cases := []struct {
		name         string
		fault        Fault
		method, path string
		hit          bool
	}{
		{"the operation", Fault{Op: OpGetServer}, "GET", one, true},
		{"another operation", Fault{Op: OpListServers}, "GET", one, false},
		{"any", Fault{}, "GET", one, true},
		{"any read", Fault{Op: OpAnyRead}, "GET", one, true},
		{"any write of a read", Fault{Op: OpAnyWrite}, "GET", one, false},
		{"any write", Fault{Op: OpAnyWrite}, "POST", one + "stop/", true},
		{"any read of a write", Fault{Op: OpAnyRead}, "POST", one + "stop/", false},
		{"the server", Fault{ServerID: web01}, "GET", one, true},
		{"another server", Fault{ServerID: web02}, "GET", one, false},
		{"a list of all is about each", Fault{ServerID: web02}, "GET", "/api/v1/snapshots/", true},
		{"a filtered list of another", Fault{ServerID: web02}, "GET", "/api/v1/snapshots/?server_id=101", false},
		{"the snapshot's server", Fault{ServerID: web01}, "DELETE", "/api/v1/snapshots/801/", true},
		{"the snapshot's other server", Fault{ServerID: web02}, "DELETE", "/api/v1/snapshots/801/", false},
		{"the account has no server", Fault{ServerID: web01}, "GET", "/api/v1/account/me/", false},
		{"the site is not the API", Fault{}, "GET", "/sites/101/healthz", false},
		{"the hook is not the API", Fault{}, "POST", "/sites/101/hooks/deploy", false},
		{"the site by name", Fault{Op: OpSite}, "GET", "/sites/101/healthz", true},
		{"the hook by name", Fault{Op: OpDeployHook, ServerID: web01}, "POST", "/sites/101/hooks/deploy", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := start(t, Options{})
			h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a"})
			c.fault.Kind = Error500First
			h.SetFault(c.fault)
			assert.Equal(t, c.hit, h.call(c.method, c.path, "").status == 500)
		})
	}
}

func TestSkipAndTimesAreCounted(t *testing.T) {
	h := start(t, Options{Faults: []Fault{{Kind: Error500First, Op: OpMe, Skip: 1, Times: 2}}})
	var got []int
	for range 4 {
		got = append(got, h.call("GET", "/api/v1/account/me/", "").status)
	}
	assert.Equal(t, []int{200, 500, 500, 200}, got)
	assert.Empty(t, h.Faults())
}

func TestFaultsCanBeRemoved(t *testing.T) {
	h := start(t, Options{})
	me := func() int { return h.call("GET", "/api/v1/account/me/", "").status }
	first := h.SetFault(Fault{Kind: Error500First})
	h.SetFault(Fault{Kind: HTML502})
	assert.Equal(t, 500, me(), "the first one set")
	assert.Equal(t, 1, h.Faults()[0].Hits)
	h.RemoveFault(first)
	h.RemoveFault("none")
	assert.Equal(t, 502, me())
	h.ClearFaults()
	assert.Equal(t, 200, me())
}

func TestAHookCanLoseItsAnswerAfterItsEffect(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: LostAfter, Op: OpDeployHook, Times: 1})
	h.cutOff("POST", "/sites/101/hooks/deploy?version=2.0.0", "{}")
	assert.Equal(t, "2.0.0", h.Server(web01).Version)
	assert.Equal(t, 1, h.Deploys(web01))
}

func TestTheSiteTakesFaultsToo(t *testing.T) {
	h := start(t, Options{})
	for kind, status := range map[FaultKind]int{Error500First: 500, Error500After: 500, TooMany: 429, HTML502: 502, Unauthorized: 401} {
		h.SetFault(Fault{Kind: kind, Op: OpSite, Times: 1})
		assert.Equal(t, status, h.call("GET", "/sites/101/healthz", "").status, kind)
	}
	for _, kind := range []FaultKind{LostBefore, LostAfter, MalformedJSON, Hang} {
		id := h.SetFault(Fault{Kind: kind, Op: OpSite, Duration: time.Millisecond})
		h.cutOff("GET", "/sites/101/healthz", "")
		h.RemoveFault(id)
	}
	assert.Equal(t, 200, h.call("GET", "/sites/101/healthz", "").status)
	assert.Empty(t, h.Requests(), "visits are not logged")
}
