package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that the first SIGTERM or SIGINT ends. A second one calls exit at once: a person who
// asks twice does not want to wait for a drain. It is handled here and not left to the system, which ignores signals
// without a handler for the first process of a container.
func untilSignal(parent context.Context, log *slog.Logger, exit func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	finished := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case got := <-signals:
				if n > 1 {
					log.Error("ending at once: a write that was under way is now ambiguous to its runbook", "signal", got.String())
					exit()
					return
				}
				log.Info("stopping: no new work is taken, writes under way are finished; a second signal ends at once", "signal", got.String())
				cancel()
			case <-finished:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(finished)
		cancel()
	}
}
