package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Names of the programs, and the variable that names the Temporal CLI.
const (
	fakeProgram     = "safepoint-fake"
	workerProgram   = "safepoint-worker"
	temporalProgram = "temporal"
	// TemporalCLIVariable names the environment variable with the path of the Temporal CLI.
	TemporalCLIVariable = "SAFEPOINT_TEMPORAL_CLI"
)

// Defaults of Options.
const (
	DefaultTaskQueue = "safepoint"
	// defaultReadyWithin is for a laptop that does something else as well. A process that dies is noticed before.
	defaultReadyWithin = 2 * time.Minute
)

// Options shape a Stack. The zero value runs one worker against one server (12345) at the real API's speed.
type Options struct {
	// BinDir holds safepoint-fake and safepoint-worker; default the folder of the running program.
	BinDir string
	// TemporalCLI is the path of the Temporal CLI; default $SAFEPOINT_TEMPORAL_CLI, then BinDir, then PATH.
	TemporalCLI string
	// LogDir receives a log of each process and is kept; default a temporary folder that Stop removes.
	LogDir string
	// TaskQueue is the first worker's; default "safepoint".
	TaskQueue string
	// Fake shapes the stand-in for the API.
	Fake FakeOptions
	// WorkerEnv are further or other settings of every worker, such as VPS_SETTLE.
	WorkerEnv map[string]string
	// NoWorker starts everything but a worker: call AddWorker.
	NoWorker bool
	// ReadyWithin bounds the start of each process; default 2m.
	ReadyWithin time.Duration
}

// FakeOptions shape the stand-in for the API.
type FakeOptions struct {
	// Speed is how many API seconds pass in a real second; 0 is the real API's speed.
	Speed float64
	// Servers are the ids of the servers; default 12345.
	Servers []int64
	// Faults is a JSON list of faults from the start; empty for none.
	Faults string
	// Args are further flags, such as "--page-size=2".
	Args []string
}

func (o Options) withDefaults() (Options, error) {
	if o.BinDir == "" {
		self, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("find the folder of this program: %w", err)
		}
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		o.BinDir = filepath.Dir(self)
	}
	if o.TaskQueue == "" {
		o.TaskQueue = DefaultTaskQueue
	}
	if len(o.Fake.Servers) == 0 {
		o.Fake.Servers = []int64{12345}
	}
	if o.ReadyWithin <= 0 {
		o.ReadyWithin = defaultReadyWithin
	}
	return o, nil
}

// programs finds the three programs before anything is started, so that a missing one leaves nothing half up.
func (o Options) programs() (temporal, fake, worker string, err error) {
	if fake, err = o.beside(fakeProgram); err != nil {
		return "", "", "", err
	}
	if worker, err = o.beside(workerProgram); err != nil {
		return "", "", "", err
	}
	temporal, err = o.findTemporal()
	return temporal, fake, worker, err
}

func (o Options) beside(name string) (string, error) {
	path, err := exec.LookPath(filepath.Join(o.BinDir, name))
	if err != nil {
		return "", fmt.Errorf("the program %s is missing: %w: build all programs into one folder with `make build`", name, err)
	}
	return path, nil
}

func (o Options) findTemporal() (string, error) {
	for _, named := range []string{o.TemporalCLI, os.Getenv(TemporalCLIVariable)} {
		if named == "" {
			continue
		}
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("the Temporal CLI that %s names cannot be run: %w", TemporalCLIVariable, err)
		}
		return path, nil
	}
	if path, err := exec.LookPath(filepath.Join(o.BinDir, temporalProgram)); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(temporalProgram)
	if err != nil {
		return "", fmt.Errorf("the Temporal CLI is missing: run `make build`, put `temporal` on PATH or name it in %s: %w", TemporalCLIVariable, err)
	}
	return path, nil
}

// flags are the stand-in's own.
func (f FakeOptions) flags(listen string) []string {
	ids := make([]string, len(f.Servers))
	for i, id := range f.Servers {
		ids[i] = strconv.FormatInt(id, 10)
	}
	flags := []string{"--listen=" + listen, "--servers=" + strings.Join(ids, ",")}
	if f.Speed > 0 {
		flags = append(flags, "--speed="+strconv.FormatFloat(f.Speed, 'g', -1, 64))
	}
	if f.Faults != "" {
		flags = append(flags, "--faults="+f.Faults)
	}
	return append(flags, f.Args...)
}
