package activities

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/egress"
)

// guarded makes activities under the policy of some settings.
func guarded(t *testing.T, api API, urls ...string) *Activities {
	t.Helper()
	a, _ := newActivities(api)
	policy, err := egress.New(egress.Options{URLs: urls})
	require.NoError(t, err)
	a.egress = policy
	return a
}

func TestPreflightNamesEverythingThatIsNotAllowedBeforeItAsksTheAPI(t *testing.T) {
	api := readyAPI()
	api.readErr = apiSays(500)
	asked := false
	api.me = func() error { asked = true; return nil }
	a := guarded(t, api)
	a.servers = onlyTestServer{}
	_, err := execute[contract.PreflightResult](t, a, a.Preflight, contract.PreflightInput{ServerID: otherServer, Egress: []contract.EgressTarget{
		{Path: "update.url", Kind: contract.EgressURL, Target: "https://user:pw-secret@10.0.0.5/hook?key=pw-secret"},
		{Path: "verify.checks[0].url", Kind: contract.EgressURL, Target: "https://93.184.216.34/healthz"},
		{Path: "verify.checks[1].url", Kind: contract.EgressURL, Target: "http://169.254.169.254/latest/meta-data/"},
		{Path: "verify.checks[2].address", Kind: contract.EgressTCP, Target: "127.0.0.1:9464"},
		{Path: "verify.checks[3].address", Kind: contract.EgressSSH, Target: "93.184.216.34:22"},
		{Path: "verify.checks[4].url", Kind: contract.EgressURL, Target: "file:///etc/passwd"},
		{Path: "notify[0].url", Kind: "carrier-pigeon", Target: "coop"},
	}})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrNotAllowed, app.Type())
	assert.True(t, app.NonRetryable())
	for _, want := range []string{
		"server_id: server 8 is not in the worker's SAFEPOINT_ALLOW_SERVERS",
		"update.url: 10.0.0.5 is a private address: list it in the worker's SAFEPOINT_ALLOW_URLS to allow it",
		"verify.checks[1].url: 169.254.169.254 is an address of a cloud's metadata service",
		"verify.checks[2].address: 127.0.0.1 is a loopback address",
		"verify.checks[3].address: ssh is off on this worker",
		"verify.checks[4].url: its scheme is not allowed",
		`notify[0].url: this worker does not know the kind "carrier-pigeon"`,
	} {
		assert.Contains(t, app.Message(), want)
	}
	assert.NotContains(t, app.Message(), "checks[0]")
	assert.NotContains(t, app.Message(), "pw-secret")
	assert.False(t, asked)
}

func TestPreflightGoesOnWhenEverythingIsAllowed(t *testing.T) {
	a := guarded(t, readyAPI(), "*", "127.0.0.0/8")
	a.servers = onlyTestServer{}
	_, err := execute[contract.PreflightResult](t, a, a.Preflight, contract.PreflightInput{ServerID: testServer, Egress: []contract.EgressTarget{
		{Path: "a", Kind: contract.EgressURL, Target: "http://127.0.0.1:1/"},
		{Path: "b", Kind: contract.EgressTCP, Target: "127.0.0.1:1"},
		{Path: "c", Kind: contract.EgressURL, Target: "http://host.invalid/"},
	}})
	require.NoError(t, err, "a name that does not resolve is no refusal")
}

func TestAPreflightWithManyProblemsFitsIntoAHistory(t *testing.T) {
	var targets []contract.EgressTarget
	for n := range 500 {
		targets = append(targets, contract.EgressTarget{Path: fmt.Sprintf("checks[%d].url", n), Kind: contract.EgressURL, Target: "ftp://" + strings.Repeat("x", 5000)})
	}
	a := guarded(t, readyAPI())
	_, err := execute[contract.PreflightResult](t, a, a.Preflight, contract.PreflightInput{ServerID: testServer, Egress: targets})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Contains(t, app.Message(), "and 480 more")
	assert.Less(t, len(app.Message()), 12_000)
}

