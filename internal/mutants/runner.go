package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// runner builds and runs tests of one module, with or without a mutant.
type runner struct {
	root, temp string
	timeout    time.Duration

	mu sync.Mutex
	// plain are the programs of the tests without a mutant, by package; passed the killers that pass without one.
	plain  map[string]string
	passed map[string]error
}

func newRunner(ctx context.Context, timeout time.Duration) (*runner, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("find the module's root: %w", err)
	}
	temp, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	return &runner{root: strings.TrimSpace(string(out)), temp: temp, timeout: timeout, plain: map[string]string{}, passed: map[string]error{}}, nil
}

func (r *runner) close() { _ = os.RemoveAll(r.temp) }

// build makes the program of a package's tests, without vet and without what only a debugger reads: that halves the time.
// overlay is the file for go's -overlay, or nothing.
func (r *runner) build(ctx context.Context, pkg, name, overlay string) (string, error) {
	program := filepath.Join(r.temp, name+".test")
	args := []string{"test", "-c", "-vet=off", "-ldflags", "-s -w", "-o", program}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+pkg)...)
	cmd.Dir = r.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the tests of %s do not build: %w\n%s", pkg, err, out)
	}
	return program, nil
}

// buildPlain builds each package's tests once. The mutex is held.
func (r *runner) buildPlain(ctx context.Context, pkg string) (string, error) {
	if program, ok := r.plain[pkg]; ok {
		return program, nil
	}
	program, err := r.build(ctx, pkg, "plain-"+strings.ReplaceAll(pkg, "/", "-"), "")
	if err == nil {
		r.plain[pkg] = program
	}
	return program, err
}

// buildMutant builds the tests with one mutant. The checkout stays as it is.
func (r *runner) buildMutant(ctx context.Context, m Mutant) (string, error) {
	file := filepath.Join(r.root, m.File)
	source, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	mutated, err := m.apply(string(source))
	if err != nil {
		return "", err
	}
	base := filepath.Join(r.temp, m.Name)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: base + ".go"}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(base+".go", []byte(mutated), 0o600), os.WriteFile(base+".json", overlay, 0o600)); err != nil {
		return "", err
	}
	return r.build(ctx, m.Kill.Package, m.Name, base+".json")
}

// start runs a program of tests, in the folder of its package as go test does.
func (r *runner) start(ctx context.Context, program string, kill Kill, pattern string) (result, error) {
	// The tests' own bound comes first; this one is for a program that does not keep it.
	bound, cancel := context.WithTimeout(ctx, r.timeout+30*time.Second)
	defer cancel()
	args := append([]string{"-test.run", pattern, "-test.timeout", r.timeout.String()}, kill.Args...)
	cmd := exec.CommandContext(bound, program, args...)
	cmd.Dir = filepath.Join(r.root, kill.Package)
	cmd.Env = append(os.Environ(), kill.Env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return result{}, ctx.Err()
	case bound.Err() != nil:
		return result{ending: timedOut}, nil
	case err != nil && !errors.As(err, &exit):
		return result{}, fmt.Errorf("start the tests of %s: %w", kill.Package, err)
	default:
		return judge(out.String(), err == nil), nil
	}
}

// passesWithout says whether the killer passes without a mutant, and runs a test at all.
func (r *runner) passesWithout(ctx context.Context, kill Kill) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := kill.key()
	if err, known := r.passed[key]; known {
		return err
	}
	program, err := r.buildPlain(ctx, kill.Package)
	if err != nil {
		return err
	}
	got, err := r.start(ctx, program, kill, kill.pattern())
	switch {
	case err != nil:
		return err
	case got.ending != passed:
		err = fmt.Errorf("%s does not pass without the mutant: %s %s", kill, got.ending, strings.Join(got.failed, ", "))
	}
	r.passed[key] = err
	return err
}

// try runs one mutant against its killer.
func (r *runner) try(ctx context.Context, m Mutant) (result, error) {
	if err := r.passesWithout(ctx, m.Kill); err != nil {
		return result{}, err
	}
	program, err := r.buildMutant(ctx, m)
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.Remove(program) }() // a hundred of them would fill a disk
	first, err := r.start(ctx, program, m.Kill, m.Kill.pattern())
	if err != nil || !first.caught() || first.ending == timedOut {
		return first, err
	}
	// A test that fails now and then would catch anything.
	again, err := r.start(ctx, program, m.Kill, m.Kill.pattern())
	if err == nil && !again.caught() {
		return again, fmt.Errorf("the test failed once and then %s: it notices by chance", again.ending)
	}
	return first, err
}

// tryWide runs every test of the killer's package with the mutant.
func (r *runner) tryWide(ctx context.Context, m Mutant) (result, error) {
	program, err := r.buildMutant(ctx, m)
	if err != nil {
		return result{}, err
	}
	return r.start(ctx, program, m.Kill, ".")
}
