//go:build unix

package guard

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"unsafe"

	"golang.org/x/term"
)

// lendTerminal makes the command's group the one that the terminal listens to, as a shell does: otherwise the system
// would stop the command at its first read. Keys such as Ctrl-C then reach the command and not this process. It does
// nothing where there is no terminal, or it belongs to somebody else. The returned function takes it back.
func lendTerminal(in io.Reader, group int) (giveBack func()) {
	file, done := terminalOf(in)
	if file == nil {
		return func() {}
	}
	own := int32(syscall.Getpgrp())
	if owner, err := terminalOwner(file); err != nil || owner != own {
		done()
		return func() {}
	}
	// From now on this process is in the background, where a change of the terminal's owner, and with some settings a
	// line of its own, would stop it. It is set after the command's start, which must not inherit it.
	signal.Ignore(syscall.SIGTTOU)
	setTerminalOwner(file, int32(group))
	_ = syscall.Kill(-group, syscall.SIGCONT) // it may have read too early
	return func() {
		setTerminalOwner(file, own)
		signal.Reset(syscall.SIGTTOU)
		done()
	}
}

// terminalOf is the terminal: standard input, or the one that this process has beside it, where a command such as ssh
// asks for a password. It is nil where there is none.
func terminalOf(in io.Reader) (file *os.File, done func()) {
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file, func() {}
	}
	file, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, nil
	}
	return file, func() { _ = file.Close() } // nothing is written to it
}

func terminalOwner(file *os.File) (int32, error) {
	var group int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), syscall.TIOCGPGRP, uintptr(unsafe.Pointer(&group)))
	if errno != 0 {
		return 0, errno
	}
	return group, nil
}

// setTerminalOwner ignores errors: the terminal may be gone, and the command goes on without it.
func setTerminalOwner(file *os.File, group int32) {
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), syscall.TIOCSPGRP, uintptr(unsafe.Pointer(&group)))
}
