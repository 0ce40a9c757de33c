package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// A token that was put where it does not belong must not be repeated by whoever finds it there.
func TestATokenInTheWrongPlaceIsNotRepeated(t *testing.T) {
	t.Parallel()
	token := secrets.newToken("a misplaced token")
	for name, settings := range map[string][]string{
		"with a line break inside":   {"VPS_API_TOKEN=" + token + "\nx"},
		"with Bearer before it":      {"VPS_API_TOKEN=Bearer " + token},
		"as the file that holds it":  {"VPS_API_TOKEN_FILE=" + token},
		"beside its file":            {"VPS_API_TOKEN=" + token, "VPS_API_TOKEN_FILE=" + os.DevNull},
		"as the API's address":       {"VPS_API_TOKEN=" + token, "VPS_API_URL=" + token},
		"in the API's address":       {"VPS_API_TOKEN=" + token, "VPS_API_URL=http://user:" + token + "@127.0.0.1:1/api/v1"},
		"in the API's query":         {"VPS_API_TOKEN=" + token, "VPS_API_URL=http://127.0.0.1:1/api/v1?token=" + token},
		"as a time":                  {"VPS_API_TOKEN=" + token, "VPS_POLL_INTERVAL=" + token},
		"as a number":                {"VPS_API_TOKEN=" + token, "VPS_RATE_LIMIT=" + token},
		"as a level":                 {"VPS_API_TOKEN=" + token, "SAFEPOINT_LOG_LEVEL=" + token},
		"as an address to listen on": {"VPS_API_TOKEN=" + token, "SAFEPOINT_LISTEN=" + token},
		"as a list of URLs":          {"VPS_API_TOKEN=" + token, "SAFEPOINT_ALLOW_URLS=http://" + token + "@/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := launch(t, programPath("safepoint-worker"), append(settings, "TEMPORAL_ADDRESS="+nobody(t)))
			assert.Equal(t, 2, w.exit(patience))
			assert.NotEmpty(t, w.output.String())
			assert.Empty(t, secrets.find([]byte(w.output.String())), "what it said")
		})
	}
}

// The command line needs no token, and a user's shell has one all the same.
func TestTheCommandLineNeverShowsTheTokenOfItsShell(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	token := secrets.newToken("the token of a shell")
	r.start(r.id(), r.input(true, nil))
	r.end(r.id(), runBar)
	for _, line := range []string{
		"status " + r.id(), "status no-such-run", "report " + r.id(), "report --output json " + r.id(), "decide " + r.id() + " commit",
		"run snapshot-update-verify --server nothing", "run snapshot-update-verify --file /nowhere", "schedule list", "begin", "--help", "no-such-command",
	} {
		for _, temporal := range []string{stack.TemporalAddress, nobody(t)} {
			if temporal != stack.TemporalAddress && !strings.HasPrefix(line, "status") {
				continue // nobody answers there: one wait for that is enough
			}
			p := launch(t, programPath("safepoint"), append(stack.Env(), "VPS_API_TOKEN="+token, "TEMPORAL_ADDRESS="+temporal), strings.Fields(line)...)
			p.exit(patience)
			assert.NotEmpty(t, p.output.String(), line)
			assert.Empty(t, secrets.find([]byte(p.output.String())), line)
		}
	}
}

// badKeys are what a worker may find instead of its private key, made from a good one.
func badKeys(t *testing.T, good string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(good)
	require.NoError(t, err)
	require.NoError(t, secrets.key("a key that is used badly", text))
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	file := func(name string, text []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		return path
	}
	stranger := filepath.Join(t.TempDir(), "stranger")
	sshtest.WriteKey(t, stranger, sshtest.KindEd25519)
	strange, err := os.ReadFile(stranger)
	require.NoError(t, err)
	require.NoError(t, secrets.key("a key that the server does not know", strange))
	return map[string]string{
		"cut":                     file("cut", text[:len(text)*2/3]),
		"without its first line":  file("headless", bytes.Join(lines[1:], []byte("\n"))),
		"with a broken body":      file("broken", bytes.Replace(text, lines[2][:8], []byte("########"), 1)),
		"with its body upside":    file("upside", bytes.Join([][]byte{lines[0], lines[2], lines[1], lines[len(lines)-1]}, []byte("\n"))),
		"unknown to the server":   stranger,
		"good, but not a command": good,
	}
}

func TestAPrivateKeyThatCannotBeUsedIsNeverQuoted(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, sshtest.Options{})
	for name, path := range badKeys(t, server.KeyFile) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := maps.Clone(sshSettings(server))
			settings["SAFEPOINT_SSH_KEY_FILE"] = path
			list := []string{"SAFEPOINT_LOG_LEVEL=debug"}
			for name, value := range settings {
				list = append(list, name+"="+value)
			}
			r := rigWithoutWorker(t)
			w := r.readyWorker(list...)
			r.start(r.id(), r.input(true, func(in map[string]any) {
				in["update"] = map[string]any{"kind": "ssh", "address": server.Address, "command": "exit 3", "timeout": "20s"}
			}))
			report := r.end(r.id(), runBar)
			assert.Contains(t, []string{contract.FailChangeNotStarted, contract.FailPreflight, contract.FailRolledBack}, report.Failure, "%+v", report)
			s := newSearch()
			require.NoError(t, s.history(r.temp, r.id(), ""))
			s.look(inLog, "the worker", []byte(w.output.String()))
			assert.Empty(t, s.hits)
			assert.Empty(t, r.requests(vpsfake.OpDeployHook))
		})
	}
	t.Run("given in the place of its path", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile(server.KeyFile)
		require.NoError(t, err)
		w := launch(t, programPath("safepoint-worker"), append(stack.Env(), "SAFEPOINT_ALLOW_SSH="+server.Address, "SAFEPOINT_SSH_USER="+server.User,
			"SAFEPOINT_SSH_KNOWN_HOSTS="+server.KnownHosts, fmt.Sprintf("SAFEPOINT_SSH_KEY_FILE=%s", text)))
		assert.Equal(t, 2, w.exit(patience))
		assert.Contains(t, w.output.String(), "SAFEPOINT_SSH_KEY_FILE")
		assert.Empty(t, secrets.find([]byte(w.output.String())), "what it said")
	})
}
