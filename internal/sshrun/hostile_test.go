package sshrun

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

// hostile runs a command on a server that does what no sshd does. It is trusted and lets everybody in; play gets the
// exec request and the connection, and the worker gives up when play calls giveUp.
func hostile(t *testing.T, play func(exec *ssh.Request, ch ssh.Channel, conn ssh.Conn, giveUp func())) (Result, error) {
	t.Helper()
	ctx, giveUp := context.WithTimeout(t.Context(), patience)
	defer giveUp()
	key := sshtest.NewSigner(t, sshtest.KindEd25519)
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	const address = "web01.example.com:22"
	o := Options{
		KeyFile: filepath.Join(t.TempDir(), "key"), User: "root",
		KnownHosts: sshtest.WriteKnownHosts(t, knownhosts.Line([]string{address}, key.PublicKey())),
		Dial: dialTo(t, func(raw net.Conn) {
			conn, channels, requests, err := ssh.NewServerConn(raw, config)
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			go ssh.DiscardRequests(requests)
			for offered := range channels {
				ch, asked, err := offered.Accept()
				if err != nil {
					return
				}
				go func() {
					for req := range asked {
						if req.Type == "exec" {
							go play(req, ch, conn, giveUp)
						}
					}
				}()
			}
		}),
	}
	sshtest.WriteKey(t, o.KeyFile, sshtest.KindEd25519)
	r, err := New(o)
	require.NoError(t, err)
	return r.Run(ctx, Request{Address: address, Command: "change"})
}

// exitCode reports an exit code as a server does.
func exitCode(ch ssh.Channel, code uint32) {
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
}

func TestACommandThatTheServerRefusesIsAClearNo(t *testing.T) {
	got, err := hostile(t, func(exec *ssh.Request, _ ssh.Channel, _ ssh.Conn, _ func()) { _ = exec.Reply(false, nil) })
	requireReason(t, ReasonRefused, true, got, err)
}

func TestAnEndWithoutAnExitCodeIsUnknown(t *testing.T) {
	for name, play := range map[string]func(exec *ssh.Request, ch ssh.Channel, conn ssh.Conn, giveUp func()){
		"closed after a yes": func(exec *ssh.Request, ch ssh.Channel, _ ssh.Conn, _ func()) {
			_ = exec.Reply(true, nil)
			_ = ch.Close()
		},
		"closed without answer": func(_ *ssh.Request, ch ssh.Channel, _ ssh.Conn, _ func()) { _ = ch.Close() },
		"cut after a yes": func(exec *ssh.Request, _ ssh.Channel, conn ssh.Conn, _ func()) {
			_ = exec.Reply(true, nil)
			_ = conn.Close()
		},
		"half an exit code": func(exec *ssh.Request, ch ssh.Channel, _ ssh.Conn, _ func()) {
			_ = exec.Reply(true, nil)
			_, _ = ch.SendRequest("exit-status", false, []byte{0, 0})
			_ = ch.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := hostile(t, play)
			requireReason(t, ReasonLost, true, got, err)
		})
	}
	t.Run("no answer at all", func(t *testing.T) {
		got, err := hostile(t, func(_ *ssh.Request, _ ssh.Channel, _ ssh.Conn, giveUp func()) { giveUp() })
		requireReason(t, ReasonTimeout, true, got, err)
	})
}

func TestAnExitCodeWithoutAYesIsAnEnd(t *testing.T) {
	got, err := hostile(t, func(_ *ssh.Request, ch ssh.Channel, _ ssh.Conn, _ func()) {
		exitCode(ch, 3)
		_ = ch.Close()
	})
	require.NoError(t, err)
	require.NotNil(t, got.ExitCode)
	assert.Equal(t, 3, *got.ExitCode)
}

func TestTheFirstExitCodeCounts(t *testing.T) {
	got, err := hostile(t, func(exec *ssh.Request, ch ssh.Channel, _ ssh.Conn, _ func()) {
		_ = exec.Reply(true, nil)
		exitCode(ch, 1)
		exitCode(ch, 0)
		_ = ch.Close()
	})
	require.NoError(t, err)
	assert.Equal(t, 1, *got.ExitCode)
}

func TestAServerCannotStallOrUseTheWorker(t *testing.T) {
	opened := make(chan error, 2)
	got, err := hostile(t, func(exec *ssh.Request, ch ssh.Channel, conn ssh.Conn, _ func()) {
		for range 100 {
			_, _ = ch.SendRequest("surprise", false, nil)
		}
		_ = exec.Reply(true, nil)
		for _, kind := range []string{"forwarded-tcpip", "auth-agent@openssh.com"} {
			_, _, err := conn.OpenChannel(kind, nil)
			opened <- err
		}
		exitCode(ch, 0)
		_ = ch.Close()
	})
	require.NoError(t, err)
	assert.Equal(t, 0, *got.ExitCode)
	require.Error(t, <-opened)
	require.Error(t, <-opened)
}

func TestAnOutputWithoutEndIsReadToTheEndOfTheTime(t *testing.T) {
	got, err := hostile(t, func(exec *ssh.Request, ch ssh.Channel, _ ssh.Conn, giveUp func()) {
		_ = exec.Reply(true, nil)
		chunk := strings.Repeat("\x1b", 32<<10)
		for n := 0; ; n++ {
			if n == 100 { // of which the worker has taken all but its window of 2 MiB
				giveUp()
			}
			if _, err := io.WriteString(ch, chunk); err != nil {
				return
			}
		}
	})
	requireReason(t, ReasonTimeout, true, got, err)
	assert.True(t, got.OutputCut)
	assert.Equal(t, strings.Repeat("?", OutputLimit), got.Output)
}
