package activities

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/config"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// checkedAPI is a fakeAPI whose account, errors and clock a test sets.
type checkedAPI struct {
	fakeAPI
	account    vpsorg.Account
	serversErr error
	// clock is the API's; nil goes with the worker's.
	clock func() time.Time
}

func (c *checkedAPI) Me(ctx context.Context) (vpsorg.Account, error) {
	_, err := c.fakeAPI.Me(ctx)
	return c.account, err
}

func (c *checkedAPI) ListServers(ctx context.Context, o vpsorg.ListServersOpts) ([]vpsorg.Server, error) {
	if c.serversErr != nil {
		return nil, c.serversErr
	}
	return c.fakeAPI.ListServers(ctx, o)
}

func (c *checkedAPI) Now() (time.Time, bool) {
	if c.clock == nil {
		return time.Now(), true
	}
	now := c.clock()
	return now, !now.IsZero()
}

// healthy is an API where nothing is to be mended.
func healthy() *checkedAPI {
	return &checkedAPI{
		fakeAPI: fakeAPI{servers: accountOf(3), snapshots: []vpsorg.Snapshot{taken(1, 1, "completed", time.Hour)}},
		account: vpsorg.Account{Email: "ops@example.com", TokenName: "ci", Permissions: []string{"read_write"}},
	}
}

func facts() contract.WorkerFacts {
	return contract.WorkerFacts{Version: "v2.1.0", APIURL: "https://api.example.com/v1", RequestTimeout: contract.Duration(30 * time.Second), RateLimit: 5}
}

// checkupOf runs a checkup and returns its findings by name, which stand in the order of the contract.
func checkupOf(t *testing.T, api API, server int64, change ...func(*Activities)) map[string]contract.Finding {
	t.Helper()
	a, _ := newActivities(api)
	a.facts, a.pace.clockGap = facts(), time.Millisecond
	for _, c := range change {
		c(a)
	}
	got, err := execute[contract.CheckupResult](t, a, a.Checkup, contract.CheckupInput{ServerID: server})
	require.NoError(t, err, "what is wrong is a finding")
	assert.Equal(t, "v2.1.0", got.Version)
	var names []string
	found := map[string]contract.Finding{}
	for _, f := range got.Findings {
		names, found[f.Name] = append(names, f.Name), f
		assert.NotEmpty(t, f.Detail, f.Name)
		assert.Equal(t, f.State == contract.FindingOK, f.Mend == "", "%s: what is not ok says how to mend it: %+v", f.Name, f)
	}
	assert.Equal(t, contract.WorkerFindings(), names)
	return found
}

func TestACheckupOfAHealthyWorkerFindsNothingToMend(t *testing.T) {
	api := healthy()
	found := checkupOf(t, api, 0)
	for name, f := range found {
		assert.Equal(t, contract.FindingOK, f.State, "%s: %+v", name, f)
	}
	assert.Contains(t, found[contract.FindingToken].Detail, "token ci of the account ops@example.com")
	assert.Contains(t, found[contract.FindingPermissions].Detail, "read_write")
	assert.Contains(t, found[contract.FindingSettings].Detail, "safepoint-worker v2.1.0")
	assert.Contains(t, found[contract.FindingSettings].Detail, "VPS_SETTLE 20ms, VPS_POLL_INTERVAL 5ms, VPS_REQUEST_TIMEOUT 30s, VPS_RATE_LIMIT 5")
	assert.Contains(t, found[contract.FindingServers].Detail, "3 servers")
	assert.Contains(t, found[contract.FindingEgress].Detail, "ssh is off")
	assert.Empty(t, api.sent(), "it writes nothing")
}

func TestAnAPIThatCannotBeUsedIsNamedAndTheRestWaitsForIt(t *testing.T) {
	unsent := &vpsorg.Error{Op: "read account", Method: "GET", Path: "/account/me/", NotSent: true, Err: errors.New("connection refused")}
	cut := &vpsorg.Error{Op: "read account", Method: "GET", Path: "/account/me/", Err: context.DeadlineExceeded}
	for name, c := range map[string]struct {
		err  error
		mend string
	}{
		"refused":         {unsent, "VPS_API_URL"},
		"silent":          {cut, "network of the worker's machine"},
		"another program": {apiSays(404), "VPS_API_URL"},
		"a web page":      {&vpsorg.Error{Op: "read account", Status: 200, Message: "not JSON", Err: vpsorg.ErrMalformed}, "VPS_API_URL"},
		"a redirect":      {apiSays(301), "VPS_API_URL"},
		"in trouble":      {apiSays(503), "VPS.org's status"},
		"rate limit":      {apiSays(429), "VPS_RATE_LIMIT"},
		"unknown":         {errors.New("odd"), "worker's log"},
	} {
		t.Run(name, func(t *testing.T) {
			api := healthy()
			api.me = func() error { return c.err }
			found := checkupOf(t, api, 0)
			assert.Equal(t, contract.FindingBad, found[contract.FindingAPI].State)
			assert.Contains(t, found[contract.FindingAPI].Mend, c.mend)
			assert.Contains(t, found[contract.FindingAPI].Detail, "https://api.example.com/v1")
			for _, after := range []string{contract.FindingToken, contract.FindingPermissions, contract.FindingServers, contract.FindingQuota} {
				assert.Equal(t, contract.FindingUnchecked, found[after].State, after)
				assert.Equal(t, "mend api first", found[after].Mend)
			}
			assert.Equal(t, contract.FindingOK, found[contract.FindingSettings].State, "one broken thing hides no other")
			assert.Equal(t, contract.FindingOK, found[contract.FindingWorkerClock].State)
		})
	}
}

