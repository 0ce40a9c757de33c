package guard

import (
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In a container without an init nobody ever collects what is dead.
func TestWhatIsDeadButNotCollectedIsNotAlive(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	group := cmd.Process.Pid
	assert.True(t, groupAlive(group))
	require.NoError(t, cmd.Process.Kill())
	within(t, "the group to count as dead", func() bool { return !groupAlive(group) })
	assert.NoError(t, syscall.Kill(-group, 0), "it is still there")
	assert.Error(t, cmd.Wait(), "and is collected only now")
	assert.False(t, groupAlive(group))
}

func TestAGroupOfWhichNothingCanBeSeenIsTakenForAlive(t *testing.T) {
	assert.False(t, onlyZombies(1<<30), "no such group in proc")
}
