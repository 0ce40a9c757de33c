//go:build unix

package guard

import (
	"errors"
	"os"
	"syscall"
)

// signalGroup sends a signal to every process of a group; 0 and 1 are no groups of ours.
func signalGroup(group int, sig os.Signal) {
	if number, ok := sig.(syscall.Signal); ok && group > 1 {
		_ = syscall.Kill(-group, number) // a group that is gone needs no signal
	}
}

// wakeGroup lets what is stopped of a group go on.
func wakeGroup(group int) { signalGroup(group, syscall.SIGCONT) }

// groupAlive says whether any process of a group still runs. One that is dead but not yet collected does not count: in a
// container without an init nobody ever collects it.
func groupAlive(group int) bool {
	if group <= 1 {
		return false
	}
	if gone := errors.Is(syscall.Kill(-group, 0), syscall.ESRCH); gone || onlyZombies(group) {
		return false
	}
	return !errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) // the last one may have been collected while the others were looked for
}

// ownSession keeps a process out of reach of what ends this one: the terminal and signals to the group.
func ownSession() (*syscall.SysProcAttr, error) { return &syscall.SysProcAttr{Setsid: true}, nil }
