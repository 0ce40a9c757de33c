package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// lines passes on what the process prints.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// serve runs the process with arguments until the test ends, and gives its printed addresses by name.
func serve(t *testing.T, args ...string) (addresses map[string]string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out := make(lines, 1)
	cmd := command()
	cmd.SetOut(out)
	cmd.SetArgs(append([]string{"--listen", "127.0.0.1:0"}, args...))
	done := make(chan error, 1)
	go func() { done <- cmd.ExecuteContext(ctx) }()
	t.Cleanup(cancel)
	addresses = map[string]string{}
	select {
	case line := <-out:
		for word := range strings.FieldsSeq(line) {
			name, value, _ := strings.Cut(word, "=")
			addresses[name] = value
		}
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		require.Fail(t, "nothing was printed")
	}
	return addresses, func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(10 * time.Second):
			return context.DeadlineExceeded
		}
	}
}

func get(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func TestTheProcessServesWhatItPrintsAndEndsCleanly(t *testing.T) {
	addresses, stop := serve(t)
	status, body := get(t, addresses["VPS_API_URL"]+"/servers/12345/", vpsfake.DefaultToken)
	assert.Equal(t, 200, status)
	assert.Contains(t, body, `"web01"`)
	status, body = get(t, addresses["site"], "")
	assert.Equal(t, 200, status)
	assert.Contains(t, body, "1.0.0")
	status, _ = get(t, addresses["control"], "")
	assert.Equal(t, 200, status)
	assert.NoError(t, stop())
}

func TestFlagsOverruleTheEnvironment(t *testing.T) {
	t.Setenv("SAFEPOINT_FAKE_TOKEN", "vps_from_env")
	t.Setenv("SAFEPOINT_FAKE_SERVERS", "7")
	addresses, _ := serve(t, "--servers", "101, 102", "--speed", "60", "--faults", `[{"kind":"500_before","op":"me","times":1}]`)
	status, body := get(t, addresses["VPS_API_URL"]+"/servers/", "vps_from_env")
	assert.Equal(t, 200, status)
	var list struct{ Count int }
	require.NoError(t, json.Unmarshal([]byte(body), &list))
	assert.Equal(t, 2, list.Count)
	status, _ = get(t, addresses["VPS_API_URL"]+"/account/me/", "vps_from_env")
	assert.Equal(t, 500, status)
}

func TestBadSettingsAreAllNamed(t *testing.T) {
	cmd := command()
	cmd.SetArgs([]string{"--speed", "0", "--servers", "web", "--settle", "-1s", "--power-time", "0s",
		"--faults", `[{"kind":"typo"},{"kind":"foreign_restore","server_id":1}]`})
	err := cmd.ExecuteContext(t.Context())
	for _, text := range []string{"speed", "servers", "settle", "power-time", "faults[0]", "faults[1]"} {
		assert.ErrorContains(t, err, text)
	}
	_, err = readFaults("{")
	assert.ErrorContains(t, err, "JSON list")
}

func TestABadVariableIsNamed(t *testing.T) {
	t.Setenv("SAFEPOINT_FAKE_SPEED", "fast")
	cmd := command()
	cmd.SetArgs(nil)
	assert.ErrorContains(t, cmd.ExecuteContext(t.Context()), "Speed")
}

func TestTheTokenIsNotInTheHelp(t *testing.T) {
	t.Setenv("SAFEPOINT_FAKE_TOKEN", "vps_secret")
	var out bytes.Buffer
	cmd := command()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--help"})
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	assert.Contains(t, out.String(), "--token")
	assert.NotContains(t, out.String(), "vps_secret")
}

func TestHealthcheckTellsARunningProcessFromNone(t *testing.T) {
	addresses, stop := serve(t)
	listen := strings.TrimSuffix(strings.TrimPrefix(addresses["control"], "http://"), "/fake/state")
	check := func(listen string) error {
		cmd := command()
		cmd.SetArgs([]string{"healthcheck", "--listen", listen})
		return cmd.ExecuteContext(t.Context())
	}
	require.NoError(t, check(listen))
	_, port, _ := strings.Cut(listen, ":")
	require.NoError(t, check("0.0.0.0:"+port))
	require.NoError(t, check(":"+port))
	require.NoError(t, stop())
	assert.Error(t, check(listen))
	assert.Error(t, check("nonsense"))
}
