package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// portTries is how often a process is started again when it ended at once: between looking for a free port and using
// it another program may take it.
const portTries = 3

// Stack is a running local stack. Its methods may be called from several goroutines.
type Stack struct {
	// TemporalAddress is host:port of the Temporal frontend, UIAddress the URL of its web UI.
	TemporalAddress, UIAddress string
	// FakeURL is the stand-in's root (its sites are below it), APIURL the base URL of its API.
	FakeURL, APIURL string
	// LogDir holds the logs of the processes, BinDir the programs.
	LogDir, BinDir string

	opts          Options
	token         string // random: a client of another stack, or of the real API, cannot be taken for one of this
	workerPath    string
	emptyConfig   string
	databaseDir   string     // of Temporal
	dead          chan error // what died by itself; see Dead
	mu            sync.Mutex // guards what follows
	temporal      *process
	fake          *process
	workers       []*Worker
	client        client.Client
	stopped       bool
	ownsLogs      bool
	closeOnlyOnce sync.Once
}

// Start runs the stack and returns when everything in it answers. ctx bounds the start only: the caller must call
// Stop. On an error nothing is left running, and the logs are kept.
func Start(ctx context.Context, opts Options) (*Stack, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	temporal, fake, worker, err := opts.programs()
	if err != nil {
		return nil, err
	}
	s := &Stack{opts: opts, token: newToken(), dead: make(chan error, 1), workerPath: worker, LogDir: opts.LogDir, BinDir: opts.BinDir}
	if err := s.makeFolder(); err != nil {
		return nil, err
	}
	if err := s.startAll(ctx, temporal, fake); err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) { // nobody looks into the logs of a start that was called off
			s.KeepLogs() // the error names them
		}
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Stack) startAll(ctx context.Context, temporal, fake string) error {
	if err := s.startTemporal(ctx, temporal); err != nil {
		return err
	}
	if err := s.startFake(ctx, fake); err != nil {
		return err
	}
	if s.opts.NoWorker {
		return nil
	}
	_, err := s.AddWorker(ctx, s.opts.TaskQueue)
	return err
}

func (s *Stack) makeFolder() error {
	if s.LogDir == "" {
		dir, err := os.MkdirTemp("", "safepoint-dev-")
		if err != nil {
			return fmt.Errorf("make a folder for the logs: %w", err)
		}
		s.LogDir, s.ownsLogs = dir, true
	} else if err := os.MkdirAll(s.LogDir, 0o700); err != nil {
		return fmt.Errorf("make a folder for the logs: %w", err)
	}
	var err error
	if s.databaseDir, err = os.MkdirTemp(s.LogDir, "temporal-"); err != nil {
		return fmt.Errorf("make a folder for Temporal's database: %w", err)
	}
	s.emptyConfig = filepath.Join(s.LogDir, "temporal.toml")
	if err := os.WriteFile(s.emptyConfig, nil, 0o600); err != nil {
		return fmt.Errorf("write an empty Temporal configuration: %w", err)
	}
	return nil
}

// startTemporal runs the dev server with its UI and an empty database. The database is a file, because one in memory is
// gone, namespace and all, when the server's one connection to it breaks: a loaded machine is enough for that.
func (s *Stack) startTemporal(ctx context.Context, program string) error {
	return s.onFreePorts(2, func(ports []string) error {
		s.TemporalAddress = net.JoinHostPort("127.0.0.1", ports[0])
		s.UIAddress = "http://" + net.JoinHostPort("127.0.0.1", ports[1])
		args := []string{"server", "start-dev", "--ip", "127.0.0.1", "--port", ports[0], "--ui-port", ports[1], "--log-level", "error",
			"--db-filename", filepath.Join(s.databaseDir, ports[0]+".db"),
			"--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=OFF"} // it need not outlive the machine
		p, err := start("temporal", s.LogDir, program, args, environment(os.Environ(), nil))
		if err != nil {
			return err
		}
		s.hold(&s.temporal, p)
		return s.await(ctx, p, s.probeTemporal)
	})
}

