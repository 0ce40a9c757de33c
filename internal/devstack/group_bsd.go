//go:build unix && !linux

package devstack

import "syscall"

// ownGroup has no kill by the kernel outside Linux: after a SIGKILL of this program its children must be ended by hand.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
