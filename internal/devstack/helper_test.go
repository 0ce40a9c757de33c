package devstack

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// actVariable makes the test binary behave as a child process instead of running tests.
const actVariable = "DEVSTACK_TEST_ACT"

func TestMain(m *testing.M) {
	switch os.Getenv(actVariable) {
	case "":
		os.Exit(m.Run())
	case "fail":
		fmt.Println("cannot bind: the port is taken")
		os.Exit(7)
	case "sleep":
		time.Sleep(time.Minute)
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("deaf")
		time.Sleep(time.Minute)
	case "worker":
		serveReady()
	case "parent":
		parent()
	default:
		os.Exit(64)
	}
}

// serveReady is a worker as the stack sees it: /readyz on SAFEPOINT_LISTEN. It writes its environment to the log.
func serveReady() {
	fmt.Println(strings.Join(os.Environ(), "\n"))
	listener, err := net.Listen("tcp", os.Getenv("SAFEPOINT_LISTEN"))
	if err != nil {
		os.Exit(1)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusNotFound)
		}
	})}
	_ = server.Serve(listener)
}

// parent starts a child, prints its number and waits to be killed.
func parent() {
	p, err := start("child", os.Getenv("DEVSTACK_TEST_DIR"), os.Args[0], nil, []string{actVariable + "=sleep"})
	if err != nil {
		os.Exit(1)
	}
	fmt.Println("child " + strconv.Itoa(p.cmd.Process.Pid))
	time.Sleep(time.Minute)
}

func startAct(t *testing.T, act string, more ...string) *process {
	t.Helper()
	p, err := start(act, t.TempDir(), os.Args[0], nil, append([]string{actVariable + "=" + act}, more...))
	require.NoError(t, err)
	t.Cleanup(p.kill)
	return p
}

// testStack has workers that are this test binary, and nothing else.
func testStack(t *testing.T) *Stack {
	t.Helper()
	dir := t.TempDir()
	opts, err := Options{BinDir: dir, WorkerEnv: map[string]string{actVariable: "worker"}}.withDefaults()
	require.NoError(t, err)
	s := &Stack{
		opts: opts, token: newToken(), dead: make(chan error, 1), workerPath: os.Args[0], LogDir: dir, emptyConfig: filepath.Join(dir, "temporal.toml"),
		TemporalAddress: "127.0.0.1:1", FakeURL: "http://127.0.0.1:2", APIURL: "http://127.0.0.1:2/api/v1",
	}
	t.Cleanup(s.Stop)
	return s
}
