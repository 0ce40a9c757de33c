package main

import (
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheFirstSignalDrainsAndTheSecondEndsAtOnce(t *testing.T) {
	exited := make(chan struct{})
	ctx, stop := untilSignal(t.Context(), slog.New(slog.DiscardHandler), func() { close(exited) })
	defer stop()

	require.NoError(t, syscall.Kill(syscall.Getpid(), syscall.SIGTERM))
	await(t, ctx.Done())
	select {
	case <-exited:
		t.Fatal("one signal must not end the process")
	default:
	}
	require.NoError(t, syscall.Kill(syscall.Getpid(), syscall.SIGINT))
	await(t, exited)
}

func await(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("nothing happened")
	}
}
