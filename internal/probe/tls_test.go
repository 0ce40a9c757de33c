package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// tlsSite is an https server on a local port. The returned pool trusts it.
func tlsSite(t *testing.T, config *tls.Config) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the failed handshakes are the point
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, roots
}

// expiredCertificate is for 127.0.0.1, and its time is over.
func expiredCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestATrustedServerPassesOverTLS(t *testing.T) {
	server, roots := tlsSite(t, nil)
	requireVerdict(t, contract.VerdictPassed, "answered 200", New(Options{RootCAs: roots}).Look(t.Context(), httpCheck(server.URL)))
}

func TestATLSServerThatTalksWronglyFailed(t *testing.T) {
	t.Run("certificate for another name", func(t *testing.T) {
		server, roots := tlsSite(t, nil)
		dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		}
		prober := New(Options{RootCAs: roots, DialContext: dial, APIReachable: no})
		requireVerdict(t, contract.VerdictFailed, "another name", prober.Look(t.Context(), httpCheck("https://other.test/")))
	})
	t.Run("handshake alert", func(t *testing.T) {
		server, roots := tlsSite(t, &tls.Config{NextProtos: []string{"http/1.1"}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{}, nil // no certificate: the server can only send an alert
		}})
		prober := New(Options{RootCAs: roots, APIReachable: no})
		requireVerdict(t, contract.VerdictFailed, "did not complete the TLS handshake", prober.Look(t.Context(), httpCheck(server.URL)))
	})
	for name, c := range map[string]struct {
		handle func(net.Conn)
		words  string
	}{
		"plain HTTP":     {answerRaw("HTTP/1.1 400 Bad Request\r\n\r\n"), "plain HTTP"},
		"something else": {answerRaw("SSH-2.0-OpenSSH_9.6\r\n"), "did not complete the TLS handshake"},
		"hangs up":       {answerRaw(""), "did not complete the TLS handshake"},
		"resets":         {reset, "cut the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			got := New(Options{APIReachable: no}).Look(t.Context(), httpCheck("https://"+rawServer(t, c.handle)))
			requireVerdict(t, contract.VerdictFailed, c.words, got)
		})
	}
}

func TestACertificateThatOnlyTheCheckerDoubtsIsInconclusive(t *testing.T) {
	t.Run("unknown authority", func(t *testing.T) {
		server, _ := tlsSite(t, nil)
		prober := New(Options{RootCAs: x509.NewCertPool(), APIReachable: yes})
		requireVerdict(t, contract.VerdictInconclusive, "does not know the authority", prober.Look(t.Context(), httpCheck(server.URL)))
	})
	t.Run("expired by the checker's clock", func(t *testing.T) {
		server, roots := tlsSite(t, &tls.Config{Certificates: []tls.Certificate{expiredCertificate(t)}})
		prober := New(Options{RootCAs: roots, APIReachable: yes})
		requireVerdict(t, contract.VerdictInconclusive, "has expired", prober.Look(t.Context(), httpCheck(server.URL)))
	})
}
