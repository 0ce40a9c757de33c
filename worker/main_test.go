package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const token = "vps_0123456789abcdef"

// binary is the real program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "safepoint-worker")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "safepoint-worker")
		build := exec.Command("go", "build", "-ldflags", "-X main.version=v1.2.3", "-o", binary, ".")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// output is what a process prints, readable while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process starts the program with nothing but these variables.
func process(t *testing.T, environ []string, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	out := &output{}
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append([]string{"HOME=" + t.TempDir()}, environ...)
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	return cmd, out
}

// finish waits for the end, at most 20 seconds, and returns the exit code.
func finish(t *testing.T, cmd *exec.Cmd, out *output) int {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); _ = cmd.Wait() }() // the exit code is what counts
	select {
	case <-done:
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		<-done
		t.Fatalf("the worker did not end:\n%s", out)
	}
	return cmd.ProcessState.ExitCode()
}

// untouched is an address; the test fails when anybody connects to it.
func untouched(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepted := make(chan bool, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_ = conn.Close()
		}
		accepted <- err == nil
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		assert.False(t, <-accepted, "somebody connected")
	})
	return listener.Addr().String()
}

// nobody is an address that refuses connections.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func TestBadSettingsEndWithTwoNameEveryVariableAndContactNobody(t *testing.T) {
	cmd, out := process(t, []string{
		"TEMPORAL_ADDRESS=" + untouched(t), "VPS_API_URL=http://" + untouched(t), "TEMPORAL_TLS=yes", "TEMPORAL_PROFILE=none",
		"VPS_POLL_INTERVAL=often", "VPS_RATE_LIMIT=0", "SAFEPOINT_LOG_FORMAT=xml", "VPS_API_TOKN=" + token,
	})
	assert.Equal(t, 2, finish(t, cmd, out))
	for _, part := range []string{"VPS_API_TOKEN: ", "VPS_POLL_INTERVAL: ", "VPS_RATE_LIMIT: ", "SAFEPOINT_LOG_FORMAT: ", "TEMPORAL_TLS: ", "TEMPORAL_PROFILE: ",
		"did you mean VPS_API_TOKEN?", "nothing was contacted"} {
		assert.Contains(t, out.String(), part)
	}
	assert.NotContains(t, out.String(), token)
}

func TestASettingThatOnlyTheClientOfTheAPIRefusesEndsWithTwoToo(t *testing.T) {
	cmd, out := process(t, []string{"VPS_API_TOKEN=" + token, "TEMPORAL_ADDRESS=" + untouched(t), "VPS_POWER_PATH=/../{server_id}/{action}/"})
	assert.Equal(t, 2, finish(t, cmd, out))
	assert.Contains(t, out.String(), "power path")
}

func TestAWorkerWithoutTemporalIsAliveNotReadyAndStopsCleanly(t *testing.T) {
	listen := nobody(t)
	environ := []string{"VPS_API_TOKEN=" + token, "VPS_API_URL=http://" + untouched(t), "TEMPORAL_ADDRESS=" + nobody(t), "SAFEPOINT_LISTEN=" + listen, "SAFEPOINT_LOG_LEVEL=debug"}
	cmd, out := process(t, environ)
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "waiting for Temporal") }, time.Minute, 20*time.Millisecond, out.String())

	probe, probed := process(t, []string{"SAFEPOINT_LISTEN=" + listen}, "healthcheck")
	assert.Equal(t, 0, finish(t, probe, probed), probed.String())
	response, err := http.Get("http://" + listen + "/readyz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, 503, response.StatusCode)

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 0, finish(t, cmd, out), out.String())
	assert.Contains(t, out.String(), "stopped cleanly")
	assert.NotContains(t, out.String(), token)

	probe, probed = process(t, []string{"SAFEPOINT_LISTEN=" + listen}, "healthcheck")
	assert.Equal(t, 1, finish(t, probe, probed))
}

func TestAnAddressInUseEndsWithOneAndSaysWhichSetting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	cmd, out := process(t, []string{"VPS_API_TOKEN=" + token, "TEMPORAL_ADDRESS=" + untouched(t), "SAFEPOINT_LISTEN=" + taken.Addr().String()})
	assert.Equal(t, 1, finish(t, cmd, out))
	assert.Contains(t, out.String(), "SAFEPOINT_LISTEN")
}

func TestTheOtherSubcommandsNeedNoSettings(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"version"}, 0, "v1.2.3"},
		{[]string{"help"}, 0, "VPS_API_TOKEN_FILE"},
		{[]string{"--help"}, 0, "healthcheck"},
		{[]string{"serve"}, 2, "unknown arguments"},
		{[]string{"version", "now"}, 2, "unknown arguments"},
		{[]string{"--token=" + token}, 2, "unknown arguments"},
	} {
		cmd, out := process(t, nil, tc.args...)
		assert.Equal(t, tc.code, finish(t, cmd, out), tc.args)
		assert.Contains(t, out.String(), tc.want, tc.args)
		assert.NotContains(t, out.String(), token)
	}
}
