package vpsfake

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSiteShowsTheVersionAndItsHealth(t *testing.T) {
	h := start(t, Options{})
	assert.Equal(t, "/sites/101/", h.SitePath(web01))
	assert.Contains(t, string(h.call("GET", "/sites/101/", "").raw), "1.0.0")
	r := h.call("GET", "/sites/101/healthz", "")
	assert.Equal(t, 200, r.status)
	assert.Equal(t, "1.0.0\n", string(r.raw))

	h.Deploy(web01, "<b>2</b>", false)
	assert.Equal(t, 500, h.call("GET", "/sites/101/healthz", "").status)
	page := h.call("GET", "/sites/101/", "")
	assert.Equal(t, 200, page.status)
	assert.NotContains(t, string(page.raw), "<b>")
	assert.Equal(t, 200, h.call("GET", "/sites/102/healthz", "").status, "the other server is as it was")
}

func TestTheSiteKnowsItsPages(t *testing.T) {
	h := start(t, Options{})
	assert.Equal(t, 404, h.call("GET", "/sites/999/", "").status)
	assert.Equal(t, 404, h.call("GET", "/sites/x/", "").status)
	assert.Equal(t, 404, h.call("GET", "/sites/101/other", "").status)
	assert.Equal(t, 405, h.call("POST", "/sites/101/healthz", "").status)
	assert.Equal(t, 405, h.call("GET", "/sites/101/hooks/deploy", "").status)
	assert.Equal(t, 0, h.Deploys(web01))
}

func TestTheSiteIsCutOffUnlessTheServerIsActive(t *testing.T) {
	h := start(t, Options{})
	id := h.ready(web01, "a")
	h.call("POST", "/api/v1/servers/101/stop/", "")
	h.cutOff("GET", "/sites/101/healthz", "")
	h.clock.pass(defaultPowerTime)
	h.cutOff("GET", "/sites/101/", "")
	h.restore(id)
	h.cutOff("GET", "/sites/101/healthz", "")
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, 200, h.call("GET", "/sites/101/healthz", "").status)
}

func TestTheHookDeploysAsAsked(t *testing.T) {
	h := start(t, Options{})
	r := h.hook(web01, "version=2.0.0&healthy=false")
	assert.Equal(t, 200, r.status)
	assert.Equal(t, "2.0.0", h.Server(web01).Version)
	assert.False(t, h.Server(web01).Healthy)
	assert.True(t, h.lastRequest().Effect)

	assert.Equal(t, 503, h.hook(web01, "version=3.0.0&status=503").status, "the answer is the asked one, the deploy is made")
	assert.Equal(t, "3.0.0", h.Server(web01).Version)
	assert.True(t, h.Server(web01).Healthy, "healthy unless told otherwise")
	assert.Equal(t, 200, h.hook(web01, "").status)
	assert.False(t, h.lastRequest().Effect, "nothing asked, nothing changed")
	assert.Equal(t, 200, h.hook(web01, "healthy=false").status)
	assert.Equal(t, "3.0.0", h.Server(web01).Version)
	assert.Equal(t, 4, h.Deploys(web01))
	assert.Equal(t, 0, h.Deploys(web02))
}

func TestTheHookNeedsNoTokenAndTakesAnyJSON(t *testing.T) {
	h := start(t, Options{Token: "vps_other"})
	assert.Equal(t, 200, h.call("POST", "/sites/101/hooks/deploy?version=2", "").status)
	assert.Equal(t, 200, h.call("POST", "/sites/101/hooks/deploy?version=2", `[1,{"a":null}]`).status)
	for _, bad := range []string{"?healthy=maybe", "?status=99", "?status=x", "?delay=soon", "?delay=-1s", "?delay=1h"} {
		assert.Equal(t, 400, h.call("POST", "/sites/101/hooks/deploy"+bad, "").status, bad)
	}
	assert.Equal(t, 400, h.call("POST", "/sites/101/hooks/deploy?version=3", "no json").status)
	assert.Equal(t, "2", h.Server(web01).Version)
	assert.Equal(t, 9, h.Deploys(web01), "refused calls count too")
}

func TestTheHookCannotDeployToAServerThatIsDown(t *testing.T) {
	h := start(t, Options{})
	h.AddServer(ServerSpec{ID: 103, Status: "stopped"})
	assert.Equal(t, 502, h.hook(103, "version=2.0.0").status)
	assert.Equal(t, "1.0.0", h.Server(103).Version)
	assert.Equal(t, 1, h.Deploys(103))
}

func TestASlowDeployGoesOnWhenItsCallerHasLeft(t *testing.T) {
	t.Parallel() // the delay is waited for
	h := start(t, Options{})
	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan error, 1)
	go func() {
		_, err := h.request(ctx, "POST", "/sites/101/hooks/deploy?version=2.0.0&delay=5s", "{}")
		answered <- err
	}()
	require.Eventually(t, func() bool { return len(h.Requests()) == 1 }, 30*time.Second, time.Millisecond, "it has arrived")
	leave()
	require.Error(t, <-answered)
	assert.Equal(t, "1.0.0", h.Server(web01).Version)
	require.Eventually(t, func() bool { return h.Server(web01).Version == "2.0.0" }, 30*time.Second, 5*time.Millisecond)
	assert.Equal(t, 0, h.lastRequest().Status)
	assert.True(t, h.lastRequest().Effect)
}
