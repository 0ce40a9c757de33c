package guard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
)

// The gate is this program itself, started in the command's place: it becomes the command when it is told to. Until then
// nothing of the command runs, so that a guard that is killed before its keeper knows the group leaves nothing behind.

// File descriptors of the gate, as exec.Cmd.ExtraFiles numbers them.
const (
	gateHold = 3 // one byte lets it go on; the end of it ends the gate
	gateFail = 4 // why it could not become the command; closed by the system when it does
)

// maxGateFailure bounds what a gate may say.
const maxGateFailure = 4 << 10

// ThisProgram is where this program is, also when its file was replaced since it began.
func ThisProgram() (string, error) {
	const self = "/proc/self/exe"
	if runtime.GOOS == "linux" {
		if _, err := os.Stat(self); err == nil {
			return self, nil
		}
	}
	return os.Executable()
}

// gate is this process's side of it.
type gate struct {
	hold, fail *os.File // nil where there is no gate
	theirs     []*os.File
}

// gateFor makes the command start behind a gate: words start the gate, and end with what it becomes.
func gateFor(cmd *exec.Cmd, words []string) (*gate, error) {
	if len(words) == 0 {
		return &gate{}, nil
	}
	holdTheirs, hold, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make the gate of the command: %w", err)
	}
	fail, failTheirs, err := os.Pipe()
	if err != nil {
		_, _ = holdTheirs.Close(), hold.Close() // nothing was written
		return nil, fmt.Errorf("make the gate of the command: %w", err)
	}
	cmd.Args = append(append(append([]string{}, words...), cmd.Path), cmd.Args...)
	cmd.Path = words[0]
	cmd.ExtraFiles = []*os.File{holdTheirs, failTheirs}
	return &gate{hold: hold, fail: fail, theirs: cmd.ExtraFiles}, nil
}

// started lets go of what is the gate's alone, whether it was started or not.
func (g *gate) started() {
	for _, file := range g.theirs {
		_ = file.Close() // the gate has its own
	}
}

// open lets the gate become the command, if it may still be, and says why it could not.
func (g *gate) open(mayRun func() error) error {
	if g.hold == nil {
		return nil
	}
	defer g.close()
	if err := mayRun(); err != nil {
		return err
	}
	if _, err := g.hold.WriteString("\n"); err != nil {
		return fmt.Errorf("open the gate of the command: %w", err)
	}
	why, err := io.ReadAll(io.LimitReader(g.fail, maxGateFailure))
	switch {
	case err != nil:
		return fmt.Errorf("hear of the command's start: %w: %w", err, ErrMayHaveRun)
	case len(why) > 0:
		return errors.New(string(why))
	default: // closed without a word: it is the command now
		return nil
	}
}

func (g *gate) close() {
	if g.hold != nil {
		_, _ = g.hold.Close(), g.fail.Close() // a gate that was not opened ends by it
	}
}
