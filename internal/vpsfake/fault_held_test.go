package vpsfake

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// late is a request that is answered later, or never.
type late struct {
	reply
	err error
}

// held sends a request and waits until the fault has it.
func (h *harness) held(ctx context.Context, id, method, path, body string) <-chan late {
	h.t.Helper()
	answered := make(chan late, 1)
	go func() {
		r, err := h.request(ctx, method, path, body)
		answered <- late{r, err}
	}()
	require.Eventually(h.t, func() bool {
		for _, t := range h.Faults() {
			if t.ID == id {
				return t.Hits > 0
			}
		}
		return false
	}, 30*time.Second, time.Millisecond)
	select {
	case l := <-answered:
		require.Fail(h.t, "answered while it is held", "%+v", l)
	default: // it waits
	}
	return answered
}

func TestAHeldRequestGoesOnAsIfNothingHadBeenWhenItsFaultIsRemoved(t *testing.T) {
	h := start(t, Options{})
	for _, remove := range []func(id string){
		h.RemoveFault,
		func(string) { h.ClearFaults() },
		func(id string) { h.call("DELETE", "/fake/faults/"+id, "") },
	} {
		id := h.SetFault(Fault{Kind: Held, Op: OpDeployHook, ServerID: web01})
		before := h.Server(web01).Version
		answered := h.held(t.Context(), id, "POST", "/sites/101/hooks/deploy?version="+id, "")
		assert.Equal(t, before, h.Server(web01).Version, "no effect yet")
		assert.Zero(t, h.lastRequest().Status)
		remove(id)
		l := <-answered
		require.NoError(t, l.err)
		assert.Equal(t, 200, l.status)
		assert.Equal(t, id, h.Server(web01).Version)
		logged := h.lastRequest()
		assert.Equal(t, 200, logged.Status)
		assert.True(t, logged.Effect)
		assert.Equal(t, []FaultKind{Held}, logged.Faults)
	}
	assert.Empty(t, h.faults.gates, "nothing is left behind")
}

func TestAHeldRequestMayTakeEffectBeforeItWaits(t *testing.T) {
	h := start(t, Options{})
	id := h.SetFault(Fault{Kind: Held, Op: OpCreateSnapshot, Effect: EffectBefore})
	answered := h.held(t.Context(), id, "POST", "/api/v1/snapshots/", createBody(web01, "a"))
	require.Eventually(t, func() bool { return len(h.Snapshots(web01)) == 1 }, 30*time.Second, time.Millisecond)
	h.RemoveFault(id)
	assert.Equal(t, 201, (<-answered).status)
	assert.Len(t, h.Snapshots(web01), 1)
}

func TestAHeldRequestWithoutEffectIsCutOffWhenItIsLetGo(t *testing.T) {
	h := start(t, Options{})
	for _, r := range [][3]string{{"POST", "/api/v1/snapshots/", createBody(web01, "a")}, {"GET", "/sites/101/healthz", ""}} {
		op := map[string]Op{"POST": OpCreateSnapshot, "GET": OpSite}[r[0]]
		id := h.SetFault(Fault{Kind: Held, Op: op, Effect: EffectNone})
		answered := h.held(t.Context(), id, r[0], r[1], r[2])
		h.RemoveFault(id)
		require.Error(t, (<-answered).err)
	}
	assert.Empty(t, h.Snapshots(web01))
}

func TestAListOfTheWholeAccountIsHeldOnlyByAFaultThatNamesNoServer(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: Held, Op: OpAnyRead, ServerID: web01})
	assert.Equal(t, 200, h.call("GET", "/api/v1/snapshots/", "").status)
	id := h.SetFault(Fault{Kind: Held, Op: OpListSnapshots})
	answered := h.held(t.Context(), id, "GET", "/api/v1/snapshots/", "")
	h.RemoveFault(id)
	assert.Equal(t, 200, (<-answered).status)
}

func TestAFaultThatIsUsedUpStillHoldsItsRequestsUntilItIsRemoved(t *testing.T) {
	h := start(t, Options{})
	id := h.SetFault(Fault{Kind: Held, Op: OpMe, Times: 1})
	answered := make(chan reply, 1)
	go func() {
		r, _ := h.request(t.Context(), "GET", "/api/v1/account/me/", "") // an error is the status 0
		answered <- r
	}()
	require.Eventually(t, func() bool { return len(h.Requests()) == 1 }, 30*time.Second, time.Millisecond)
	assert.Equal(t, 200, h.call("GET", "/api/v1/account/me/", "").status, "only one is held")
	assert.Empty(t, answered)
	h.RemoveFault(id)
	assert.Equal(t, 200, (<-answered).status)
}

func TestAHeldRequestEndsWithItsDurationOrWithTheFake(t *testing.T) {
	h := start(t, Options{})
	id := h.SetFault(Fault{Kind: Held, Op: OpMe, Duration: 20 * time.Millisecond})
	assert.Equal(t, 200, h.call("GET", "/api/v1/account/me/", "").status)
	h.RemoveFault(id)
	id = h.SetFault(Fault{Kind: Held, Op: OpMe})
	answered := h.held(t.Context(), id, "GET", "/api/v1/account/me/", "")
	h.Fake.Close()
	assert.Equal(t, 200, (<-answered).status)
}

func TestAHeldRequestWhoseClientHasLeftTakesEffectWhenItIsLetGo(t *testing.T) {
	h := start(t, Options{})
	id := h.SetFault(Fault{Kind: Held, Op: OpCreateSnapshot})
	ctx, leave := context.WithCancel(t.Context())
	answered := h.held(ctx, id, "POST", "/api/v1/snapshots/", createBody(web01, "a"))
	leave()
	require.Error(t, (<-answered).err)
	assert.Empty(t, h.Snapshots(web01))
	h.RemoveFault(id)
	require.Eventually(t, func() bool { return len(h.Snapshots(web01)) == 1 }, 30*time.Second, time.Millisecond)
}

func TestAHeldVisitSeesTheSiteAsItIsWhenItIsLetGo(t *testing.T) {
	for effect, status := range map[HangEffect]int{"": 500, EffectAfter: 500, EffectBefore: 200} {
		t.Run("effect "+string(effect), func(t *testing.T) {
			h := start(t, Options{})
			id := h.SetFault(Fault{Kind: Held, Op: OpSite, Effect: effect})
			answered := h.held(t.Context(), id, "GET", "/sites/101/healthz", "")
			h.Deploy(web01, "2.0.0", false)
			h.RemoveFault(id)
			assert.Equal(t, status, (<-answered).status)
		})
	}
}
