package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shared is a buffer that is read while a process writes it.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// startDev runs `safepoint dev` until everything is up, and returns the numbers of its children by program.
func startDev(t *testing.T) (*exec.Cmd, *shared, map[string]int) {
	t.Helper()
	out := &shared{}
	cmd := exec.CommandContext(t.Context(), filepath.Join(binDir, "safepoint"), "dev")
	cmd.Env = append(os.Environ(), "SAFEPOINT_TEMPORAL_CLI="+temporalCLI(), "TMPDIR="+t.TempDir())
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "Safepoint is up") }, patience, 50*time.Millisecond)
	children := map[string]int{}
	lists, err := filepath.Glob("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/task/*/children")
	require.NoError(t, err)
	for _, list := range lists {
		text, err := os.ReadFile(list)
		require.NoError(t, err)
		for _, field := range strings.Fields(string(text)) {
			name, err := os.ReadFile("/proc/" + field + "/comm")
			require.NoError(t, err)
			children[strings.TrimSpace(string(name))], err = strconv.Atoi(field)
			require.NoError(t, err)
		}
	}
	require.Len(t, children, 3, "%v", children)
	return cmd, out, children
}

func allGone(children map[string]int) bool {
	for _, pid := range children {
		if syscall.Kill(pid, 0) == nil {
			return false
		}
	}
	return true
}

func TestDevEndsWhenOneOfItsProgramsDiesAndSaysWhich(t *testing.T) {
	t.Parallel()
	cmd, out, children := startDev(t)
	require.NoError(t, syscall.Kill(children["safepoint-fake"], syscall.SIGKILL))
	_ = cmd.Wait() // the exit code is looked at
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), out)
	require.Contains(t, out.String(), "fake ended unexpectedly with signal: killed; its log is ")
	require.True(t, allGone(children), "%v", children)
}

func TestDevStopsEverythingWhenItsTerminalIsClosed(t *testing.T) {
	t.Parallel()
	cmd, out, children := startDev(t)
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	require.NoError(t, cmd.Wait(), "%s", out)
	require.True(t, allGone(children), "%v", children)
}
