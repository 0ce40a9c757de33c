package config

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secret = "vps_0123456789abcdef"

// problemsOf returns the text of each problem by variable.
func problemsOf(t *testing.T, err error) map[string]string {
	t.Helper()
	var bad *Error
	require.ErrorAs(t, err, &bad)
	texts := map[string]string{}
	for _, p := range bad.Problems {
		texts[p.Variable] += p.Text
	}
	return texts
}

func TestOnlyTheTokenHasNoDefault(t *testing.T) {
	c, err := Load([]string{"VPS_API_TOKEN=" + secret})
	require.NoError(t, err)
	assert.Equal(t, secret, c.APIToken.Reveal())
	assert.Equal(t, "https://admin.vps.org/api/v1", c.APIURL)
	assert.Equal(t, 30*time.Second, c.RequestTimeout)
	assert.InDelta(t, 5.0, c.RateLimit, 0)
	assert.Equal(t, 10*time.Second, c.PollInterval)
	assert.Equal(t, 30*time.Second, c.Settle)
	assert.Equal(t, "/servers/{server_id}/{action}/", c.PowerPath)
	assert.Equal(t, "safepoint", c.TaskQueue)
	assert.Equal(t, "127.0.0.1:9464", c.Listen)
	assert.Equal(t, slog.LevelInfo, c.LogLevel)
	assert.Equal(t, LogText, c.LogFormat)
	assert.Empty(t, c.Warnings)
}

func TestAVariableSetToNothingCountsAsNotSet(t *testing.T) {
	c, err := Load([]string{"VPS_API_TOKEN=" + secret, "VPS_API_TOKEN_FILE=", "VPS_SETTLE=", "SAFEPOINT_LOG_LEVEL=", "VPS_RATE_LIMIT="})
	require.NoError(t, err)
	assert.Equal(t, 30*time.Second, c.Settle)
	assert.InDelta(t, 5.0, c.RateLimit, 0)
}

func TestEveryProblemIsReportedAtOnceByVariable(t *testing.T) {
	_, err := Load([]string{
		"VPS_API_URL=http://admin.vps.org/api/v1",
		"VPS_REQUEST_TIMEOUT=30",
		"VPS_RATE_LIMIT=fast",
		"VPS_POLL_INTERVAL=1h",
		"VPS_SETTLE=-1s",
		"VPS_POWER_PATH=/../{server_id}/{action}/",
		"SAFEPOINT_TASK_QUEUE=two words",
		"SAFEPOINT_LISTEN=9464",
		"SAFEPOINT_LOG_LEVEL=loud",
		"SAFEPOINT_LOG_FORMAT=xml",
	})
	texts := problemsOf(t, err)
	for variable, part := range map[string]string{
		"VPS_API_TOKEN":        "VPS_API_TOKEN_FILE",
		"VPS_API_URL":          "loopback",
		"VPS_REQUEST_TIMEOUT":  "from 10ms to 2m, such as 30s",
		"VPS_RATE_LIMIT":       "from 0.01 to 10000",
		"VPS_POLL_INTERVAL":    "from 10ms to 10m",
		"VPS_SETTLE":           "from 0s to 1h",
		"VPS_POWER_PATH":       "only letters, digits",
		"SAFEPOINT_TASK_QUEUE": "without spaces",
		"SAFEPOINT_LISTEN":     "127.0.0.1:9464",
		"SAFEPOINT_LOG_LEVEL":  "debug, info, warn or error",
		"SAFEPOINT_LOG_FORMAT": "text or json",
	} {
		assert.Contains(t, texts[variable], part, variable)
		assert.Contains(t, err.Error(), variable+": ")
	}
	assert.Len(t, texts, 11)
	assert.Less(t, strings.Index(err.Error(), "VPS_API_TOKEN"), strings.Index(err.Error(), "VPS_API_URL"), "in the order of the settings")
}

