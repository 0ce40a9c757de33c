package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

func TestDoctorFindsAWholeStackOk(t *testing.T) {
	t.Parallel()
	r := rigOfAccountAt(t, 1, nil)
	server := r.neighbours(2)[0]
	d := r.served(nil)
	require.Zero(t, d.code, "%+v", d.findings)
	for _, f := range d.findings {
		assert.Equal(t, contract.FindingOK, f.State, "%+v", f)
	}
	assert.Contains(t, d.of("temporal").Detail, "no TLS, no API key")
	assert.Contains(t, d.of("worker").Detail, "task queue "+r.queue+" is polled by ")
	assert.Contains(t, d.of("worker of waits").Detail, r.queue+"-wait")
	assert.Contains(t, d.of(contract.FindingToken).Detail, "operator@example.com")
	assert.Contains(t, d.of(contract.FindingSettings).Detail, "VPS_SETTLE 2s")
	assert.Contains(t, d.of(contract.FindingServers).Detail, "2 servers")
	d = r.doctor(nil, "--server", fmt.Sprint(server))
	require.Zero(t, d.code)
	assert.Contains(t, d.of(contract.FindingServers).Detail, fmt.Sprintf("server %d web%[1]d is active", server))
	d = r.doctor(nil, "--server", "999999")
	assert.Contains(t, d.bad(contract.FindingServers).Detail, "no server 999999")
	p := r.command(nil, "doctor")
	require.Zero(t, p.exit(patience))
	assert.Contains(t, p.output.String(), "All ok.")
	assert.Empty(t, r.violations())
}

func TestDoctorNamesABadTokenAndAWrongAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings map[string]string
		finding  string
		mend     string
	}{
		"token":   {map[string]string{"VPS_API_TOKEN": secrets.newToken("a token that the API does not know")}, contract.FindingToken, "Developers page"},
		"address": {map[string]string{"VPS_API_URL": "http://" + nobody(t) + "/api/v1"}, contract.FindingAPI, "VPS_API_URL"},
		"path":    {map[string]string{"VPS_API_URL": stack.FakeURL + "/api/v9"}, contract.FindingAPI, "VPS_API_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rigOfAccountAt(t, 1, c.settings)
			d := r.served(nil)
			assert.Contains(t, d.bad(c.finding).Mend, c.mend)
			assert.Equal(t, "mend "+c.finding+" first", d.of(contract.FindingQuota).Mend)
			assert.Equal(t, contract.FindingOK, d.of(contract.FindingSettings).State)
		})
	}
}

func TestDoctorNamesWhatIsMissingAtTemporal(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	d := r.doctor(nil)
	assert.Contains(t, d.bad("worker", "worker of waits").Mend, "start safepoint-worker with TEMPORAL_ADDRESS="+stack.TemporalAddress)
	assert.Equal(t, "mend worker first", d.of(contract.FindingToken).Mend)

	away := nobody(t)
	d = r.doctor([]string{"TEMPORAL_ADDRESS=" + away})
	f := d.bad("temporal")
	assert.Contains(t, f.Detail, away)
	assert.Contains(t, f.Mend, "TEMPORAL_ADDRESS")
	assert.Equal(t, "mend temporal first", d.of("search attributes").Mend)

	d = r.doctor([]string{"TEMPORAL_NAMESPACE=nowhere"})
	assert.Contains(t, d.bad("namespace").Commands, "temporal operator namespace create --namespace nowhere")
	assert.Equal(t, "mend namespace first", d.of("worker").Mend)

	assert.Contains(t, r.doctor([]string{"TEMPORAL_TLS=perhaps"}).bad("temporal").Mend, "TEMPORAL_TLS")
	assert.Contains(t, r.doctor([]string{"TEMPORAL_TLS=true"}).bad("temporal").Mend, "TEMPORAL_TLS=false")
}

// One broken thing hides no other: the token and the attributes are both named. The attributes are missing because the
// worker may not serve a namespace that it has never seen.
func TestDoctorNamesMissingSearchAttributesWithTheCommandsThatMakeThem(t *testing.T) {
	t.Parallel()
	r := rigWithoutWorker(t)
	address := nobody(t)
	devServer(t, address)
	environ := []string{"TEMPORAL_ADDRESS=" + address}
	r.eventually(patience, "Temporal", func() bool { return r.doctor(environ).of("namespace").State == contract.FindingOK })
	f := r.doctor(environ).bad("search attributes", "worker", "worker of waits")
	for name, kind := range map[string]string{"SafepointServerId": "Int", "SafepointPhase": "Keyword", "SafepointOutcome": "Keyword"} {
		assert.Contains(t, f.Commands, "temporal operator search-attribute create --namespace default --name "+name+" --type "+kind)
	}
	p := r.command(environ, "doctor")
	require.Equal(t, 1, p.exit(patience))
	assert.Contains(t, p.output.String(), "temporal operator search-attribute create --namespace default --name SafepointPhase --type Keyword\n", "a whole line")

	r.readyWorker(append(environ, "VPS_API_TOKEN="+secrets.newToken("a token that the API does not know"))...)
	r.unregister(address, "SafepointOutcome")
	d := r.served(environ)
	f = d.bad("search attributes", contract.FindingToken)
	assert.Contains(t, f.Detail, "not registered: SafepointOutcome;")
	assert.Equal(t, []string{"temporal operator search-attribute create --namespace default --name SafepointOutcome --type Keyword"}, f.Commands)
}

