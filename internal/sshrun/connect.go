package sshrun

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// maxKeyFile is the largest key file that is read, in bytes; real ones have at most a few KiB.
const maxKeyFile = 64 << 10

// connect dials, checks the server's host key, logs in and opens a channel. None of it runs anything on the server.
func (r *Runner) connect(ctx context.Context, address string) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	key, err := readKey(r.keyFile)
	if err != nil {
		return nil, err
	}
	host, err := readHost(r.knownHosts, address)
	if err != nil {
		return nil, err
	}
	conn, err := r.dial(ctx, "tcp", address)
	if err != nil {
		return nil, failed(ReasonDial, err, "no connection: %v", err)
	}
	// A handshake knows no context: closing the connection ends it.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	s, err := r.login(ctx, conn, host, key)
	if err == nil && !stop() {
		err = failed(ReasonHandshake, ctx.Err(), "connected, but the server was not ready in time")
	}
	if err != nil {
		_ = conn.Close() // err is the finding
		return nil, err
	}
	return s, nil
}

// login makes a session of a connection.
func (r *Runner) login(ctx context.Context, conn net.Conn, host *knownHost, key ssh.Signer) (*session, error) {
	var (
		refusal atomic.Pointer[Error]
		known   atomic.Bool
	)
	config := &ssh.ClientConfig{
		User:              r.user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyAlgorithms: host.algorithms,
		ClientVersion:     "SSH-2.0-safepoint",
		HostKeyCallback: func(_ string, remote net.Addr, shown ssh.PublicKey) error {
			if err := host.accept(remote, shown); err != nil {
				refusal.Store(err)
				return err
			}
			known.Store(true)
			return nil
		},
	}
	c, channels, requests, err := ssh.NewClientConn(conn, host.address, config)
	if err != nil {
		if no := refusal.Load(); no != nil {
			return nil, no
		}
		return nil, noLogin(ctx, err, host, known.Load())
	}
	client := ssh.NewClient(c, channels, requests) // refuses everything that the server asks for
	channel, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		return nil, noSession(ctx, err)
	}
	return &session{client: client, channel: channel, requests: requests}, nil
}

// noLogin says why a handshake failed. The library's own words are not used: they repeat what the server sent.
func noLogin(ctx context.Context, err error, host *knownHost, known bool) error {
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case ctx.Err() != nil:
		return failed(ReasonHandshake, ctx.Err(), "connected, but the ssh handshake did not end in time")
	case errors.As(err, &negotiation) && negotiation.What == "host key":
		return host.noCommonKey()
	case errors.As(err, &negotiation):
		return failed(ReasonHandshake, nil, "the server and this worker know no common algorithm for %s: update the server's ssh", negotiation.What)
	case cut(err):
		return failed(ReasonHandshake, err, "the server cut the connection before the ssh session began")
	case known:
		return failed(ReasonAuth, nil, "the server does not let the worker in: add the public key of SAFEPOINT_SSH_KEY_FILE to "+
			"~/.ssh/authorized_keys of the user of SAFEPOINT_SSH_USER on the server, or mend these settings")
	default:
		return failed(ReasonHandshake, nil, "the server does not speak ssh as it should: look whether the port is the one of sshd")
	}
}

// noSession says why the server gave no channel to a worker that it had let in.
func noSession(ctx context.Context, err error) error {
	var refused *ssh.OpenChannelError
	switch {
	case ctx.Err() != nil:
		return failed(ReasonHandshake, ctx.Err(), "logged in, but the server was not ready in time")
	case errors.As(err, &refused):
		return failed(ReasonRefused, nil, "the server let the worker in, but refuses it a session (reason %d): look at MaxSessions and the log of its sshd", refused.Reason)
	default:
		return failed(ReasonHandshake, err, "the server cut the connection before the ssh session began")
	}
}

// cut is true for errors of the connection itself, as opposed to what was said over it.
func cut(err error) bool {
	var (
		op *net.OpError
		no syscall.Errno
	)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &op) || errors.As(err, &no)
}

// readKey reads the private key. No error repeats the path or a part of the file.
func readKey(path string) (ssh.Signer, error) {
	pem, err := readFile(path, maxKeyFile)
	if err != nil {
		return nil, failed(ReasonSetup, nil, "the file of SAFEPOINT_SSH_KEY_FILE cannot be read on this worker: %v", err)
	}
	defer clear(pem)
	key, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, failed(ReasonSetup, nil, "the key in the file of SAFEPOINT_SSH_KEY_FILE has a passphrase, which nobody can type here: give the worker a key of its own without one")
	case err != nil:
		return nil, failed(ReasonSetup, nil, "the file of SAFEPOINT_SSH_KEY_FILE holds no private key that can be used: give an OpenSSH or PEM one")
	default:
		return key, nil
	}
}

// readFile reads a regular file of at most limit bytes. Its errors do not name it: the path is a setting's value.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file") // opening a pipe could wait for ever
	case info.Size() > limit:
		return nil, errors.New("it is far too large")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	return b, nil
}

// withoutPath leaves the path out of an error of the file system.
func withoutPath(err error) error {
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return errors.New("the file system gives no reason")
}
