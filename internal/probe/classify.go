package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/safepoint-dev/safepoint/internal/egress"
)

// stage is how far a look had come when it ended.
type stage int32

const (
	// dialing: no connection yet. An error here may well be this machine's own.
	dialing stage = iota
	// resolving: waiting for the address of the server's name.
	resolving
	// handshaking: connected, TLS not agreed yet.
	handshaking
	// answering: everything agreed; only the server's answer is missing.
	answering
)

// classify says what an error of a look tells about the server. It is the whole of law 6 for errors; an answer that
// came whole is judged where it is read.
//
// The order matters. A name that was not resolved can wrap a time-out or a refused connection of the resolver, and a
// failed certificate check wraps nothing of the network.
func classify(at stage, err error) finding {
	var (
		dns  *net.DNSError
		addr *net.AddrError
		no   syscall.Errno
		wait net.Error
	)
	switch {
	case egress.Refused(err) != nil:
		return finding{unsure, "not looked at: " + egress.Refused(err).Error()} // it says nothing about the server
	case errors.Is(err, context.Canceled):
		return interrupted
	case errors.As(err, &dns), at == resolving:
		// Any failure, "no such host" and time-outs too: the resolver is this machine's own, not the server.
		return finding{unsure, "this worker could not resolve the name of the server"}
	case errors.As(err, &addr):
		return finding{unsure, "the address of the check is not valid: write host:port"}
	case errors.As(err, &no):
		return classifyErrno(no)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &wait) && wait.Timeout():
		return finding{silent, silence(at)}
	case errors.Is(err, net.ErrClosed):
		return finding{unsure, "this worker closed the connection itself"}
	}
	switch at {
	case handshaking:
		return classifyTLS(err)
	case answering:
		// Everything local is sorted out above: what is left is what the server sent, or that it hung up.
		return finding{broken, "the server closed the connection without a whole HTTP answer, or sent something that is not HTTP"}
	default: // dialing (resolving was sorted out above), and an error that nobody foresaw: not a reason to restore
		return finding{unsure, "this worker could not open a connection: " + bounded(innermost(err).Error(), 120)}
	}
}

// classifyErrno sorts the operating system's errors. The ones not named are this machine's own trouble (EMFILE,
// EADDRNOTAVAIL, EACCES, ENOBUFS, ...) or unknown, and neither says a thing about the server.
func classifyErrno(no syscall.Errno) finding {
	switch no {
	case syscall.ECONNREFUSED:
		return finding{broken, "the connection was refused"}
	case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
		return finding{broken, "the server cut the connection"}
	case syscall.ETIMEDOUT:
		return finding{silent, silence(dialing)}
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN:
		return finding{silent, "the host cannot be reached"}
	case syscall.ENETUNREACH:
		return finding{silent, "the network of the host cannot be reached"}
	default:
		return finding{unsure, "this worker has a network problem of its own: " + no.Error()}
	}
}

// classifyTLS sorts what is left of a failed handshake: the certificate, or the talk itself.
func classifyTLS(err error) finding {
	var (
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
		roots   x509.SystemRootsError
		invalid x509.CertificateInvalidError
		check   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &host):
		return finding{broken, "the server's certificate is for another name"}
	case errors.As(err, &unknown), errors.As(err, &roots):
		// A slim container without roots, or a private authority the worker was not told of, looks just like this.
		return finding{unsure, "this worker does not know the authority of the server's certificate: add it to the worker's roots"}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		// "Expired" compares the certificate with this machine's clock, and a wrong clock expires every certificate.
		// A change of the server seldom expires one, and a restore does not mend it.
		return finding{unsure, "by this worker's clock the server's certificate has expired or is not valid yet"}
	case errors.As(err, &invalid), errors.As(err, &check):
		// Some other rule of this machine's verifier: its version and settings decide as much as the server does.
		return finding{unsure, "this worker does not accept the server's certificate"}
	case errors.Is(err, http.ErrSchemeMismatch):
		return finding{broken, "the server speaks plain HTTP where TLS is expected"}
	default: // an alert, EOF, or bytes that are not TLS: all of them came from the server
		return finding{broken, "the server did not complete the TLS handshake"}
	}
}

// explain classifies an error of a look that ran under ctx. When ctx ends, the layers below may say so in words of
// their own (a closed connection, an end of file): then the end of ctx is the cause, not the server.
func explain(ctx context.Context, at stage, err error) finding {
	found := classify(at, err)
	if found.blame == broken && ctx.Err() != nil {
		return classify(at, ctx.Err())
	}
	return found
}

// silence words a time-out by how far the look had come.
func silence(at stage) string {
	switch at {
	case handshaking:
		return "connected, but the TLS handshake did not end in time"
	case answering:
		return "connected, but the answer did not come in time"
	default: // dialing: a name that did not resolve is not silence of the server, and never comes here
		return "no connection in time"
	}
}

// innermost unwraps err to its first cause, because the outer layers may repeat the URL with its user information.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
