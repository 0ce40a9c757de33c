package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// errno wraps an error of the operating system as net and net/http do.
func errno(op string, no syscall.Errno) error {
	return &url.Error{Op: "Get", URL: "http://web", Err: &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, no)}}
}

// certificate wraps a failed certificate check as crypto/tls does.
func certificate(err error) error { return &tls.CertificateVerificationError{Err: err} }

func TestEveryErrorIsBlamedOnTheRightSide(t *testing.T) {
	timedOutName := &net.DNSError{Err: "i/o timeout", Name: "web", IsTimeout: true}
	refusedResolver := &net.DNSError{Err: "refused", Name: "web", UnwrapErr: syscall.ECONNREFUSED}
	cases := []struct {
		name string
		at   stage
		err  error
		want blame
	}{
		{"refused", dialing, errno("connect", syscall.ECONNREFUSED), broken},
		{"reset while dialing", dialing, errno("connect", syscall.ECONNRESET), broken},
		{"reset in the handshake", handshaking, errno("read", syscall.ECONNRESET), broken},
		{"reset before the answer", answering, errno("read", syscall.ECONNRESET), broken},
		{"aborted", answering, errno("read", syscall.ECONNABORTED), broken},
		{"broken pipe", answering, errno("write", syscall.EPIPE), broken},
		{"end of file in the handshake", handshaking, io.EOF, broken},
		{"end of file before the answer", answering, io.EOF, broken},
		{"answer cut short", answering, io.ErrUnexpectedEOF, broken},
		{"malformed answer", answering, errors.New("malformed HTTP response"), broken},

		{"connect timed out", dialing, errno("connect", syscall.ETIMEDOUT), silent},
		{"deadline while dialing", dialing, context.DeadlineExceeded, silent},
		{"deadline in the handshake", handshaking, os.ErrDeadlineExceeded, silent},
		{"deadline before the answer", answering, fmt.Errorf("read: %w", os.ErrDeadlineExceeded), silent},
		{"some other time-out", answering, &net.OpError{Op: "read", Err: timeout{}}, silent},
		{"host unreachable", dialing, errno("connect", syscall.EHOSTUNREACH), silent},
		{"host down", dialing, errno("connect", syscall.EHOSTDOWN), silent},
		{"network unreachable", dialing, errno("connect", syscall.ENETUNREACH), silent},
		{"host unreachable after connecting", answering, errno("read", syscall.EHOSTUNREACH), silent},

		{"no such host", dialing, &net.DNSError{Err: "no such host", Name: "web", IsNotFound: true}, unsure},
		{"resolver timed out", dialing, &net.OpError{Op: "dial", Err: timedOutName}, unsure},
		{"resolver refused", dialing, &net.OpError{Op: "dial", Err: refusedResolver}, unsure},
		{"deadline while resolving", resolving, context.DeadlineExceeded, unsure},
		{"bad address", dialing, &net.AddrError{Err: "missing port", Addr: "web"}, unsure},
		{"out of files", dialing, errno("socket", syscall.EMFILE), unsure},
		{"no local address", dialing, errno("connect", syscall.EADDRNOTAVAIL), unsure},
		{"no local ports", dialing, errno("connect", syscall.EAGAIN), unsure},
		{"local firewall", dialing, errno("connect", syscall.EPERM), unsure},
		{"not permitted", dialing, errno("connect", syscall.EACCES), unsure},
		{"network down", dialing, errno("connect", syscall.ENETDOWN), unsure},
		{"network down before the answer", answering, errno("read", syscall.ENETDOWN), unsure},
		{"canceled", answering, context.Canceled, unsure},
		{"closed by ourselves", answering, net.ErrClosed, unsure},
		{"unforeseen while dialing", dialing, errors.New("surprise"), unsure},

		{"certificate for another name", handshaking, certificate(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "web"}), broken},
		{"alert", handshaking, &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}, broken},
		{"not TLS", handshaking, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, broken},
		{"plain HTTP", handshaking, &url.Error{Op: "Get", Err: http.ErrSchemeMismatch}, broken},
		{"unknown authority", handshaking, certificate(x509.UnknownAuthorityError{}), unsure},
		{"no system roots", handshaking, certificate(x509.SystemRootsError{}), unsure},
		{"expired", handshaking, certificate(x509.CertificateInvalidError{Reason: x509.Expired}), unsure},
		{"other invalid certificate", handshaking, certificate(x509.CertificateInvalidError{Reason: x509.TooManyConstraints}), unsure},
		{"unforeseen certificate error", handshaking, certificate(errors.New("surprise")), unsure},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := classify(c.at, c.err)
			assert.Equal(t, c.want, got.blame, got.words)
			assert.NotEmpty(t, got.words)
		})
	}
}

// timeout is a net.Error that wraps nothing known.
type timeout struct{}

func (timeout) Error() string   { return "timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestAnErrorOfALookThatRanOutOfTimeIsSilence(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	assert.Equal(t, silent, explain(ctx, answering, io.EOF).blame, "our own hang-up must not look like the server's")
	assert.Equal(t, unsure, explain(ctx, resolving, io.EOF).blame)
	assert.Equal(t, broken, explain(t.Context(), answering, io.EOF).blame)
}

func TestAnErrorOfALookThatWasCanceledIsNobodysFault(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, interrupted, explain(ctx, answering, io.EOF))
}
