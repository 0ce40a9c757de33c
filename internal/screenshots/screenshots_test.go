package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestTheBrowserIsTheFirstThatIsThereAndElseTheErrorSaysHowToInstallOne(t *testing.T) {
	found, err := findBrowser(func(name string) (string, error) {
		if name == "chromium" {
			return "", exec.ErrNotFound
		}
		return "/opt/" + name, nil
	})
	require.NoError(t, err)
	assert.Equal(t, "/opt/chromium-browser", found)

	_, err = findBrowser(func(string) (string, error) { return "", exec.ErrNotFound })
	require.ErrorContains(t, err, "install Chromium")
}

func TestOnlyRootGivesUpTheSandbox(t *testing.T) {
	assert.Contains(t, flags("profile", true), "--no-sandbox")
	assert.NotContains(t, flags("profile", false), "--no-sandbox")
}

// talk is a browser that answers each command as answers says, and ends when it has no answer.
func talk(t *testing.T, answers map[string]string) *pipe {
	t.Helper()
	itsIn, to := io.Pipe()
	from, itsOut := io.Pipe()
	go func() {
		defer func() { _ = itsOut.Close() }()
		commands := bufio.NewReader(itsIn)
		for {
			command, err := commands.ReadBytes(0)
			if err != nil {
				return
			}
			var got struct {
				ID     int    `json:"id"`
				Method string `json:"method"`
			}
			if json.Unmarshal(command[:len(command)-1], &got) != nil || answers[got.Method] == "" {
				return
			}
			event := `{"method": "Page.loaded", "params": {}}` + "\x00"
			id, _ := json.Marshal(got.ID)
			if _, err := io.WriteString(itsOut, event+`{"id": `+string(id)+`, `+answers[got.Method]+"}\x00"); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = to.Close() })
	return newPipe(from, to)
}

func TestACommandGetsItsOwnAnswerARefusalOrTheEndOfTheBrowser(t *testing.T) {
	ctx := context.Background()
	p := talk(t, map[string]string{
		"Browser.getVersion": `"result": {"product": "a browser"}`,
		"Page.open":          `"error": {"message": "no such page"}`,
	})
	var version struct {
		Product string `json:"product"`
	}
	require.NoError(t, p.call(ctx, "", "Browser.getVersion", nil, &version))
	assert.Equal(t, "a browser", version.Product)
	require.ErrorContains(t, p.call(ctx, "tab", "Page.open", nil, nil), "no such page")
	require.ErrorContains(t, p.call(ctx, "", "Browser.crash", nil, nil), "the browser has ended")
	require.ErrorContains(t, p.call(ctx, "", "Browser.getVersion", nil, nil), "the browser has ended")
}

func TestACommandEndsWithItsContextWhenTheBrowserIsSilent(t *testing.T) {
	silent, _ := io.Pipe()
	p := newPipe(silent, io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := p.call(ctx, "", "Browser.getVersion", nil, nil)
	require.True(t, errors.Is(err, context.Canceled), "%v", err)
	assert.Empty(t, p.waiting)
}

func TestThePicturesShowRunsThatArePlayed(t *testing.T) {
	ids, onServers := map[string]role{}, map[int64]bool{}
	for _, act := range acts(&devstack.Stack{FakeURL: "http://127.0.0.1:1"}) {
		for _, r := range act {
			assert.NotContains(t, ids, r.id)
			ids[r.id] = r
			if server, one := r.input["server_id"].(int64); one {
				assert.False(t, onServers[server], "two runs of one server wait for each other")
				onServers[server] = true
				assert.Contains(t, serverIDs(), server)
			}
		}
	}
	assert.Equal(t, workflows.OutcomeRolledBack, ids[rolledBackRun].outcome)
	assert.Equal(t, workflows.PhaseHold, ids[heldRun].phase)
}

func TestWhatIsTypedIntoTheUIIsADecision(t *testing.T) {
	var request workflows.DecideRequest
	require.NoError(t, json.Unmarshal([]byte(decision), &request))
	assert.Equal(t, workflows.DecideRequest{Decision: workflows.DecideRollback, By: "ana", Note: "the shop answers 500"}, request)
}
