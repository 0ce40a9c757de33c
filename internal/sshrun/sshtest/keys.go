package sshtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Kind is a kind of key.
type Kind string

const (
	// KindEd25519 is what everybody uses today.
	KindEd25519 Kind = "ed25519"
	// KindECDSA is on the curve P-256.
	KindECDSA Kind = "ecdsa"
	// KindRSA has 2048 bits, the least that sshd takes.
	KindRSA Kind = "rsa"
)

// NewKey makes a private key.
func NewKey(t testing.TB, kind Kind) crypto.Signer {
	t.Helper()
	var (
		key crypto.Signer
		err error
	)
	switch kind {
	case KindEd25519:
		_, key, err = ed25519.GenerateKey(nil)
	case KindECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case KindRSA:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		t.Fatalf("there is no kind of key %q", kind)
	}
	require.NoError(t, err)
	return key
}

// NewSigner makes a key that can sign, such as a certificate authority.
func NewSigner(t testing.TB, kind Kind) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromSigner(NewKey(t, kind))
	require.NoError(t, err)
	return signer
}

// WriteKey makes a private key, writes it to path as OpenSSH does, and returns its public part.
func WriteKey(t testing.TB, path string, kind Kind) ssh.PublicKey {
	t.Helper()
	key := NewKey(t, kind)
	block, err := ssh.MarshalPrivateKey(key, "made by a test")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	public, err := ssh.NewPublicKey(key.Public())
	require.NoError(t, err)
	return public
}

// writeCertificate certifies a host key for the loopback address.
func writeCertificate(t testing.TB, path string, key ssh.PublicKey, authority ssh.Signer) {
	t.Helper()
	cert := &ssh.Certificate{
		Key: key, CertType: ssh.HostCert, KeyId: "test", ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: ssh.CertTimeInfinity,
	}
	require.NoError(t, cert.SignCert(rand.Reader, authority))
	require.NoError(t, os.WriteFile(path, ssh.MarshalAuthorizedKey(cert), 0o600))
}

// WriteKnownHosts writes a known_hosts file of these lines and returns its path.
func WriteKnownHosts(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

// Line is the line that makes a key known as the one of this server.
func (s *Server) Line(key ssh.PublicKey) string { return knownhosts.Line([]string{s.Address}, key) }

// Lines are the lines of all its host keys.
func (s *Server) Lines() []string {
	var lines []string
	for _, key := range s.HostKeys {
		lines = append(lines, s.Line(key))
	}
	return lines
}
