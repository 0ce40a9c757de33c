package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// canaryName is a secret that is let out on purpose, in every channel: a search that does not find it is blind.
const canaryName = "the canary"

// searchForSecrets looks through everything that this run of the package has left behind, after its last test.
func searchForSecrets() error {
	if err := letCanaryOut(); err != nil {
		return fmt.Errorf("the search could not be tried: %w", err)
	}
	s := newSearch()
	temp, err := stack.Client()
	if err == nil {
		err = s.histories(temp)
	}
	if err == nil {
		err = s.collected(collected, stack.LogDir)
	}
	if err != nil {
		return fmt.Errorf("the search is not whole: %w", err)
	}
	leaks, blind := s.withoutCanary(inHistory, inList, inLog, inMetrics, inProcess)
	fmt.Printf("secrets: %d secrets looked for in %s; %d process lists with %d lines of the programs under test, %d looks at metrics; %d hits\n",
		secrets.count(), s, collected.looks, collected.own, collected.scrapes, len(leaks))
	if len(blind) > 0 {
		return fmt.Errorf("the search is blind: it does not find the canary in %v", blind)
	}
	if len(leaks) > 0 {
		return fmt.Errorf("secrets got out: %s", strings.Join(leaks, "; "))
	}
	return nil
}

// withoutCanary are the hits that count, and the channels in which the canary was not found.
func (s *search) withoutCanary(channels ...channel) (leaks []string, blind []channel) {
	found := map[channel]bool{}
	for _, h := range s.hits {
		if strings.HasPrefix(h.which, canaryName) {
			found[h.channel] = true
			continue
		}
		leaks = append(leaks, h.String())
	}
	for _, c := range channels {
		if !found[c] {
			blind = append(blind, c)
		}
	}
	return leaks, blind
}

// letCanaryOut puts the canary into every channel, in a different look each time.
func letCanaryOut() error {
	canary := secrets.newToken(canaryName)
	encoded := base64.StdEncoding.EncodeToString([]byte(`{"Authorization":"Bearer ` + canary + `"}`))
	if _, err := io.WriteString(collected.file("canary"), "level=ERROR msg="+encoded+"\n"); err != nil {
		return err
	}
	temp, err := stack.Client()
	if err != nil {
		return err
	}
	if err := plantRun(temp, canary); err != nil {
		return err
	}
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "requests_total{token=%q} 1\n", canary[:len(canary)*3/4]) // a cut one is a hit too
	}))
	defer metrics.Close()
	if err := collected.scrape(strings.TrimPrefix(metrics.URL, "http://"), patience); err != nil {
		return err
	}
	process := exec.Command("sh", "-c", "read line", "--token="+canary) // as if a program took its token as an argument
	wait, err := process.StdinPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		return err
	}
	defer func() { _ = wait.Close(); _ = process.Wait() }() // its end is of no interest
	collected.lookAtProcesses()
	return nil
}

// plantRun leaves a run that nobody serves, and waits until the list shows it. The memo is in the list, the input only in
// the history.
func plantRun(temp client.Client, canary string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	run, err := temp.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		TaskQueue: "canary", Memo: map[string]any{"note": "see https://example.com/?token=" + url.QueryEscape(canary)},
	}, "Canary", map[string]string{"note": canary})
	if err != nil {
		return err
	}
	if err := temp.TerminateWorkflow(ctx, run.GetID(), run.GetRunID(), "it was never meant to run"); err != nil {
		return err
	}
	for query := fmt.Sprintf("WorkflowId = '%s' AND ExecutionStatus != 'Running'", run.GetID()); ; time.Sleep(50 * time.Millisecond) { // the pause of a bounded poll
		page, err := temp.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		if err != nil || len(page.GetExecutions()) > 0 {
			return err
		}
	}
}

// scanned looks through the file of the world's own Temporal server, dead or alive, and through its histories.
func (w *world) scanned() {
	w.t.Helper()
	require.NoError(w.t, plantRun(w.temp, secrets.newToken(canaryName+" of the chaos")))
	s := newSearch()
	require.NoError(w.t, s.histories(w.temp))
	for _, file := range []string{w.database, w.database + "-wal"} {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) && file != w.database {
			continue // all of it is in the file itself
		}
		require.NoError(w.t, err)
		s.look(inFile, filepath.Base(file), text)
	}
	leaks, blind := s.withoutCanary(inHistory, inList, inFile)
	fmt.Printf("crashes: the token looked for in %s; %d hits\n", s, len(leaks))
	assert.Empty(w.t, leaks)
	assert.Empty(w.t, blind, "the search does not find the canary there")
}
