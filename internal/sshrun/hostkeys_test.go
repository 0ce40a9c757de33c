package sshrun

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

// tryKnowing runs a command on a worker whose known_hosts has these lines.
func tryKnowing(t *testing.T, s *sshtest.Server, lines ...string) (Result, error) {
	t.Helper()
	o := optionsFor(s)
	o.KnownHosts = sshtest.WriteKnownHosts(t, lines...)
	return try(t, o, s.Address, "true")
}

func public(t *testing.T, kind sshtest.Kind) ssh.PublicKey {
	t.Helper()
	return sshtest.NewSigner(t, kind).PublicKey()
}

func TestAnUnknownHostIsRefusedBeforeTheWorkerLogsIn(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{HostKeys: []sshtest.Kind{sshtest.KindRSA, sshtest.KindEd25519}})
	for name, lines := range map[string][]string{
		"empty":        {},
		"another host": {knownhosts.Line([]string{"web.example.com"}, s.HostKeys[1])},
		"another port": {knownhosts.Line([]string{"127.0.0.1"}, s.HostKeys[1])},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tryKnowing(t, s, lines...)
			requireReason(t, ReasonHostKey, false, got, err)
			assert.ErrorContains(t, err, ssh.FingerprintSHA256(s.HostKeys[1]), "the best key is the one to compare")
			assert.ErrorContains(t, err, "SAFEPOINT_SSH_KNOWN_HOSTS")
			assert.ErrorContains(t, err, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
		})
	}
	requireUntouched(t, s)
}

func TestTheLineThatAnOperatorIsGivenMakesTheHostKnown(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	_, err := tryKnowing(t, s)
	require.Error(t, err)
	_, line, found := strings.Cut(err.Error(), "SAFEPOINT_SSH_KNOWN_HOSTS: ")
	require.True(t, found, err)
	_, err = tryKnowing(t, s, line)
	require.NoError(t, err)
	assert.Less(t, len(err2(tryKnowing(t, s)).Error()), 400, "details are cut there, and half a key helps nobody")
}

func err2(_ Result, err error) error { return err }

func TestAChangedHostKeyIsRefusedBeforeTheWorkerLogsIn(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{HostKeys: []sshtest.Kind{sshtest.KindEd25519, sshtest.KindRSA}})
	for name, kind := range map[string]sshtest.Kind{"same kind": sshtest.KindEd25519, "kind that the server lacks": sshtest.KindECDSA} {
		t.Run(name, func(t *testing.T) {
			got, err := tryKnowing(t, s, "# a comment", s.Line(public(t, kind)))
			requireReason(t, ReasonHostKey, false, got, err)
			assert.ErrorContains(t, err, "is not the known one")
			assert.ErrorContains(t, err, "SAFEPOINT_SSH_KNOWN_HOSTS")
			assert.ErrorContains(t, err, "listening in")
			if kind == sshtest.KindEd25519 {
				assert.ErrorContains(t, err, "line 2")
				assert.ErrorContains(t, err, ssh.FingerprintSHA256(s.HostKeys[0]))
			}
		})
	}
	requireUntouched(t, s)
}

// A server shows the key that it is asked for. Asked for any, it shows one that the file does not have.
func TestAServerWithSeveralHostKeysIsKnownByEachOfThem(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{HostKeys: []sshtest.Kind{sshtest.KindEd25519, sshtest.KindECDSA, sshtest.KindRSA}})
	for _, key := range s.HostKeys {
		_, err := tryKnowing(t, s, s.Line(key))
		require.NoError(t, err, key.Type())
	}
	_, err := tryKnowing(t, s, s.Line(s.HostKeys[2]), s.Line(s.HostKeys[0]))
	require.NoError(t, err)
	hashed := knownhosts.HashHostname(knownhosts.Normalize(s.Address)) + " " + string(ssh.MarshalAuthorizedKey(s.HostKeys[1]))
	_, err = tryKnowing(t, s, strings.TrimSpace(hashed))
	require.NoError(t, err, "a hashed name")
}

func TestARevokedHostKeyIsRefusedEvenIfItIsKnown(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	got, err := tryKnowing(t, s, s.Line(s.HostKeys[0]), "@revoked * "+strings.TrimSpace(string(ssh.MarshalAuthorizedKey(s.HostKeys[0]))))
	requireReason(t, ReasonHostKey, false, got, err)
	assert.ErrorContains(t, err, "revoked")
	requireUntouched(t, s)
}

func TestAHostCertificateCountsByItsAuthority(t *testing.T) {
	authority, other := sshtest.NewSigner(t, sshtest.KindRSA), public(t, sshtest.KindEd25519)
	s := sshtest.Start(t, sshtest.Options{Authority: authority})
	line := "@cert-authority " + s.Line(authority.PublicKey())
	_, err := tryKnowing(t, s, line)
	require.NoError(t, err)

	got, err := tryKnowing(t, s, "@cert-authority "+s.Line(other))
	requireReason(t, ReasonHostKey, false, got, err)
	assert.ErrorContains(t, err, "certificate")
	_, err = tryKnowing(t, s, s.Line(s.HostKeys[0]))
	require.NoError(t, err, "the plain key is asked for where the file has no authority")
	revoked := "@revoked * " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(authority.PublicKey())))
	got, err = tryKnowing(t, s, line, revoked)
	requireReason(t, ReasonHostKey, false, got, err)
}

func TestAHostIsTheSameInCapitals(t *testing.T) {
	line := knownhosts.Line([]string{"web01.example.com"}, public(t, sshtest.KindEd25519))
	host, err := readHost(sshtest.WriteKnownHosts(t, line), "WEB01.example.com:22")
	require.NoError(t, err)
	assert.Equal(t, []string{ssh.KeyAlgoED25519}, host.algorithms)
}

func TestAKnownHostsThatCannotBeReadDialsNobodyAndIsNotShown(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := optionsFor(s)
	o.Dial = dialNobody(t)
	for words, path := range map[string]string{
		"no such file":     t.TempDir() + "/hunter2",
		"not a regular":    t.TempDir(),
		"(line 2)":         sshtest.WriteKnownHosts(t, s.Line(s.HostKeys[0]), "web01 ssh-ed25519 hunter2"),
		"not a known_host": s.KeyFile,
	} {
		o.KnownHosts = path
		got, err := try(t, o, s.Address, "true")
		requireReason(t, ReasonSetup, false, got, err)
		assert.ErrorContains(t, err, words)
		assert.ErrorContains(t, err, "SAFEPOINT_SSH_KNOWN_HOSTS")
		assert.NotContains(t, err.Error(), path)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestKnownHostsIsReadForEachCommand(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := optionsFor(s)
	o.KnownHosts = sshtest.WriteKnownHosts(t)
	r, err := New(o)
	require.NoError(t, err)
	_, err = r.Run(t.Context(), Request{Address: s.Address, Command: "true"})
	require.Equal(t, ReasonHostKey, ReasonOf(err))
	require.NoError(t, os.WriteFile(o.KnownHosts, []byte(s.Line(s.HostKeys[0])+"\n"), 0o600))
	_, err = r.Run(t.Context(), Request{Address: s.Address, Command: "true"})
	require.NoError(t, err)
}