// startFake runs the stand-in for the API. Its token goes through the environment, out of the process list.
func (s *Stack) startFake(ctx context.Context, program string) error {
	return s.onFreePorts(1, func(ports []string) error {
		listen := net.JoinHostPort("127.0.0.1", ports[0])
		s.FakeURL = "http://" + listen
		s.APIURL = s.FakeURL + "/api/v1"
		env := environment(os.Environ(), map[string]string{"SAFEPOINT_FAKE_TOKEN": s.token})
		p, err := start("fake", s.LogDir, program, s.opts.Fake.flags(listen), env)
		if err != nil {
			return err
		}
		s.hold(&s.fake, p)
		return s.await(ctx, p, s.probeFake)
	})
}

// onFreePorts calls run with free ports, and again with others when the process ended at once.
func (s *Stack) onFreePorts(n int, run func(ports []string) error) error {
	for try := 1; ; try++ {
		ports, err := freePorts(n)
		if err != nil {
			return err
		}
		err = run(ports)
		var ended *endedError
		if err == nil || try == portTries || !errors.As(err, &ended) {
			return err
		}
	}
}

// Client returns a client of this stack's Temporal, the same one each time; Stop closes it.
func (s *Stack) Client() (client.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, errStopped
	}
	if s.client != nil {
		return s.client, nil
	}
	c, err := client.Dial(client.Options{
		HostPort: s.TemporalAddress,
		Logger:   sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", s.TemporalAddress, err)
	}
	s.client = c
	return c, nil
}

// SiteURL is the web site of one of the stand-in's servers.
func (s *Stack) SiteURL(serverID int64) string {
	return s.FakeURL + "/sites/" + strconv.FormatInt(serverID, 10) + "/"
}

// await waits until a process is ready, and watches it from then on.
func (s *Stack) await(ctx context.Context, p *process, probe func(context.Context) error) error {
	if err := p.ready(ctx, s.opts.ReadyWithin, probe); err != nil {
		return err
	}
	go s.mourn(p)
	return nil
}

// hold keeps a process for Stop.
func (s *Stack) hold(place **process, p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*place = p
}

// Dead tells of the first process that ended although nobody asked it to, with the end of its log. It never closes.
func (s *Stack) Dead() <-chan error { return s.dead }

// mourn reports a process's end to Dead, unless Stop or Kill asked for it.
func (s *Stack) mourn(p *process) {
	<-p.done
	if p.asked.Load() {
		return
	}
	select {
	case s.dead <- &endedError{name: p.name, when: "unexpectedly", err: p.err, log: p.tail(), path: p.logPath}:
	default: // one is enough
	}
}

// KeepLogs lets the logs outlive Stop even where they are in a temporary folder.
func (s *Stack) KeepLogs() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ownsLogs = false
}

// Stop ends everything, in the reverse order of the start, and may be called more than once.
func (s *Stack) Stop() {
	s.mu.Lock()
	workers, processes := s.workers, []*process{s.fake, s.temporal}
	c := s.client
	s.client, s.stopped = nil, true
	s.mu.Unlock()
	s.closeOnlyOnce.Do(func() {
		for _, w := range workers {
			w.stop()
		}
		if c != nil {
			c.Close()
		}
		for _, p := range processes {
			if p != nil {
				p.stop()
			}
		}
		_ = os.RemoveAll(s.databaseDir) // what is left says nothing that the logs do not
		s.mu.Lock()
		owns := s.ownsLogs
		s.mu.Unlock()
		if owns {
			_ = os.RemoveAll(s.LogDir) // a temporary folder; the system clears what is left
		}
	})
}

// newToken is a word that no other stack has, in the form of the API's own.
func newToken() string { return "vps_local_" + strings.ToLower(rand.Text()) }

// freePorts finds n different ports that nothing listens on now.
func freePorts(n int) ([]string, error) {
	ports := make([]string, n)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }() // all stay open until the last is found, so that they differ
		_, ports[i], err = net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
	}
	return ports, nil
}
