package devstack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoSettingOfTheUserReachesAProcess(t *testing.T) {
	env := environment([]string{
		"PATH=/bin", "VPS_API_TOKEN=vps_real", "SAFEPOINT_FAKE_TOKEN=x", "TEMPORAL_API_KEY=secret", "TEMPORAL_ADDRESS=prod:7233",
	}, map[string]string{"TEMPORAL_ADDRESS": "127.0.0.1:1", "A": "b"})
	assert.Equal(t, []string{"PATH=/bin", "A=b", "TEMPORAL_ADDRESS=127.0.0.1:1"}, env)
}

func TestAWorkerGetsTheStandInAndNothingElse(t *testing.T) {
	t.Setenv("VPS_API_TOKEN", "vps_real")
	t.Setenv("TEMPORAL_API_KEY", "secret")
	s := testStack(t)
	s.opts.WorkerEnv["VPS_SETTLE"] = "100ms"
	w, err := s.AddWorker(t.Context(), "q")
	require.NoError(t, err)
	log, err := os.ReadFile(w.proc.logPath)
	require.NoError(t, err)
	for _, want := range []string{
		"VPS_API_URL=http://127.0.0.1:2/api/v1\n", "VPS_API_TOKEN=" + s.token + "\n", "VPS_SETTLE=100ms\n",
		"SAFEPOINT_TASK_QUEUE=q\n", "SAFEPOINT_ALLOW_URLS=127.0.0.1\n", "TEMPORAL_ADDRESS=127.0.0.1:1\n", "TEMPORAL_CONFIG_FILE=" + s.emptyConfig + "\n",
	} {
		assert.Contains(t, string(log), want)
	}
	assert.NotContains(t, string(log), "vps_real")
	assert.NotContains(t, string(log), "TEMPORAL_API_KEY")
}

func TestAKilledWorkerCanBeStartedAgainAndStopEndsAll(t *testing.T) {
	s := testStack(t)
	require.NoError(t, s.StartWorker(t.Context()))
	other, err := s.AddWorker(t.Context(), "other")
	require.NoError(t, err)
	first := s.first()
	before := first.proc

	s.KillWorker()
	assert.False(t, before.running())
	assert.True(t, other.proc.running(), "only the first worker is killed")

	require.NoError(t, s.StartWorker(t.Context()))
	assert.True(t, first.proc.running())
	assert.NotEqual(t, before.cmd.Process.Pid, first.proc.cmd.Process.Pid)
	again := first.proc
	require.NoError(t, s.StartWorker(t.Context()))
	assert.Same(t, again, first.proc, "a running worker is not started twice")

	s.Stop()
	s.Stop()
	assert.False(t, first.proc.running())
	assert.False(t, other.proc.running())
	_, err = s.AddWorker(t.Context(), "late")
	require.ErrorIs(t, err, errStopped)
	require.ErrorIs(t, first.Start(t.Context()), errStopped)
}

func TestStartNamesAMissingProgramAndLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	_, err := Start(t.Context(), Options{BinDir: t.TempDir()})
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "safepoint-fake is missing")
	assert.ErrorContains(t, err, "make build")
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestTheTemporalCLIIsTheNamedOneThenTheOneBesideThenTheOneOnPath(t *testing.T) {
	program := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700))
		return path
	}
	named, beside, onPath := program("mine"), program("temporal"), program("temporal")
	t.Setenv("PATH", filepath.Dir(onPath))
	opts := Options{BinDir: t.TempDir()}

	got, err := opts.findTemporal()
	require.NoError(t, err)
	assert.Equal(t, onPath, got)

	opts.BinDir = filepath.Dir(beside)
	got, err = opts.findTemporal()
	require.NoError(t, err)
	assert.Equal(t, beside, got)

	t.Setenv(TemporalCLIVariable, named)
	got, err = opts.findTemporal()
	require.NoError(t, err)
	assert.Equal(t, named, got)

	t.Setenv(TemporalCLIVariable, named+"x")
	_, err = opts.findTemporal()
	require.ErrorContains(t, err, TemporalCLIVariable, "a wrong name is an error, not a reason to take another one")
}

func TestTheStandInGetsItsServersAndSpeedAsFlags(t *testing.T) {
	f := FakeOptions{Speed: 37.5, Servers: []int64{101, 102}, Faults: "[]", Args: []string{"--page-size=2"}}
	assert.Equal(t, []string{"--listen=127.0.0.1:1", "--servers=101,102", "--speed=37.5", "--faults=[]", "--page-size=2"}, f.flags("127.0.0.1:1"))
}

func TestTheEnvironmentForAnotherTerminalNamesTheWholeStack(t *testing.T) {
	s := testStack(t)
	assert.Equal(t, []string{
		"SAFEPOINT_ALLOW_URLS=127.0.0.1", "SAFEPOINT_TASK_QUEUE=safepoint", "TEMPORAL_ADDRESS=127.0.0.1:1", "TEMPORAL_CONFIG_FILE=" + s.emptyConfig,
		"TEMPORAL_NAMESPACE=default", "VPS_API_TOKEN=" + s.token, "VPS_API_URL=http://127.0.0.1:2/api/v1",
	}, s.Env())
	assert.Equal(t, "http://127.0.0.1:2/sites/7/", s.SiteURL(7))
}