func TestAWebhookThatIsNotAllowedIsNotSentAndTheChangeDidNotStart(t *testing.T) {
	var posts atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posts.Add(1) }))
	defer hook.Close()
	port := hook.URL[strings.LastIndexByte(hook.URL, ':'):]
	for name, tc := range map[string]struct {
		urls []string
		url  string
		want string
	}{
		"loopback":                {nil, hook.URL, "127.0.0.1 is a loopback address"},
		"a name of it":            {nil, "http://localhost" + port + "/", "SAFEPOINT_ALLOW_URLS"},
		"an old spelling":         {nil, "http://2130706433" + port + "/", "127.0.0.1 is a loopback address"},
		"IPv4 in IPv6":            {nil, "http://[::ffff:127.0.0.1]" + port + "/", "127.0.0.1 is a loopback address"},
		"full-width digits":       {nil, "http://１２７.0.0.1" + port + "/", "127.0.0.1 is a loopback address"},
		"only * is listed":        {[]string{"*"}, hook.URL, "127.0.0.1 is a loopback address"},
		"another path":            {[]string{hook.URL + "/hooks/"}, hook.URL + "/admin", "is not below one that"},
		"a step up in the path":   {[]string{hook.URL + "/hooks/"}, hook.URL + "/hooks/%2e%2e/admin", "is not below one that"},
		"another port":            {[]string{"127.0.0.1:1"}, hook.URL, "127.0.0.1 is a loopback address"},
		"a metadata address":      {[]string{"127.0.0.1", "169.254.0.0/16"}, "http://169.254.169.254/latest/api/token", "no setting allows it"},
		"a metadata host":         {[]string{"*.google.internal"}, "http://metadata.google.internal/", "no setting allows it"},
		"link-local with a zone":  {nil, "http://[fe80::1%25eth0]/", "no setting allows it"},
		"every interface at once": {nil, "http://0.0.0.0" + port + "/", "no setting allows it"},
	} {
		t.Run(name, func(t *testing.T) {
			a := guarded(t, &fakeAPI{}, tc.urls...)
			got, err := execute[contract.SendWebhookResult](t, a, a.SendWebhook, hookInput(tc.url, 10*time.Second))
			require.NoError(t, err)
			assert.Equal(t, contract.ChangeNotStarted, got.Result, got.Detail)
			assert.True(t, strings.HasPrefix(got.Detail, "nothing was sent: "), got.Detail)
			assert.Contains(t, got.Detail, tc.want)
		})
	}
	assert.Zero(t, posts.Load())

	a := guarded(t, &fakeAPI{}, hook.URL+"/hooks/")
	got, err := execute[contract.SendWebhookResult](t, a, a.SendWebhook, hookInput(hook.URL+"/hooks/web?a=b", 10*time.Second))
	require.NoError(t, err)
	assert.Equal(t, contract.ChangeSucceeded, got.Result, got.Detail)
	assert.EqualValues(t, 1, posts.Load())
}

func TestAWebhooksRedirectToAMetadataAddressIsNotFollowed(t *testing.T) {
	hook := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/api/token", http.StatusTemporaryRedirect))
	defer hook.Close()
	a := guarded(t, &fakeAPI{}, "127.0.0.1")
	got, err := execute[contract.SendWebhookResult](t, a, a.SendWebhook, hookInput(hook.URL, 10*time.Second))
	require.NoError(t, err)
	assert.Equal(t, contract.ChangeUnknown, got.Result)
	assert.Contains(t, got.Detail, "redirects are not followed")
}

func TestWithoutSettingsTheActivitiesReachPublicAddressesOnly(t *testing.T) {
	a := New(Options{API: &fakeAPI{}})
	require.NoError(t, a.egress.CheckURL(t.Context(), "https://93.184.216.34/"))
	require.Error(t, a.egress.CheckURL(t.Context(), "https://127.0.0.1/"))
}
