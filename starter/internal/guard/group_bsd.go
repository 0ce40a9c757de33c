//go:build unix && !linux

package guard

import "syscall"

// ownGroup puts the command into a process group of its own. Only Linux kills it with its parent: here that is the
// keeper's work alone.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// onlyZombies is unknown here, so that what is left counts as alive.
func onlyZombies(int) bool { return false }
