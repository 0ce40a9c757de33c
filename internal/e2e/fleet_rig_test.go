package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// fleetBar bounds every wait for a fleet: it catches one that hangs, and leaves a slow machine with a thousand runs of
// other tests alone.
const fleetBar = 6 * time.Minute

// crowds has room for one test of very many runs: two of them at a time keep a small machine's Temporal so busy that it
// hands out tasks whose worker never hears of them, and a change that was lost is a change whose result nobody knows.
var crowds = make(chan struct{}, 1)

// crowded waits until no other test of very many runs is under way.
func crowded(t *testing.T) {
	t.Helper()
	crowds <- struct{}{}
	t.Cleanup(func() { <-crowds })
}

// fleetRig is an account with many servers and a deploy system of its own, which breaks the servers that it is told to
// and holds a deploy for as long as the test wants.
type fleetRig struct {
	*rig
	// servers are in the order of their ids, which is the order in which a fleet takes them up.
	servers []int64
	hooks   *httptest.Server

	mu     sync.Mutex
	broken map[int64]bool
	gates  map[int64]chan struct{}
	// sent are the servers whose deploy has begun.
	sent map[int64]bool
}

func newFleetRig(t *testing.T, servers int) *fleetRig {
	t.Helper()
	f := &fleetRig{rig: rigOfAccount(t, map[string]string{"VPS_RATE_LIMIT": "500"}), broken: map[int64]bool{}, gates: map[int64]chan struct{}{}, sent: map[int64]bool{}}
	f.servers = f.neighbours(servers)
	f.hooks = httptest.NewServer(http.HandlerFunc(f.deploy))
	t.Cleanup(func() {
		f.release(f.servers...) // Close waits for what is held
		f.hooks.Close()
	})
	return f
}

// deploy is the deploy system: POST /<server id>.
func (f *fleetRig) deploy(w http.ResponseWriter, req *http.Request) {
	id, err := strconv.ParseInt(strings.Trim(req.URL.Path, "/"), 10, 64)
	if err != nil {
		http.Error(w, "which server?", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	healthy, gate := !f.broken[id], f.gates[id]
	f.sent[id] = true
	f.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-req.Context().Done():
			return
		}
	}
	body := fmt.Sprintf(`{"server_id": %d, "version": "2.0.0", "healthy": %t}`, id, healthy)
	resp, err := http.Post(f.api+"/fake/deploys", "application/json", bytes.NewBufferString(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_ = resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
}

// breaks makes the new version unhealthy on these servers.
func (f *fleetRig) breaks(servers ...int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range servers {
		f.broken[id] = true
	}
}

// mend is the opposite of breaks.
func (f *fleetRig) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = map[int64]bool{}
}

// hold keeps the deploys of these servers from ending until they are released.
func (f *fleetRig) hold(servers ...int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range servers {
		f.gates[id] = make(chan struct{})
	}
}

// deploying waits until the deploys of these servers have begun.
func (f *fleetRig) deploying(servers ...int64) {
	f.t.Helper()
	for _, id := range servers {
		f.eventually(fleetBar, fmt.Sprint("the deploy of ", id), func() bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.sent[id]
		})
	}
}

func (f *fleetRig) release(servers ...int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range servers {
		if gate := f.gates[id]; gate != nil {
			close(gate)
			delete(f.gates, id)
		}
	}
}

// template is a quick SnapshotUpdateVerify of any server.
func (f *fleetRig) template() map[string]any {
	return map[string]any{
		"update": map[string]any{"kind": "webhook", "url": f.hooks.URL + "/{{.ServerID}}", "timeout": "20m", "on_unknown": "commit"},
		"verify": map[string]any{
			"initial_delay": "0s", "interval": "500ms", "timeout": "5m", "successes": 2, "failures": 2,
			"checks": []any{map[string]any{"name": "home", "kind": "http", "url": f.api + "/sites/{{.ServerID}}/healthz", "timeout": "1m"}},
		},
	}
}

// fleet starts a FleetUpdate of all servers of the rig; more wins over the defaults.
func (f *fleetRig) fleet(id string, more map[string]any) {
	f.t.Helper()
	in := map[string]any{"servers": f.servers, "reason": f.t.Name(), "template": f.template()}
	for name, value := range more {
		in[name] = value
	}
	if in["retry_of"] != nil {
		delete(in, "servers")
	}
	f.startOf(workflows.TypeFleetUpdate, id, in)
}

// counts are the counts of a fleet now.
func (f *fleetRig) counts(id string) workflows.FleetRecord {
	if s := f.status(id); s.Fleet != nil {
		return *s.Fleet
	}
	return workflows.FleetRecord{}
}

// until waits until the fleet's record is as wanted.
func (f *fleetRig) until(id, what string, within time.Duration, ok func(workflows.FleetRecord) bool) {
	f.t.Helper()
	f.eventually(within, what, func() bool { return ok(f.counts(id)) })
}

// versions are the servers by what is on them.
func (f *fleetRig) versions() (byVersion map[string][]int64, restores int) {
	f.t.Helper()
	var state vpsfake.State
	f.control(http.MethodGet, "state", nil, &state)
	byVersion = map[string][]int64{}
	for _, s := range state.Servers {
		assert.Equal(f.t, "active", s.Status, "server %d", s.ID)
		byVersion[s.Version] = append(byVersion[s.Version], s.ID)
		restores += s.Restores
	}
	return byVersion, restores
}

// untouched are the servers on which nothing was ever begun.
func (f *fleetRig) untouched() []int64 {
	f.t.Helper()
	var state vpsfake.State
	f.control(http.MethodGet, "state", nil, &state)
	touched := map[int64]int{}
	for _, s := range state.Snapshots {
		if contract.ParseMarker(s.Description).Managed {
			touched[s.ServerID]++
		}
	}
	var rest []int64
	for _, id := range f.servers {
		if touched[id] == 0 {
			rest = append(rest, id)
		}
		assert.LessOrEqual(f.t, touched[id], 1, "snapshots of server %d", id)
	}
	return rest
}

// resultIn is the result of a server in a report.
func resultIn(t *testing.T, record *workflows.FleetRecord, server int64) workflows.TargetResult {
	t.Helper()
	require.NotNil(t, record)
	for _, result := range record.Targets {
		if result.ServerID == server {
			return result
		}
	}
	text, _ := json.Marshal(record)
	require.FailNow(t, "no result", "of server %d in %s", server, text)
	return workflows.TargetResult{}
}
