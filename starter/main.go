// Command safepoint starts, watches and steers Safepoint's runbooks, and runs a whole local stack for trying them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // inputs that are checked here name time zones

	"github.com/safepoint-dev/safepoint/starter/internal/cli"
)

// version is set by the linker.
var version = "dev"

func main() {
	// SIGTERM is what CI systems send to a job that they cancel, SIGHUP comes from a terminal that is closed. All only
	// detach: no run is ever cancelled from here. The demo and dev stop what they started.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := cli.Run(ctx, os.Args[1:], cli.System(version))
	stop()
	os.Exit(code)
}
