package sshtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

const (
	// noSSHD is how a person who cannot install sshd says so.
	noSSHD = "SAFEPOINT_TEST_NO_SSHD"
	// readyWithin is how long sshd may take to answer on a busy machine.
	readyWithin = 30 * time.Second
	// startTries: between the choice of a free port and sshd's own use of it, another process may take it.
	startTries = 3
)

// Options shapes the server. The zero value is one with an Ed25519 host key.
type Options struct {
	// HostKeys are the kinds of its host keys: KindEd25519, KindECDSA, KindRSA.
	HostKeys []Kind
	// Authority signs a certificate for the first host key when it is given.
	Authority ssh.Signer
	// Config are more lines of its sshd_config; the first value of an option counts, and these come first.
	Config []string
}

// Server is a running sshd.
type Server struct {
	// Address is its host:port.
	Address string
	// User may log in with the key in KeyFile.
	User, KeyFile string
	// KnownHosts is a file that holds every host key of the server.
	KnownHosts string
	// HostKeys are its public host keys, in the order of Options.HostKeys.
	HostKeys []ssh.PublicKey

	process *exec.Cmd
	log     *lockedBuffer
	stop    func()
}

// Start runs a server until the test ends. Without sshd on the machine the test fails and says how to install it; with
// SAFEPOINT_TEST_NO_SSHD=1 it is skipped instead.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	sshd := binary(t)
	dir := t.TempDir()
	if len(o.HostKeys) == 0 {
		o.HostKeys = []Kind{KindEd25519}
	}
	who, err := user.Current()
	require.NoError(t, err)
	s := &Server{User: who.Username, KeyFile: filepath.Join(dir, "user_key")}
	authorized := WriteKey(t, s.KeyFile, KindEd25519)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "authorized_keys"), ssh.MarshalAuthorizedKey(authorized), 0o600))
	config := append([]string{}, o.Config...)
	for i, kind := range o.HostKeys {
		path := filepath.Join(dir, fmt.Sprintf("host_key_%d", i))
		s.HostKeys = append(s.HostKeys, WriteKey(t, path, kind))
		config = append(config, "HostKey "+path)
	}
	if o.Authority != nil {
		path := filepath.Join(dir, "host_key_0-cert.pub")
		writeCertificate(t, path, s.HostKeys[0], o.Authority)
		config = append(config, "HostCertificate "+path)
	}
	config = append(config,
		"AuthorizedKeysFile "+filepath.Join(dir, "authorized_keys"), "PidFile none", "UsePAM no", "StrictModes no",
		"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "UseDNS no",
		"MaxStartups 200", "PrintMotd no", "PrintLastLog no", "LogLevel VERBOSE")
	s.run(t, sshd, filepath.Join(dir, "sshd_config"), config)
	s.KnownHosts = WriteKnownHosts(t, s.Lines()...)
	return s
}

// run starts sshd on a free port and waits until it answers.
func (s *Server) run(t testing.TB, sshd, path string, config []string) {
	t.Helper()
	privilegeSeparation(t)
	// Newer versions shut out an address that connects often without logging in, as these tests do; older ones do not
	// know the option.
	if tolerant := append([]string{"PerSourcePenalties no"}, config...); accepts(t, sshd, path, tolerant) {
		config = tolerant
	}
	for try := 1; ; try++ {
		s.Address = freeAddress(t)
		host, port, err := net.SplitHostPort(s.Address)
		require.NoError(t, err)
		writeConfig(t, path, append([]string{"ListenAddress " + host, "Port " + port}, config...))
		s.log = &lockedBuffer{}
		s.process = exec.Command(sshd, "-D", "-e", "-f", path) // an absolute path: sshd starts itself again by it
		s.process.Stdout, s.process.Stderr = s.log, s.log
		s.process.WaitDelay = time.Second // a session that is left behind holds the log open
		require.NoError(t, s.process.Start())
		exited := make(chan struct{})
		go func() { _ = s.process.Wait(); close(exited) }()
		s.stop = sync.OnceFunc(func() { _ = s.process.Process.Kill(); <-exited })
		t.Cleanup(s.stop)
		if s.answers(exited) {
			return
		}
		s.stop()
		require.Less(t, try, startTries, "sshd does not come up:\n%s", s.Log())
	}
}

// answers waits for the server's first words. It is false when the process ended or the time is over.
func (s *Server) answers(exited <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if speaksSSH(ctx, s.Address) {
			return true
		}
		select {
		case <-exited:
			return false
		case <-ctx.Done():
			return false
		case <-poll.C:
		}
	}
}

func speaksSSH(ctx context.Context, address string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	banner := make([]byte, 4)
	n, _ := conn.Read(banner)
	return string(banner[:n]) == "SSH-"
}

// Stop kills the server; sessions that are open live on until their connections end.
func (s *Server) Stop() { s.stop() }

// Log is what the server wrote so far, for the message of a failed assertion.
func (s *Server) Log() string { return s.log.String() }

// binary finds sshd by an absolute path, which sshd insists on.
func binary(t testing.TB) string {
	t.Helper()
	if os.Getenv(noSSHD) == "1" {
		t.Skip("skipped, because " + noSSHD + "=1 says that this machine has no sshd: ssh is not tested here")
	}
	for _, path := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	t.Fatal("this test needs a real sshd: `apt-get install -y --no-install-recommends openssh-server`, or set " +
		noSSHD + "=1 to skip every test of ssh")
	return ""
}

// privilegeSeparation makes the directory that sshd run by root insists on; a service manager makes it elsewhere.
func privilegeSeparation(t testing.TB) {
	t.Helper()
	if os.Getuid() == 0 {
		require.NoError(t, os.MkdirAll("/run/sshd", 0o755))
	}
}

// accepts asks sshd whether it understands a configuration.
func accepts(t testing.TB, sshd, path string, config []string) bool {
	t.Helper()
	writeConfig(t, path, config)
	return exec.Command(sshd, "-t", "-f", path).Run() == nil
}

func writeConfig(t testing.TB, path string, lines []string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// lockedBuffer is written by the process while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
