// Command safepoint-fake runs the stand-in for the VPS.org API as a process, for demonstrations and development. It
// must never be reachable from outside: its control endpoints have no password.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "safepoint-fake:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	s, err := readSettings()
	root := &cobra.Command{
		Use:           "safepoint-fake",
		Short:         "A stand-in for the VPS.org API, with faults on demand",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), s, cmd.OutOrStdout().Write) },
	}
	s.bind(root)
	root.AddCommand(&cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running process whether it is well; for containers without a shell",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return healthcheck(cmd.Context(), s.Listen) },
	})
	return root
}

// run serves until ctx ends. The line with the URLs is printed when connections are accepted.
func run(ctx context.Context, s *settings, print func([]byte) (int, error)) error {
	options, servers, err := s.options(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	fake := vpsfake.New(options)
	for _, spec := range servers {
		fake.AddServer(spec)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w: choose another address with --listen", s.Listen, err)
	}
	base := "http://" + listener.Addr().String()
	line := fmt.Sprintf("VPS_API_URL=%[1]s/api/v1 site=%[1]s%[2]s control=%[1]s/fake/state\n", base, fake.SitePath(servers[0].ID))
	if _, err := print([]byte(line)); err != nil {
		return fmt.Errorf("print the addresses: %w", err)
	}
	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	fake.Close() // lets hanging requests go
	// A client in the middle of a request gets its answer; two seconds are plenty for answers made in memory.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("shut down: %w", err)
	}
	return server.Close()
}
