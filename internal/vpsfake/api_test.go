package vpsfake

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryEndpointRefusesAWrongOrMissingToken(t *testing.T) {
	h := start(t, Options{})
	calls := [][2]string{
		{"GET", "/account/me/"}, {"GET", "/snapshots/"}, {"POST", "/snapshots/"}, {"POST", "/snapshots/801/restore/"},
		{"DELETE", "/snapshots/801/"}, {"GET", "/servers/"}, {"GET", "/servers/101/"}, {"POST", "/servers/101/start/"},
		{"POST", "/servers/101/stop/"}, {"GET", "/backups/"}, {"POST", "/backups/"},
	}
	for _, c := range calls {
		for _, header := range []string{"", "Bearer wrong", DefaultToken, "Basic " + DefaultToken} {
			req, err := http.NewRequestWithContext(t.Context(), c[0], h.base+"/api/v1"+c[1], strings.NewReader(createBody(web01, "a")))
			require.NoError(t, err)
			req.Header.Set("Authorization", header)
			r, err := h.do(req)
			require.NoError(t, err)
			assert.Equal(t, 401, r.status, "%v with %q", c, header)
			assert.NotContains(t, string(r.raw), DefaultToken)
		}
	}
	assert.Empty(t, h.Snapshots(0))
	assert.Equal(t, "active", h.Server(web01).Status)
	assert.Empty(t, h.Violations())
}

func TestAnotherTokenIsAcceptedWhenTheOptionsSaySo(t *testing.T) {
	h := start(t, Options{Token: "vps_other"})
	assert.Equal(t, 401, h.call("GET", "/api/v1/account/me/", "").status)
	req, err := http.NewRequestWithContext(t.Context(), "GET", h.base+"/api/v1/account/me/", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer vps_other")
	r, err := h.do(req)
	require.NoError(t, err)
	assert.Equal(t, 200, r.status)
}

func TestTheTokenIsNeverPrinted(t *testing.T) {
	o := Options{Token: "vps_secret"}
	f := New(o)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, o), "vps_secret", verb)
		assert.NotContains(t, fmt.Sprintf(verb, f.opts), "vps_secret", verb)
	}
	assert.Empty(t, f.opts.Token)
}

func TestAPathWithoutItsLastSlashIsRedirectedAndDoesNothing(t *testing.T) {
	h := start(t, Options{})
	r := h.call("POST", "/api/v1/snapshots?x=1", createBody(web01, "a"))
	assert.Equal(t, 301, r.status)
	assert.Equal(t, "/api/v1/snapshots/?x=1", r.header.Get("Location"))
	assert.Empty(t, h.Snapshots(0))
	assert.Equal(t, 301, h.lastRequest().Status)
}

func TestWhatIsNotInTheReferenceIsNotFound(t *testing.T) {
	h := start(t, Options{})
	for _, c := range [][2]string{{"GET", "/api/v1/snapshots/801/"}, {"PUT", "/api/v1/snapshots/"}, {"POST", "/api/v1/servers/-1/start/"}, {"GET", "/api/v1/"}, {"GET", "/"}} {
		assert.Equal(t, 404, h.call(c[0], c[1], "").status, c)
	}
}

func TestMeTellsWhoseTheTokenIs(t *testing.T) {
	h := start(t, Options{})
	r := h.call("GET", "/api/v1/account/me/", "")
	assert.Equal(t, 200, r.status)
	assert.NotEmpty(t, r.body["account"].(map[string]any)["email"])
	assert.NotEmpty(t, r.body["token"].(map[string]any)["name"])
}

func TestTheRequestLogSaysWhatWasAskedAndWhatCameOfIt(t *testing.T) {
	h := start(t, Options{})
	id := h.ready(web01, "a")
	h.SetFault(Fault{Kind: Error500First, Op: OpRestoreSnapshot, Times: 1})
	h.restore(id)
	log := h.Requests()
	require.Len(t, log, 3)
	assert.Equal(t, Request{Seq: 1, Time: log[0].Time, Method: "POST", Path: "/api/v1/snapshots/", Op: OpCreateSnapshot,
		ServerID: web01, SnapshotID: id, Name: "a", Status: 201, Effect: true}, log[0])
	assert.Equal(t, Request{Seq: 3, Time: log[2].Time, Method: "POST", Path: fmt.Sprintf("/api/v1/snapshots/%d/restore/", id), Op: OpRestoreSnapshot,
		ServerID: web01, SnapshotID: id, Status: 500, Faults: []FaultKind{Error500First}}, log[2])
}

func TestTheRequestLogIsBounded(t *testing.T) {
	var l requestLog
	for range maxLogged + 1 {
		l.add(Request{})
	}
	assert.LessOrEqual(t, len(l.records), maxLogged)
	assert.Equal(t, maxLogged+1, l.records[len(l.records)-1].Seq)
}

func TestSpeedScalesTheWaitsAndTheClock(t *testing.T) {
	h := start(t, Options{Speed: 60})
	id := h.create(web01, "a")
	h.clock.pass(defaultSnapshotTime/60 - time.Millisecond)
	assert.Equal(t, "in_progress", h.listed(id)["status"])
	h.clock.pass(time.Millisecond)
	assert.Equal(t, "completed", h.listed(id)["status"])
	second := h.create(web01, "b")
	assert.Equal(t, "2025-01-15T18:33:00Z", h.listed(second)["created_at"], "three API minutes have passed")
}

func TestTheClockNeverWraps(t *testing.T) {
	c := newClock(func() time.Time { return time.Unix(1e9, 0) }, maxSpeed)
	assert.True(t, c.stamp(c.start.Add(forever), 0).After(c.start))
}
