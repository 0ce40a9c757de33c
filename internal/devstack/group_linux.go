package devstack

import "syscall"

// ownGroup also lets the kernel kill the child when this program dies without a chance to stop it.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
