package sshrun

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

// patience is the time of commands that must not run into it, however slow the machine.
const patience = 60 * time.Second

// optionsFor are the settings of a worker that may log in to a server.
func optionsFor(s *sshtest.Server) Options {
	return Options{KeyFile: s.KeyFile, User: s.User, KnownHosts: s.KnownHosts, Dial: new(net.Dialer).DialContext}
}

// try runs a command with these settings.
func try(t *testing.T, o Options, address, command string) (Result, error) {
	t.Helper()
	r, err := New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return r.Run(ctx, Request{Address: address, Command: command})
}

// ran runs a command that must come to an end on the server.
func ran(t *testing.T, s *sshtest.Server, command string) Result {
	t.Helper()
	got, err := try(t, optionsFor(s), s.Address, command)
	require.NoError(t, err, "%s", s.Log())
	require.True(t, got.Sent)
	return got
}

// requireReason wants an error of one reason, and that the result says whether the command was sent.
func requireReason(t *testing.T, want Reason, sent bool, got Result, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, ReasonOf(err), "%v", err)
	assert.Equal(t, sent, got.Sent)
	assert.Nil(t, got.ExitCode)
}

// requireLogged waits for words in the server's own log, which lags behind its answers.
func requireLogged(t *testing.T, s *sshtest.Server, words string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(s.Log(), words) }, patience, 5*time.Millisecond, "%q is not in the log", words)
}

// requireUntouched wants a refusal before the worker tried to log in, going by the server's own log.
func requireUntouched(t *testing.T, s *sshtest.Server) {
	t.Helper()
	requireLogged(t, s, "[preauth]")
	assert.NotContains(t, s.Log(), "publickey")
	assert.NotContains(t, s.Log(), "authenticating user")
}

// dialTo is a dialer whose connections are served by handle, in bytes and nothing above them.
func dialTo(t *testing.T, handle func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				handle(conn)
			}()
		}
	}()
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listener.Addr().String())
	}
}

// hang reads until the worker gives up, and answers nothing.
func hang(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// dialNobody fails the test when a command that must not get that far does.
func dialNobody(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		t.Error("the server was dialled")
		return nil, errors.New("not reached")
	}
}
