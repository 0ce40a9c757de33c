package e2e

import (
	"os/exec"
	"syscall"
)

// tie makes the kernel kill the program when this process dies without a chance to do it: a test run that is killed
// leaves nothing running.
func tie(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
