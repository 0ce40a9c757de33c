package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// collected is everything that the tests' programs leave behind, for the search at the end of the package.
var collected = &collection{metrics: map[string]string{}, commands: map[string]bool{}, learned: map[string]bool{}}

// collection gathers while the tests run: what programs say goes into files, process lists and metrics are looked at
// again and again because they are gone with their processes.
type collection struct {
	dir string

	mu       sync.Mutex // guards what follows
	files    int
	metrics  map[string]string // the newest of each page of each worker, by its address
	scrapes  int
	commands map[string]bool // every line of every process list, once
	looks    int
	own      int             // lines of the programs under test
	learned  map[string]bool // files of secrets, by their path
}

// sampleEvery is how often the process list is looked at. A process that lives shorter is missed here, but its command
// line is the test's own: see argv.
const sampleEvery = 100 * time.Millisecond

// file is a new file for what one program says. Without a folder, as in a test that runs alone in an editor, it goes
// nowhere.
func (c *collection) file(name string) io.Writer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir == "" {
		return io.Discard
	}
	c.files++
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' {
			return '-'
		}
		return r
	}, name)
	f, err := os.OpenFile(filepath.Join(c.dir, fmt.Sprintf("%04d-%s.log", c.files, name)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err) // the search would be blind here
	}
	return f
}

// argv notes the command line of a program that a test starts, however short it lives.
func (c *collection) argv(args []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands[strings.Join(args, "\x00")] = true
	c.own++
}

// watch looks at process lists and metrics until stop is closed.
func (c *collection) watch(stop <-chan struct{}) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
			workers := c.lookAtProcesses()
			if n%20 == 0 { // metrics only grow, and a look costs the worker something
				for _, listen := range workers {
					_ = c.scrape(listen, time.Second) // a worker that does not answer is being started or killed
				}
			}
		}
	}
}

// lookAtProcesses reads every command line of the machine, as ps does, and returns where the workers under test listen.
// What the programs under test were given in secret goes into the vault, whichever test gave it.
func (c *collection) lookAtProcesses() (workers []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is fixed, so there is no error
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || len(line) == 0 {
			continue // gone, or a thread of the kernel
		}
		c.commands[string(line)] = true
		program, _, _ := strings.Cut(string(line), "\x00")
		if filepath.Dir(program) != binDir {
			continue
		}
		c.own++
		environ, err := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if err != nil {
			continue // gone
		}
		settings := map[string]string{}
		for entry := range strings.SplitSeq(string(environ), "\x00") {
			name, value, _ := strings.Cut(entry, "=")
			settings[name] = value
		}
		c.learn(filepath.Base(program), settings)
		if listen := settings["SAFEPOINT_LISTEN"]; listen != "" && filepath.Base(program) == "safepoint-worker" {
			workers = append(workers, listen)
		}
	}
	return workers
}

// learn puts what a program must keep to itself into the vault.
func (c *collection) learn(program string, settings map[string]string) {
	for _, name := range []string{"VPS_API_TOKEN", "SAFEPOINT_FAKE_TOKEN", "TEMPORAL_API_KEY"} {
		secrets.token(name+" of "+program, settings[name])
	}
	for name, take := range map[string]func(text []byte){
		"VPS_API_TOKEN_FILE": func(text []byte) {
			secrets.token("VPS_API_TOKEN_FILE of "+program, strings.TrimSpace(string(text)))
		},
		"SAFEPOINT_SSH_KEY_FILE": func(text []byte) {
			_ = secrets.key("the ssh key of "+program, text) // a file that is no key is a test's own mischief
		},
	} {
		path := settings[name]
		if path == "" || c.learned[path] {
			continue
		}
		if text, err := os.ReadFile(path); err == nil {
			c.learned[path] = true
			take(text)
		}
	}
}

// pages are what a worker serves at SAFEPOINT_LISTEN. A worker without metrics answers 404 there, and that is read too.
var pages = []string{"/metrics", "/healthz", "/readyz"}

// scrape keeps a worker's pages.
func (c *collection) scrape(listen string, within time.Duration) error {
	ask := &http.Client{Timeout: within}
	for _, page := range pages {
		resp, err := ask.Get("http://" + listen + page)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.scrapes++
		c.metrics[listen+page] = string(text)
		c.mu.Unlock()
	}
	return nil
}