func TestDoctorNamesAFullQuotaAndAClockThatIsOff(t *testing.T) {
	t.Parallel()
	r := rigOfAccountAt(t, 1, nil)
	server := r.neighbours(1)[0]
	for i := range 5 {
		r.add(vpsfake.SnapshotSpec{ServerID: server, Name: fmt.Sprintf("by-hand-%d", i), Description: "by hand", CreatedAt: r.apiNow()})
	}
	f := r.served(nil).bad(contract.FindingQuota)
	assert.Contains(t, f.Detail, fmt.Sprintf("server %d", server))
	assert.Contains(t, f.Mend, "delete a snapshot at VPS.org")
	r.control(http.MethodPost, "faults", vpsfake.Fault{Kind: vpsfake.ClockOff, Duration: -time.Hour}, nil)
	f = r.doctor(nil).bad(contract.FindingAPIClock, contract.FindingQuota)
	assert.Contains(t, f.Detail, "behind the worker's")
	assert.Contains(t, f.Mend, "tell VPS.org")
}

// The stand-in of `safepoint dev` runs faster than any clock: doctor says so instead of sending anybody to look for it.
func TestDoctorKnowsAStandInByItsFastClock(t *testing.T) {
	t.Parallel()
	r := rigOfAccountAt(t, 600, nil)
	r.neighbours(1)
	d := r.served(nil)
	require.Zero(t, d.code, "%+v", d.findings)
	r.eventually(patience, "a clock that has run away", func() bool {
		f := r.doctor(nil).of(contract.FindingAPIClock)
		require.Equal(t, contract.FindingOK, f.State, "%+v", f)
		return f.Detail != "goes with the worker's"
	})
}

// Temporal shows a worker for minutes after its death.
func TestDoctorNamesAWorkerThatIsDeadButStillShown(t *testing.T) {
	t.Parallel()
	r := rigOfAccountAt(t, 1, nil)
	require.Zero(t, r.served(nil).code)
	r.worker.Kill()
	f := r.doctor(nil, "--timeout", "4s").bad("checkup")
	assert.Contains(t, f.Detail, "no worker has answered in 4s")
	assert.Contains(t, f.Mend, "start safepoint-worker")
}

func TestSnapshotsListsWhoseTheyAreAndWhatRetentionWouldDo(t *testing.T) {
	t.Parallel()
	r := rigOfAccountAt(t, 1, nil)
	servers := r.neighbours(2)
	r.aged(servers[0], 50*time.Hour)
	r.aged(servers[0], 2*time.Hour)
	foreign := r.add(vpsfake.SnapshotSpec{ServerID: servers[1], Name: "before-migration", Description: "by hand", CreatedAt: r.apiNow().Add(-time.Hour)})
	list := func(args ...string) contract.InventoryResult {
		p := r.command(nil, append([]string{"snapshots", "-o", "json"}, args...)...)
		require.Zero(t, p.exit(patience), p.output.String())
		var found contract.InventoryResult
		require.NoError(t, json.Unmarshal([]byte(p.output.String()), &found), p.output.String())
		return found
	}
	found := list()
	assert.Equal(t, contract.InventoryCounts{Snapshots: 3, Ours: 2, Foreign: 1, Keep: 1, Unknown: 2}, found.Counts)
	assert.Equal(t, contract.ClockAPI, found.ClockOf)
	found = list("--server", fmt.Sprint(servers[0]), "--keep-last", "1")
	require.Len(t, found.Rows, 2)
	assert.Equal(t, contract.RetentionKeep, found.Rows[0].Retention)
	assert.Equal(t, contract.RetentionRemove, found.Rows[1].Retention)

	p := r.command(nil, "snapshots", "--all")
	require.Zero(t, p.exit(patience))
	assert.Contains(t, p.output.String(), fmt.Sprintf("#%d before-migration", foreign))
	assert.Contains(t, p.output.String(), "3 snapshots of 2 servers")
	assert.Empty(t, r.violations(), "it writes nothing")

	p = r.command(nil, "snapshots", "--keep-last", "9")
	require.Equal(t, 2, p.exit(patience))
	assert.Contains(t, p.output.String(), "policy.keep_last")
	r.worker.Kill()
	p = r.command(nil, "snapshots", "--timeout", "3s")
	require.Equal(t, 1, p.exit(patience))
	assert.Contains(t, p.output.String(), "safepoint doctor")
}
