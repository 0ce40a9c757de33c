package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// programs are the names under which distributions install a browser that speaks the DevTools protocol.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// errNoBrowser says what to install.
var errNoBrowser = errors.New("no browser was found: install Chromium (apt-get install chromium, dnf install chromium or brew install --cask chromium), " +
	"or put one of " + strings.Join(programs, ", ") + " on PATH")

// findBrowser returns the first of the programs that look finds.
func findBrowser(look func(name string) (string, error)) (string, error) {
	for _, name := range programs {
		if path, err := look(name); err == nil {
			return path, nil
		}
	}
	return "", errNoBrowser
}

// startWithin bounds the browser's first answer; it takes 1 s on an idle machine.
const startWithin = time.Minute

// quitWithin is how long the browser may take to end after it was asked to, and again after it was killed.
const quitWithin = 5 * time.Second

// browser is one headless browser with a new, empty profile.
type browser struct {
	*pipe
	cmd     *exec.Cmd
	profile string
	to      *os.File
	said    bytes.Buffer // on standard error; only read after it ended
	ended   chan struct{}
}

// flags keep the browser to the pages that it is asked for.
func flags(profile string, root bool) []string {
	all := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + profile, "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--lang=en-US",
		"--force-color-profile=srgb", "--disable-dev-shm-usage", // /dev/shm is tiny in containers
	}
	if root {
		all = append(all, "--no-sandbox") // Chromium does not start as root with it
	}
	return all
}

// startBrowser runs the program and returns when it answers. The caller must call stop.
func startBrowser(ctx context.Context, program string) (*browser, error) {
	profile, err := os.MkdirTemp("", "safepoint-screenshots-")
	if err != nil {
		return nil, fmt.Errorf("make a browser profile: %w", err)
	}
	b := &browser{profile: profile, ended: make(chan struct{})}
	if err := b.start(program); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", program, err), os.RemoveAll(profile))
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := b.call(ctx, "", "Browser.getVersion", nil, nil); err != nil {
		b.stop()
		return nil, fmt.Errorf("%s does not run here: %w\n%s", program, err, bytes.TrimSpace(b.said.Bytes()))
	}
	return b, nil
}

func (b *browser) start(program string) error {
	itsIn, to, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = itsIn.Close() }() // the browser has its own copy
	from, itsOut, err := os.Pipe()
	if err != nil {
		return errors.Join(err, to.Close())
	}
	defer func() { _ = itsOut.Close() }()
	b.cmd = exec.Command(program, flags(b.profile, os.Geteuid() == 0)...)
	b.cmd.ExtraFiles = []*os.File{itsIn, itsOut} // 3 and 4, where the browser looks for them
	b.cmd.Stderr = &b.said
	b.cmd.Env = append(os.Environ(), "TZ=UTC", "LANG=en_US.UTF-8")
	b.cmd.WaitDelay = quitWithin // a helper process that outlives it may hold stderr open
	if err := b.cmd.Start(); err != nil {
		return errors.Join(err, to.Close(), from.Close())
	}
	b.to, b.pipe = to, newPipe(from, to)
	go func() {
		defer close(b.ended)
		_ = b.cmd.Wait() // how it ended is of no interest: the calls fail when it ends too early
		_ = from.Close()
	}()
	return nil
}

// stop ends the browser, by force where it does not end by itself, and removes its profile.
func (b *browser) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), quitWithin)
	defer cancel()
	_ = b.call(ctx, "", "Browser.close", nil, nil) // it may be gone already
	select {
	case <-b.ended:
	case <-ctx.Done():
		_ = b.cmd.Process.Kill()
		<-b.ended // Wait has a bound of its own
	}
	_ = b.to.Close()
	_ = os.RemoveAll(b.profile) // a temporary folder; the system clears what is left
}
