//go:build unix

package guard

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Gate waits until it is opened, and then becomes the command: a path, and the arguments with the name first. It returns
// only when it could not, or was never opened.
func Gate(command []string) error {
	syscall.CloseOnExec(gateHold)
	syscall.CloseOnExec(gateFail)
	if len(command) < 2 {
		return errors.New("a gate without a command")
	}
	hold := os.NewFile(gateHold, "hold")
	if n, err := hold.Read(make([]byte, 1)); n != 1 {
		return fmt.Errorf("the guard is gone, nothing was run: %w", err)
	}
	err := syscall.Exec(command[0], command[1:], os.Environ())
	why := &os.PathError{Op: "exec", Path: command[0], Err: err}
	_, _ = os.NewFile(gateFail, "fail").WriteString(why.Error()) // the guard is told by the end of the gate too
	return why
}
