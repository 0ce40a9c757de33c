package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// said is what a command line left behind.
type said struct {
	code     int
	out, err string
}

// safepoint runs the program against the stack.
func (r *rig) safepoint(args ...string) said {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(binDir, "safepoint"), args...)
	cmd.Env = append([]string{"HOME=" + r.t.TempDir(), "PATH=" + os.Getenv("PATH")}, stack.Env()...)
	cmd.Env = append(cmd.Env, "SAFEPOINT_TASK_QUEUE="+r.queue)
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the exit code is what counts
	return said{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}
