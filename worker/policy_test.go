package main

import (
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/safepoint-dev/safepoint/activities"
	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/watch"
)

// activityOf runs one activity of a worker with these settings. Its API cannot be reached.
func activityOf[R any](t *testing.T, name string, in any, environ ...string) (R, error) {
	t.Helper()
	s, err := loadSettings(append(environ, "VPS_API_TOKEN="+token, "VPS_API_URL=http://127.0.0.1:1/", "TEMPORAL_CONFIG_FILE=/dev/null"), io.Discard)
	require.NoError(t, err)
	poller := watch.New(s.api, watch.Options{})
	t.Cleanup(poller.Close)
	suite := testsuite.WorkflowTestSuite{}
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	a := newActivities(nil, s, poller)
	env.RegisterActivityWithOptions(a.Preflight, activity.RegisterOptions{Name: contract.ActivityPreflight})
	env.RegisterActivityWithOptions(a.Verify, activity.RegisterOptions{Name: contract.ActivityVerify})
	env.RegisterActivityWithOptions(a.ReadServer, activity.RegisterOptions{Name: contract.ActivityReadServer})
	var result R
	value, err := env.ExecuteActivity(name, in)
	if err != nil {
		return result, err
	}
	require.NoError(t, value.Get(&result))
	return result, nil
}

func TestThePolicyOfTheSettingsBoundsTheWorkersActivities(t *testing.T) {
	in := contract.PreflightInput{ServerID: 8, Egress: []contract.EgressTarget{
		{Path: "update.url", Kind: contract.EgressURL, Target: "http://10.0.0.5/"},
		{Path: "verify.checks[0].address", Kind: contract.EgressSSH, Target: "web.example.com:22"},
	}}
	_, err := activityOf[contract.PreflightResult](t, contract.ActivityPreflight, in, "SAFEPOINT_ALLOW_SERVERS=7")
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrNotAllowed, app.Type())
	for _, want := range []string{"server_id: ", "update.url: ", "verify.checks[0].address: "} {
		assert.Contains(t, app.Message(), want)
	}
	_, err = activityOf[contract.PreflightResult](t, contract.ActivityPreflight, contract.PreflightInput{ServerID: 8, Egress: in.Egress[:1]},
		"SAFEPOINT_ALLOW_SERVERS=8", "SAFEPOINT_ALLOW_URLS=10.0.0.0/8")
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrUnavailable, app.Type(), "it is allowed, and the API is asked")
	_, err = activityOf[contract.ReadServerResult](t, contract.ActivityReadServer, contract.ServerInput{ServerID: 8}, "SAFEPOINT_ALLOW_SERVERS=7")
	require.ErrorAs(t, err, &app)
	assert.Equal(t, contract.ErrRefused, app.Type())
}

func TestTheChecksOfAWorkerGoThroughItsPolicy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	address := listener.Addr().String()
	for _, check := range []contract.Check{
		{Name: "tcp", Kind: contract.CheckTCP, Address: address},
		{Name: "http", Kind: contract.CheckHTTP, URL: "http://" + address + "/"},
	} {
		in := contract.VerifyInput{Checks: []contract.Check{check}, Successes: 1, Failures: 1, Inconclusives: 1, Interval: 1, Timeout: contract.Duration(1e9)}
		got, err := activityOf[contract.VerifyResult](t, contract.ActivityVerify, in)
		require.NoError(t, err)
		assert.Equal(t, contract.VerdictInconclusive, got.Verdict, check.Name)
		require.Len(t, got.Last, 1)
		assert.Contains(t, got.Last[0].Detail, "SAFEPOINT_ALLOW_URLS", check.Name)
	}
	in := contract.VerifyInput{Checks: []contract.Check{{Name: "tcp", Kind: contract.CheckTCP, Address: address}}, Successes: 1, Failures: 1, Interval: 1, Timeout: contract.Duration(10e9)}
	got, err := activityOf[contract.VerifyResult](t, contract.ActivityVerify, in, "SAFEPOINT_ALLOW_URLS=127.0.0.1")
	require.NoError(t, err)
	assert.Equal(t, contract.VerdictPassed, got.Verdict)
}

func TestSSHIsSetUpOnlyWhereItsHostsAreListed(t *testing.T) {
	s, err := loadSettings([]string{"VPS_API_TOKEN=" + token, "TEMPORAL_CONFIG_FILE=/dev/null"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, activities.SSH(nil), s.ssh)
	_, err = loadSettings([]string{"VPS_API_TOKEN=" + token, "TEMPORAL_CONFIG_FILE=/dev/null", "SAFEPOINT_ALLOW_SSH=web.example.com"}, io.Discard)
	assert.ErrorContains(t, err, "SAFEPOINT_SSH_KEY_FILE: it is not set")
}
