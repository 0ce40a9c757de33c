//go:build !unix

package devstack

import (
	"os"
	"syscall"
)

// Without process groups only the child itself is ended; none of the programs here starts another.
func ownGroup() *syscall.SysProcAttr { return nil }
func askGroup(p *os.Process)         { _ = p.Kill() }
func killGroup(p *os.Process)        { _ = p.Kill() }