func TestABadTokenIsNamedWithWhereToMakeANewOne(t *testing.T) {
	for _, status := range []int{401, 403} {
		api := healthy()
		api.me = func() error { return apiSays(status) }
		found := checkupOf(t, api, 7)
		assert.Equal(t, contract.FindingOK, found[contract.FindingAPI].State, "it answers")
		assert.Equal(t, contract.FindingBad, found[contract.FindingToken].State)
		assert.Contains(t, found[contract.FindingToken].Mend, "Developers page")
		assert.Equal(t, "mend token first", found[contract.FindingQuota].Mend)
		assert.Equal(t, contract.FindingOK, found[contract.FindingAPIClock].State, "a refusal bears a Date too")
	}
}

func TestTheServerThatIsAskedAboutIsJudged(t *testing.T) {
	api := healthy()
	api.servers[0].Status, api.servers[1].Status = "suspended", "stopped" // 3 and 2
	for id, state := range map[int64]contract.FindingState{
		1: contract.FindingOK, 2: contract.FindingWarn, 3: contract.FindingBad, 4: contract.FindingBad,
	} {
		assert.Equal(t, state, checkupOf(t, api, id)[contract.FindingServers].State, id)
	}
	allowed, err := config.ParseServers([]string{"1-3"})
	require.NoError(t, err)
	f := checkupOf(t, api, 9, func(a *Activities) { a.servers = allowed })[contract.FindingServers]
	assert.Contains(t, f.Mend, "add 9 to SAFEPOINT_ALLOW_SERVERS")
	api.servers = []vpsorg.Server{}
	assert.Equal(t, contract.FindingWarn, checkupOf(t, api, 0)[contract.FindingServers].State, "an empty account")
}

func TestSettingsAreToldWithTheWarningsOfTheStart(t *testing.T) {
	found := checkupOf(t, healthy(), 0, func(a *Activities) {
		a.facts.Build, a.facts.Deployment, a.facts.Warnings = "b7", "safepoint", []string{"VPS_SETLE is not a setting"}
		a.facts.AllowServers, a.facts.AllowURLs, a.facts.AllowSSH = 1, 2, 3
	})
	assert.Equal(t, contract.FindingWarn, found[contract.FindingSettings].State)
	assert.Contains(t, found[contract.FindingSettings].Mend, "VPS_SETLE")
	assert.Contains(t, found[contract.FindingSettings].Detail, "deployment safepoint, build b7")
	assert.Regexp(t, `SAFEPOINT_ALLOW_SERVERS names \(1 entry\).*SAFEPOINT_ALLOW_URLS names \(2 entries\).*SAFEPOINT_ALLOW_SSH names \(3 entries\)`, found[contract.FindingEgress].Detail)
	f := checkupOf(t, healthy(), 0, func(a *Activities) { a.settle = 0 })[contract.FindingSettings]
	assert.Contains(t, f.Mend, "VPS_SETTLE")
}

func TestHostileAnswersStayShortAndUnarmed(t *testing.T) {
	hostile := strings.Repeat("\x1b]0;x\a\u202e<", 3000)
	api := healthy()
	api.account = vpsorg.Account{Email: hostile, TokenName: hostile, Permissions: []string{hostile, "read"}}
	for i := range api.servers {
		api.servers[i].Name, api.servers[i].Status = hostile, hostile
	}
	found := checkupOf(t, api, 1)
	api.me = func() error { return &vpsorg.Error{Op: "read account", Status: 500, Message: hostile} }
	text, err := json.Marshal([]any{found, checkupOf(t, api, 1)})
	require.NoError(t, err)
	assert.Less(t, len(text), 100_000)
	for _, mark := range []string{`\u001b`, `\u0007`, "\u202e"} {
		assert.NotContains(t, string(text), mark)
	}
}
