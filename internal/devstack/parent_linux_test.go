package devstack

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChildrenDieWithAParentThatWasKilled(t *testing.T) {
	p := startAct(t, "parent", "DEVSTACK_TEST_DIR="+t.TempDir())
	var pid int
	require.Eventually(t, func() bool {
		number, ok := strings.CutPrefix(p.tail(), "child ")
		if !ok {
			return false
		}
		n, err := strconv.Atoi(strings.TrimSpace(number))
		pid = n
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, syscall.Kill(pid, 0))
	p.kill()
	require.Eventually(t, func() bool { return gone(pid) }, 10*time.Second, 20*time.Millisecond)
}

// gone is true for a zombie too: nobody may be there to collect an orphan in a container.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	return stateOf(pid) == "Z"
}

// stateOf reads a process's state letter; empty when it is gone.
func stateOf(pid int) string {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	letter, _, _ := strings.Cut(rest, " ")
	return letter
}
