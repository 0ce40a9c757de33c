package activities

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

func TestPermissionsAreJudgedOnlyAsFarAsTheAPITells(t *testing.T) {
	for words, state := range map[string]contract.FindingState{
		"": contract.FindingOK, "read": contract.FindingBad, "read-only": contract.FindingBad, "snapshots:read,servers:list": contract.FindingBad,
		"read_write": contract.FindingOK, "snapshots:read,snapshots:write": contract.FindingOK, "full": contract.FindingOK,
		"READONLY": contract.FindingBad, "level-7": contract.FindingOK, "read,level-7": contract.FindingOK,
		// What is named of snapshots is not about writing them, and nothing else could be.
		"snapshots:read,servers:write": contract.FindingWarn, "snapshots:none,servers:read": contract.FindingWarn,
		"SNAPSHOT_VIEWER,SERVER_ADMIN": contract.FindingWarn, "snapshots:none": contract.FindingWarn,
		// Each of these leaves room for doubt.
		"snapshots,servers:read": contract.FindingOK, "snapshots:*,servers:read": contract.FindingOK, "snapshots:none,*": contract.FindingOK,
		"snapshots:read,write": contract.FindingOK, "snapshots:read,level-7": contract.FindingOK, "snapshots:read,account:admin": contract.FindingOK,
		"snapshots:no-delete": contract.FindingOK, "servers:write": contract.FindingOK, "snapshots:read,snapshots:create": contract.FindingOK,
	} {
		api := healthy()
		api.account.Permissions = nil
		if words != "" {
			api.account.Permissions = strings.Split(words, ",")
		}
		f := checkupOf(t, api, 0)[contract.FindingPermissions]
		assert.Equal(t, state, f.State, "%q: %+v", words, f)
	}
}

func TestAListThatIsRefusedIsAMissingPermission(t *testing.T) {
	api := healthy()
	api.serversErr = apiSays(403)
	found := checkupOf(t, api, 0)
	assert.Equal(t, contract.FindingBad, found[contract.FindingPermissions].State)
	assert.Contains(t, found[contract.FindingPermissions].Detail, "may not list servers")
	assert.Equal(t, contract.FindingBad, found[contract.FindingServers].State)
	assert.Equal(t, contract.FindingOK, found[contract.FindingQuota].State, "the other list was read")
}

// Nothing is claimed that was not seen; a word that leaves no doubt needs no list.
func TestPermissionsAreNotCheckedWhereAListCouldNotBeRead(t *testing.T) {
	unread := func() ([]vpsorg.Snapshot, error) { return nil, apiSays(500) }
	for name, c := range map[string]struct {
		breaks func(*checkedAPI)
		first  string
	}{
		"snapshots": {func(api *checkedAPI) { api.list = unread }, contract.FindingQuota},
		"servers":   {func(api *checkedAPI) { api.serversErr = apiSays(500) }, contract.FindingServers},
		"both":      {func(api *checkedAPI) { api.list, api.serversErr = unread, apiSays(500) }, contract.FindingQuota},
	} {
		for _, words := range [][]string{nil, {"read_write"}, {"snapshots:read", "servers:write"}} {
			api := healthy()
			api.account.Permissions = words
			c.breaks(api)
			found := checkupOf(t, api, 0)
			f := found[contract.FindingPermissions]
			assert.Equal(t, contract.FindingUnchecked, f.State, "%s %v: %+v", name, words, f)
			assert.Contains(t, f.Detail, "could not be seen")
			assert.Equal(t, "mend "+c.first+" first", f.Mend)
			assert.Equal(t, contract.FindingBad, found[c.first].State, "what is named first says how to mend it")
			assert.Contains(t, found[c.first].Detail, "cannot be read")
		}
		api := healthy()
		api.account.Permissions = []string{"read"}
		c.breaks(api)
		assert.Equal(t, contract.FindingBad, checkupOf(t, api, 0)[contract.FindingPermissions].State, name)
	}
}
