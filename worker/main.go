package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	_ "time/tzdata" // freeze windows name time zones, and the image has no files of them

	"github.com/safepoint-dev/safepoint/internal/config"
)

// version is set by the linker: -X main.version=...
var version = "dev"

// Exit codes.
const (
	exitOK       = 0
	exitFailure  = 1
	exitSettings = 2
)

func main() { os.Exit(command(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

// command runs one subcommand and returns the exit code.
func command(args, environ []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		return serve(environ, stderr)
	}
	if len(args) == 1 {
		switch args[0] {
		case "version":
			fmt.Fprintln(stdout, version)
			return exitOK
		case "help", "-h", "--help":
			fmt.Fprintf(stdout, usage, config.Usage())
			return exitOK
		case "healthcheck":
			return healthcheck(environ, stderr)
		}
	}
	// They are not repeated: a secret that was given as an argument must not get into a log as well.
	fmt.Fprintln(stderr, "safepoint-worker: unknown arguments; settings are environment variables, see \"safepoint-worker help\"")
	return exitSettings
}

// serve runs the worker until a signal or a failure ends it.
func serve(environ []string, stderr io.Writer) int {
	s, err := loadSettings(environ, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "safepoint-worker: these settings cannot be used; nothing was contacted:\n%v\n", err)
		return exitSettings
	}
	log := newLogger(stderr, s.config)
	slog.SetDefault(log)
	ctx, stop := untilSignal(context.Background(), log, func() { os.Exit(exitFailure) })
	defer stop()
	if err := run(ctx, s, log); err != nil {
		log.Error("the worker ends", "error", err)
		return exitFailure
	}
	log.Info("the worker has stopped cleanly")
	return exitOK
}
