// Command screenshots takes the pictures of the Temporal UI that the README shows: it runs a local stack, plays runs that
// end in different ways, and photographs the UI with a headless Chromium.
//
// It must never touch anything but the stack that it started itself, and never send what it types into the UI. A picture
// shows the UI as it is: cut to a part of a page, with columns and order chosen as a person may choose them, and where
// hide says so without a part that is in the way.
//
//	make screenshots
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// bound is far above the two minutes that it takes on an idle machine.
const bound = 20 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	bin := flag.String("bin", "bin", "the `folder` of the programs that make build makes")
	out := flag.String("out", "starter/docs", "the `folder` to write the pictures to")
	flag.Parse()
	if err := run(ctx, *bin, *out); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, out string) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is no flag: see -h", flag.Arg(0))
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	program, err := findBrowser(exec.LookPath) // before the runs, which take a minute
	if err != nil {
		return err
	}
	bin, err = filepath.Abs(bin)
	if err = errors.Join(err, os.MkdirAll(out, 0o755)); err != nil {
		return fmt.Errorf("find the folders: %w", err)
	}
	stack, err := startStack(ctx, bin)
	if err != nil {
		return err
	}
	defer stack.Stop()
	if err := play(ctx, stack, say); err != nil {
		return err
	}
	b, err := startBrowser(ctx, program)
	if err != nil {
		return err
	}
	defer b.stop()
	return shoot(ctx, b, stack.UIAddress, out, say)
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
