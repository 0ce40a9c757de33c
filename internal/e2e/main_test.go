package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/safepoint-dev/safepoint/internal/devstack"
)

// Scales of the stand-in: a snapshot takes 3 s (3 minutes at 60), a restore 5 s, power 1/3 s.
const (
	fakeSpeed = 60
	settle    = 2 * time.Second
	// lawSettle is what the law books take for it: a busy machine tells them of a client that gave up later than the client.
	lawSettle  = settle / 2
	pollPeriod = 250 * time.Millisecond
)

// binDir holds the programs under test, built from this very checkout.
var binDir string

// stack is shared: one dev server and one stand-in. Each test has a server and a worker of its own.
var stack *devstack.Stack

func TestMain(m *testing.M) {
	// The tests wait for deadlines most of the time, so many run side by side whatever the number of cores.
	_ = flag.Set("test.parallel", "24")
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "safepoint-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binDir, collected.dir = dir, filepath.Join(dir, "said")
	if err := os.Mkdir(collected.dir, 0o700); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	stack, err = devstack.Start(context.Background(), devstack.Options{
		BinDir:      dir,
		TemporalCLI: temporalCLI(),
		LogDir:      filepath.Join(dir, "logs"),
		NoWorker:    true,
		ReadyWithin: patience, // a cold start while other packages compile
		Fake:        devstack.FakeOptions{Speed: fakeSpeed, Servers: []int64{1}, Args: []string{"--settle=" + lawSettle.String()}},
		WorkerEnv: map[string]string{
			// VPS_REQUEST_TIMEOUT stays at its default, for as long as the answer of a write is waited for: what a gate
			// holds for longer is an unclear answer, and the run takes another way than the test wants.
			"VPS_SETTLE":        settle.String(),
			"VPS_POLL_INTERVAL": pollPeriod.String(),
			"VPS_RATE_LIMIT":    "100",
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer stack.Stop()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { defer close(stopped); collected.watch(stop) }()
	code := m.Run()
	close(stop)
	<-stopped
	if err := searchForSecrets(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return code
}

// build makes the programs from this checkout, so that the tests never run an old one.
func build(dir string) error {
	for name, pkg := range map[string]string{
		"safepoint": "starter", "safepoint-worker": "worker", "safepoint-fake": "internal/vpsfake/cmd/safepoint-fake",
	} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../../"+pkg)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// temporalCLI prefers the one that `make build` put beside the programs; empty means the stack's own search.
func temporalCLI() string {
	if path := os.Getenv(devstack.TemporalCLIVariable); path != "" {
		return path
	}
	if path, err := filepath.Abs("../../bin/temporal"); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
