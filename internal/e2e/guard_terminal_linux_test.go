package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// onTerminal runs the job's guard on a terminal of 80 columns and 24 lines.
func (j *job) onTerminal(in map[string]any, script string) (cmd *exec.Cmd, master *os.File, shown *output) {
	j.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(j.t, err)
	j.t.Cleanup(func() { _ = master.Close() })
	var number, locked uint32
	size := [4]uint16{24, 80}
	for request, value := range map[uintptr]unsafe.Pointer{
		syscall.TIOCGPTN: unsafe.Pointer(&number), syscall.TIOCSPTLCK: unsafe.Pointer(&locked), syscall.TIOCSWINSZ: unsafe.Pointer(&size),
	} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(value))
		require.Zero(j.t, errno)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(j.t, err)
	defer func() { _ = slave.Close() }()
	input, err := json.Marshal(in)
	require.NoError(j.t, err)
	require.NoError(j.t, os.WriteFile(filepath.Join(j.dir, "input.json"), input, 0o600))
	cmd = exec.Command(filepath.Join(binDir, "safepoint"), "guard", "-f", "input.json", "--task-queue", j.queue, "--deploy-id", j.id(), "--", "bash", "-c", script)
	cmd.Dir, cmd.Env = j.dir, append([]string{"HOME=" + j.dir, "PATH=" + os.Getenv("PATH"), "TERM=xterm"}, stack.Env()...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(j.t, cmd.Start())
	j.t.Cleanup(func() { _ = cmd.Process.Kill() })
	shown = &output{}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			_, _ = shown.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	return cmd, master, shown
}

func TestOnATerminalTheCommandHasTheScreenToItself(t *testing.T) {
	t.Parallel()
	j := newJob(t)
	cmd, master, shown := j.onTerminal(j.externalInput(silentAfter(time.Minute)), j.change(true)+"echo BEGIN; read -r answer; echo \"END $answer\"")
	says := func(text string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(shown.String(), text) }, patience, 50*time.Millisecond, "it never showed %q", text)
	}
	says("BEGIN")
	for range 2 { // heartbeats go on, and the screen stays as it is
		last := j.lastBeatTaken()
		j.eventually(patience, "a heartbeat", func() bool { return j.lastBeatTaken().After(last) })
	}
	_, err := master.WriteString("yes\n")
	require.NoError(t, err)
	says("END yes")
	require.NoError(t, cmd.Wait())
	says("COMMITTED")
	_, between, _ := strings.Cut(shown.String(), "BEGIN")
	between, after, _ := strings.Cut(between, "END yes")
	require.Equal(t, "yes", strings.TrimSpace(between), "only the echo of what was typed")
	before, _, _ := strings.Cut(shown.String(), "BEGIN")
	require.Contains(t, before, "\x1b[J", "the progress was drawn in place before")
	require.Contains(t, after, "reporting that the change succeeded")
}
