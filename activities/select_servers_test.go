package activities

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/target"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// accountOf makes n servers, the highest id first.
func accountOf(n int) []vpsorg.Server {
	servers := []vpsorg.Server{}
	for id := int64(n); id >= 1; id-- {
		servers = append(servers, vpsorg.Server{ID: id, Name: "web", Status: "active", Location: "ber"})
	}
	return servers
}

func selectServers(t *testing.T, servers []vpsorg.Server, in contract.SelectServersInput) contract.SelectServersResult {
	t.Helper()
	a, _ := newActivities(&fakeAPI{servers: servers})
	got, err := execute[contract.SelectServersResult](t, a, a.SelectServers, in)
	require.NoError(t, err)
	return got
}

func TestTheChosenServersAreAllNamedWhereverTheAnswerEnds(t *testing.T) {
	chosen := contract.Selector{All: true, Exclude: []int64{4}}
	for limit, want := range map[int]struct {
		servers int
		rest    []int64
	}{3: {3, []int64{5, 6, 7, 8}}, 6: {6, []int64{8}}, 7: {7, nil}, 8: {7, nil}, 0: {7, nil}} {
		got := selectServers(t, accountOf(8), contract.SelectServersInput{Selector: chosen, Limit: limit})
		assert.Equal(t, 7, got.Total)
		assert.Len(t, got.Servers, want.servers, "limit %d", limit)
		assert.Equal(t, want.rest, got.Rest, "limit %d", limit)
		assert.Equal(t, int64(1), got.Servers[0].ID, "in the order of their ids")
	}
	got := selectServers(t, accountOf(contract.MaxSelectPage+1), contract.SelectServersInput{Selector: contract.Selector{All: true}, Limit: 10 * contract.MaxSelectPage})
	assert.Len(t, got.Servers, contract.MaxSelectPage)
	assert.Equal(t, []int64{contract.MaxSelectPage + 1}, got.Rest)
}

// A part of the ids must never look like all of them.
func TestMoreServersThanARunTakesAreCountedAndNotNamed(t *testing.T) {
	in := contract.SelectServersInput{Selector: contract.Selector{All: true}}
	got := selectServers(t, accountOf(contract.MaxSelected), in)
	assert.Len(t, got.Rest, contract.MaxSelected-contract.MaxSelectPage)
	got = selectServers(t, accountOf(contract.MaxSelected+1), in)
	assert.Equal(t, contract.MaxSelected+1, got.Total)
	assert.Empty(t, got.Rest)
}

func TestIdsThatTheAccountDoesNotHaveAreNamed(t *testing.T) {
	in := contract.SelectServersInput{Selector: contract.Selector{Servers: []int64{2, 99, 1, 98}}, Limit: 1}
	got := selectServers(t, accountOf(3), in)
	assert.Equal(t, []int64{98, 99}, got.Missing)
	assert.Equal(t, 2, got.Total)
	assert.Equal(t, []int64{2}, got.Rest)
}

func TestAServersLocationIsPartOfWhatIsSelectedAndReturned(t *testing.T) {
	servers := accountOf(2)
	servers[0].Location = "Paris"
	got := selectServers(t, servers, contract.SelectServersInput{Selector: contract.Selector{Location: "paris"}})
	require.Len(t, got.Servers, 1)
	assert.Equal(t, contract.Server{ID: 2, Name: "web", Status: contract.ServerActive, Location: "Paris"}, got.Servers[0])
}

func TestASelectorThatCannotBeUsedIsFinalAndSaysWhy(t *testing.T) {
	a, _ := newActivities(&fakeAPI{servers: accountOf(1)})
	for _, s := range []contract.Selector{{}, {All: true, NameGlob: "x"}, {Exclude: []int64{1}}} {
		_, err := execute[contract.SelectServersResult](t, a, a.SelectServers, contract.SelectServersInput{Selector: s})
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		assert.True(t, app.NonRetryable())
		assert.Equal(t, contract.ErrRefused, app.Type())
		assert.Contains(t, app.Message(), "all")
	}
}

func TestAListOfServersThatCannotBeReadIsAnErrorNeverEmpty(t *testing.T) {
	for status, class := range map[int]string{401: contract.ErrUnauthorized, 503: contract.ErrUnavailable} {
		a, _ := newActivities(&fakeAPI{readErr: apiSays(status)})
		_, err := execute[contract.SelectServersResult](t, a, a.SelectServers, contract.SelectServersInput{Selector: contract.Selector{All: true}})
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		assert.Equal(t, class, app.Type())
	}
}

func TestHostileTextsOfServersKeepAPageSmallAndNeverBecomeOtherNames(t *testing.T) {
	servers := accountOf(contract.MaxSelectPage)
	long := strings.Repeat("<", 100_000)
	for i := range servers {
		servers[i].Name, servers[i].Hostname, servers[i].IPAddress = long, long, long
	}
	servers[0].Name = strings.Repeat("a", contract.MaxServerText+1) // the one with the highest id
	servers[1].Name = "web\x00\xff01"
	in := contract.SelectServersInput{Selector: contract.Selector{All: true}}
	total := 0
	for total < len(servers) {
		got := selectServers(t, servers, in)
		require.NotEmpty(t, got.Servers)
		text, err := json.Marshal(got)
		require.NoError(t, err)
		assert.Less(t, len(text), 1<<20)
		for _, s := range got.Servers {
			assert.LessOrEqual(t, len(s.Name), contract.MaxServerText)
			_, problems := target.Expand([]byte(`{"a":"{{.Name}}"}`), s)
			assert.NotEmpty(t, problems, "what was cut or cleaned is not the server's name")
		}
		total += len(got.Servers)
		in.Selector = contract.Selector{Servers: got.Rest}
	}
	assert.Equal(t, contract.MaxSelectPage, total)
}
