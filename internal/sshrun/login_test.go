package sshrun

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

func TestAWrongKeyIsNotLetIn(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := optionsFor(s)
	o.KeyFile = filepath.Join(t.TempDir(), "other")
	sshtest.WriteKey(t, o.KeyFile, sshtest.KindEd25519)
	got, err := try(t, o, s.Address, "true")
	requireReason(t, ReasonAuth, false, got, err)
	assert.ErrorContains(t, err, "authorized_keys")
	assert.NotContains(t, err.Error(), o.KeyFile)
	requireLogged(t, s, "publickey") // this is how the log shows that the worker tried
}

func TestAnUnknownUserIsNotLetInAndNotNamed(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := optionsFor(s)
	o.User = "nobody-hunter2"
	got, err := try(t, o, s.Address, "true")
	requireReason(t, ReasonAuth, false, got, err)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestAServerThatTakesPasswordsOnlyGetsNone(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{Config: []string{"PubkeyAuthentication no", "PasswordAuthentication yes"}})
	got, err := try(t, optionsFor(s), s.Address, "true")
	requireReason(t, ReasonAuth, false, got, err)
	requireLogged(t, s, "[preauth]")
	assert.NotContains(t, s.Log(), "Failed password")
}

func TestKeysOfEveryKindLogIn(t *testing.T) {
	for _, kind := range []sshtest.Kind{sshtest.KindECDSA, sshtest.KindRSA} {
		path := filepath.Join(t.TempDir(), "key")
		authorized := filepath.Join(t.TempDir(), "authorized_keys")
		line := ssh.MarshalAuthorizedKey(sshtest.WriteKey(t, path, kind))
		require.NoError(t, os.WriteFile(authorized, line, 0o600))
		s := sshtest.Start(t, sshtest.Options{Config: []string{"AuthorizedKeysFile " + authorized}})
		o := optionsFor(s)
		o.KeyFile = path
		_, err := try(t, o, s.Address, "true")
		require.NoError(t, err, kind)
	}
}

func TestAKeyFileThatCannotBeUsedDialsNobodyAndIsNotShown(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(sshtest.NewKey(t, sshtest.KindEd25519), "", []byte("hunter2"))
	require.NoError(t, err)
	o := optionsFor(s)
	o.Dial = dialNobody(t)
	for words, path := range map[string]string{
		"no such file":         filepath.Join(dir, "hunter2"),
		"not a regular file":   dir,
		"too large":            write("large", make([]byte, maxKeyFile+1)),
		"passphrase":           write("locked", pem.EncodeToMemory(locked)),
		"holds no private key": write("garbage", []byte("hunter2\n")),
	} {
		o.KeyFile = path
		got, err := try(t, o, s.Address, "true")
		requireReason(t, ReasonSetup, false, got, err)
		assert.ErrorContains(t, err, words)
		assert.ErrorContains(t, err, "SAFEPOINT_SSH_KEY_FILE")
		assert.NotContains(t, err.Error(), dir)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestTheKeyIsReadForEachCommand(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := optionsFor(s)
	good, err := os.ReadFile(o.KeyFile)
	require.NoError(t, err)
	require.NoError(t, os.Remove(o.KeyFile))
	_, err = try(t, o, s.Address, "true")
	require.Equal(t, ReasonSetup, ReasonOf(err))
	require.NoError(t, os.WriteFile(o.KeyFile, good, 0o600))
	_, err = try(t, o, s.Address, "true")
	require.NoError(t, err)
}

func TestTheDialersOwnErrorIsTheCause(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := optionsFor(s)
	refused := errors.New("refused by the worker's policy")
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, refused }
	got, err := try(t, o, s.Address, "true")
	requireReason(t, ReasonDial, false, got, err)
	require.ErrorIs(t, err, refused)

	o.Dial = new(net.Dialer).DialContext
	s.Stop()
	got, err = try(t, o, s.Address, "true")
	requireReason(t, ReasonDial, false, got, err)
	assert.ErrorContains(t, err, "refused")
}

func TestWhatIsNoSSHServerGetsNoCommandAndSaysNothing(t *testing.T) {
	t.Parallel()
	known := Options{KeyFile: filepath.Join(t.TempDir(), "key"), User: "root", KnownHosts: sshtest.WriteKnownHosts(t)}
	sshtest.WriteKey(t, known.KeyFile, sshtest.KindEd25519)
	for name, handle := range map[string]func(net.Conn){
		"hangs up": func(net.Conn) {},
		"speaks HTTP": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 400 hunter2\r\n\r\n")
		},
		"sends garbage": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "SSH-2.0-hunter2\r\n\xff\xff\xff\xffhunter2hunter2hunter2")
			hang(conn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := known
			o.Dial = dialTo(t, handle)
			got, err := try(t, o, "web01.example.com:22", "true")
			requireReason(t, ReasonHandshake, false, got, err)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
	t.Run("is silent", func(t *testing.T) {
		o := known
		o.Dial = dialTo(t, hang)
		r, err := New(o)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // it must outlive the dial
		defer cancel()
		got, err := r.Run(ctx, Request{Address: "web01.example.com:22", Command: "true"})
		requireReason(t, ReasonHandshake, false, got, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestAServerThatGivesNoSessionRunsNothing(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{Config: []string{"MaxSessions 0"}})
	got, err := try(t, optionsFor(s), s.Address, "true")
	requireReason(t, ReasonRefused, false, got, err)
}
