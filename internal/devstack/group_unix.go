//go:build unix

package devstack

import (
	"os"
	"syscall"
)

// askGroup and killGroup signal the child's whole group. A child that is gone already is what was wanted.
func askGroup(p *os.Process)  { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) }
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
