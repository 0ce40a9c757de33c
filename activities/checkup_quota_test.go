package activities

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

func TestAFullQuotaIsNamedByServer(t *testing.T) {
	full := func(server int64, n int, change ...func(*vpsorg.Snapshot)) (all []vpsorg.Snapshot) {
		for i := range int64(n) {
			all = append(all, taken(server*10+i, server, "completed", time.Hour, change...))
		}
		return all
	}
	api := healthy()
	api.snapshots = full(3, 4)
	f := checkupOf(t, api, 0)[contract.FindingQuota]
	assert.Equal(t, contract.FindingWarn, f.State)
	assert.Contains(t, f.Detail, "room for one more: server 3")

	api.snapshots = append(api.snapshots, full(2, 5)...)
	f = checkupOf(t, api, 0)[contract.FindingQuota]
	assert.Equal(t, contract.FindingWarn, f.State, "retention may make room")
	assert.Contains(t, f.Detail, "unless retention makes it: server 2")

	api.snapshots = append(api.snapshots, full(1, 5, handMade)...)
	f = checkupOf(t, api, 0)[contract.FindingQuota]
	assert.Equal(t, contract.FindingBad, f.State)
	assert.Contains(t, f.Detail, "nothing that Safepoint may remove: server 1;")
	assert.Equal(t, []string{"safepoint snapshots --all"}, f.Commands)
	f = checkupOf(t, api, 1)[contract.FindingQuota]
	assert.NotContains(t, f.Detail, "server 2", "only the server that is asked about")
	assert.Equal(t, []string{"safepoint snapshots --server 1"}, f.Commands)

	api.servers, api.snapshots = accountOf(200), nil
	for id := range int64(200) {
		api.snapshots = append(api.snapshots, full(id+1, 5, protectedOne)...)
	}
	f = checkupOf(t, api, 0)[contract.FindingQuota]
	assert.Contains(t, f.Detail, fmt.Sprintf("and %d more", 200-contract.MaxCheckupServers))
}

// A server that is gone can have no further snapshot, and what is left of it is nobody's to mend.
func TestSnapshotsOfServersThatAreGoneAreNoQuotaToMend(t *testing.T) {
	api := healthy() // servers 1 to 3
	for i := range int64(5) {
		api.snapshots = append(api.snapshots, taken(90+i, 9, "completed", time.Hour, handMade), taken(80+i, 8, "completed", time.Hour))
	}
	f := checkupOf(t, api, 0)[contract.FindingQuota]
	assert.Equal(t, contract.FindingOK, f.State, "%+v", f)
	assert.Contains(t, f.Detail, "10 snapshots of servers that are not in the account any more")

	// Beside a server that is full they are told, and not named as full.
	for i := range int64(5) {
		api.snapshots = append(api.snapshots, taken(20+i, 2, "completed", time.Hour, handMade))
	}
	f = checkupOf(t, api, 0)[contract.FindingQuota]
	assert.Equal(t, contract.FindingBad, f.State)
	assert.Contains(t, f.Detail, "nothing that Safepoint may remove: server 2; 10 snapshots of servers that are not")
	f = checkupOf(t, api, 1)[contract.FindingQuota]
	assert.Equal(t, contract.FindingOK, f.State, "%+v", f)
	assert.NotContains(t, f.Detail, "any more", "only the server that is asked about")

	// The servers could not be read: nobody knows that one is gone.
	api.serversErr = apiSays(500)
	assert.Contains(t, checkupOf(t, api, 0)[contract.FindingQuota].Detail, "may remove: servers 2, 9;")
}

func TestTheQuotaOfAServerThatIsNotThereIsNotJudged(t *testing.T) {
	api := healthy()
	for i := range int64(5) {
		api.snapshots = append(api.snapshots, taken(90+i, 9, "completed", time.Hour, handMade))
	}
	found := checkupOf(t, api, 9)
	assert.Equal(t, contract.FindingBad, found[contract.FindingServers].State)
	assert.Equal(t, contract.FindingUnchecked, found[contract.FindingQuota].State)
	assert.Equal(t, "mend servers first", found[contract.FindingQuota].Mend)
}