func TestValuesAtTheBoundsAreAllowedAndJustOutsideAreNot(t *testing.T) {
	for _, tc := range []struct {
		variable string
		good     []string
		bad      []string
	}{
		{"VPS_REQUEST_TIMEOUT", []string{"10ms", "2m"}, []string{"9ms", "2m1s", "0s", "-30s", "1e3"}},
		{"VPS_POLL_INTERVAL", []string{"10ms", "50ms", "10m"}, []string{"9ms", "0s", "601s"}},
		{"VPS_SETTLE", []string{"0s", "0", "1s", "1h"}, []string{"-1ns", "3601s", "soon"}},
		{"VPS_RATE_LIMIT", []string{"0.01", "0.5", "10000"}, []string{"0", "0.009", "10001", "-5", "NaN", "Inf", "5/s"}},
		{"VPS_API_URL",
			[]string{"http://127.0.0.1:8080/api/v1", "http://localhost/api", "http://[::1]:1/", "https://example.com"},
			[]string{"admin.vps.org", "ftp://admin.vps.org", "http://10.0.0.1/", "https://u:p@example.com/", "https://example.com/?a=b", "https://example.com/#a", "https://", "http://localhost.example.com", "https://example.com:99999"}},
		{"SAFEPOINT_LISTEN", []string{"127.0.0.1:0", "[::1]:9464", ":9464", "0.0.0.0:1", "localhost:80"}, []string{"127.0.0.1", ":", "a:b", "127.0.0.1:65536", "127.0.0.1:-1", "http://127.0.0.1:1"}},
		{"VPS_POWER_PATH", []string{"/v/{server_id}/power/{action}/"}, []string{"/{server_id}/{action}", "{server_id}/{action}/", "/{action}/", "/../{server_id}/{action}/", "/a%2fb/{server_id}/{action}/", "/{server_id}/{action}/?x=1/"}},
		{"SAFEPOINT_TASK_QUEUE", []string{"a", strings.Repeat("q", 200)}, []string{strings.Repeat("q", 201), "a\tb", "ä"}},
		{"SAFEPOINT_LOG_LEVEL", []string{"DEBUG", "warn"}, []string{"verbose"}},
	} {
		for _, value := range tc.good {
			_, err := Load([]string{"VPS_API_TOKEN=" + secret, tc.variable + "=" + value})
			assert.NoError(t, err, "%s=%s", tc.variable, value)
		}
		for _, value := range tc.bad {
			_, err := Load([]string{"VPS_API_TOKEN=" + secret, tc.variable + "=" + value})
			if assert.Error(t, err, "%s=%s", tc.variable, value) {
				assert.NotEmpty(t, problemsOf(t, err)[tc.variable], "%s=%s: %v", tc.variable, value, err)
			}
		}
	}
}

func TestATokenInTheNameOfAVariableIsNotShown(t *testing.T) {
	c, err := Load([]string{"VPS_API_TOKEN=vps_0123456789abcdef", "SAFEPOINT_vps_0123456789abcdef=1"})
	require.NoError(t, err)
	require.Len(t, c.Warnings, 1)
	assert.NotContains(t, c.Warnings[0], "0123456789abcdef")
	assert.Contains(t, c.Warnings[0], "SAFEPOINT_[redacted]")
}

func TestUnknownVariablesAreWarningsWithAGuessAndWithoutTheirValue(t *testing.T) {
	c, err := Load([]string{
		"VPS_API_TOKN=" + secret, "VPS_POLL_INTERVALL=1s", "SAFEPOINT_WHATEVER=x",
		"SAFEPOINT_SERVICE_HOST=10.0.0.1", "SAFEPOINT_PORT_9464_TCP_ADDR=10.0.0.1", "SAFEPOINT_FAKE_SPEED=60", "TEMPORAL_ADDRESS=x", "PATH=/bin",
	})
	require.Error(t, err, "the token is missing")
	require.Len(t, c.Warnings, 3)
	assert.Contains(t, c.Warnings[0], "SAFEPOINT_WHATEVER is not a setting")
	assert.NotContains(t, c.Warnings[0], "did you mean")
	assert.Contains(t, c.Warnings[1], "did you mean VPS_API_TOKEN?")
	assert.Contains(t, c.Warnings[2], "did you mean VPS_POLL_INTERVAL?")
	assert.NotContains(t, strings.Join(c.Warnings, ""), secret)
}

func TestTheListenAddressCanBeReadWithoutAToken(t *testing.T) {
	addr, err := ListenAddress([]string{"SAFEPOINT_LISTEN=0.0.0.0:9999", "VPS_SETTLE=soon"})
	require.NoError(t, err)
	assert.Equal(t, "0.0.0.0:9999", addr)
	_, err = ListenAddress([]string{"SAFEPOINT_LISTEN=nowhere"})
	assert.Contains(t, problemsOf(t, err), "SAFEPOINT_LISTEN")
}

func TestUsageNamesEveryVariableAndItsDefault(t *testing.T) {
	for _, name := range variables() {
		assert.Contains(t, Usage(), name)
	}
	assert.Contains(t, Usage(), "127.0.0.1:9464")
}
