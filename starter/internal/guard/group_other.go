//go:build !unix

package guard

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// ownSession refuses: without process groups nobody can promise that all of a command is dead before a restore. It is
// asked before anything is started, so that none of the functions below is ever reached.
func ownSession() (*syscall.SysProcAttr, error) {
	return nil, errors.New("this system has no process groups: use safepoint begin, heartbeat and report around the change")
}

func ownGroup() *syscall.SysProcAttr { return nil }

func signalGroup(int, os.Signal) {}

func wakeGroup(int) {}

func groupAlive(int) bool { return false }

// Gate refuses, for the same reason.
func Gate([]string) error {
	_, err := ownSession()
	return err
}

func lendTerminal(io.Reader, int) func() { return func() {} }
