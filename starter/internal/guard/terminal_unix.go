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
// nothing where standard input is no terminal, or belongs to somebody else. The returned function takes it back.
func lendTerminal(in io.Reader, group int) (giveBack func()) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func() {}
	}
	own := int32(syscall.Getpgrp())
	if owner, err := terminalOwner(file); err != nil || owner != own {
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
	}
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
