package guard

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// terminal is a terminal with a program on it.
type terminal struct {
	t      *testing.T
	master *os.File
	mu     sync.Mutex
	shown  strings.Builder
}

// onTerminal runs a script under a guard on a terminal of its own.
func onTerminal(t *testing.T, script string) (*terminal, *exec.Cmd) {
	t.Helper()
	return besideTerminal(t, true, script)
}

// besideTerminal is onTerminal; the terminal need not be the standard input.
func besideTerminal(t *testing.T, in bool, script string) (*terminal, *exec.Cmd) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = master.Close() })
	var number, locked uint32
	for request, value := range map[uintptr]*uint32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(value)))
		require.Zero(t, errno)
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	defer func() { _ = slave.Close() }()
	cmd := exec.Command(os.Args[0], roleShell, script)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if !in {
		cmd.Stdin = nil
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	s := &terminal{t: t, master: master}
	go s.watch()
	return s, cmd
}

func (s *terminal) watch() {
	buffer := make([]byte, 4096)
	for {
		n, err := s.master.Read(buffer)
		s.mu.Lock()
		s.shown.Write(buffer[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *terminal) shows(text string) {
	s.t.Helper()
	within(s.t, "the terminal to show "+text, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return strings.Contains(s.shown.String(), text)
	})
}

func (s *terminal) types(keys string) {
	s.t.Helper()
	_, err := io.WriteString(s.master, keys)
	require.NoError(s.t, err)
}

func TestACommandCanAskOnTheTerminalAndTheGuardGetsItBack(t *testing.T) {
	s, cmd := onTerminal(t, `echo ask; read answer; echo "got $answer"`)
	s.shows("ask")
	s.types("yes\n")
	s.shows("got yes")
	s.shows("ended with exit code 0")
	s.types("more\n")
	s.shows("and then more")
	require.NoError(t, cmd.Wait())
}

func TestACommandWithAnotherInputCanAskOnTheTerminalToo(t *testing.T) {
	s, cmd := besideTerminal(t, false, `echo ask; read answer </dev/tty; echo "got $answer"`)
	s.shows("ask")
	s.types("yes\n")
	s.shows("got yes")
	s.shows("ended with exit code 0")
	require.Error(t, cmd.Wait(), "the guard's own input is at its end")
}

func TestCtrlCReachesTheCommandAndNotTheGuard(t *testing.T) {
	s, cmd := onTerminal(t, `until [ "$(ps -o tpgid= -p $$ | tr -d ' ')" = $$ ]; do sleep 0.05; done; echo at work; exec sleep 1000`)
	s.shows("at work")
	s.types("\x03")
	s.shows("ended with signal: interrupt")
	s.types("more\n")
	s.shows("and then more")
	assert.NoError(t, cmd.Wait(), "the guard was not interrupted")
}
