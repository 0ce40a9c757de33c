package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheTokenIsNeverPrinted(t *testing.T) {
	c, err := Load([]string{"VPS_API_TOKEN=" + secret})
	require.NoError(t, err)
	hidden := struct{ inside Config }{c} // fmt cannot call methods in here
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{c, &c, c.APIToken, &c.APIToken, []Token{c.APIToken}, hidden} {
			text := fmt.Sprintf(verb, value)
			assert.NotContains(t, text, secret, verb)
			assert.NotContains(t, text, fmt.Sprintf("%x", secret), verb)
		}
	}
	assert.Equal(t, "[redacted]", fmt.Sprint(c.APIToken))

	asJSON, err := json.Marshal(c)
	require.NoError(t, err)
	assert.NotContains(t, string(asJSON), secret)
	assert.Contains(t, string(asJSON), `"[redacted]"`)

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", c.APIToken, "config", c)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", c.APIToken, "config", c)
	assert.NotContains(t, log.String(), secret)
}

func TestATokenInTheWrongVariableIsNotRepeatedInTheError(t *testing.T) {
	for _, token := range []string{secret, "another-kind-of-token"} {
		_, err := Load([]string{
			"VPS_API_TOKEN=" + token, "VPS_API_URL=" + token, "VPS_RATE_LIMIT=" + token, "VPS_SETTLE=" + token, "VPS_POWER_PATH=" + token,
			"SAFEPOINT_LISTEN=" + token, "SAFEPOINT_LOG_LEVEL=" + token, "SAFEPOINT_LOG_FORMAT=" + token, "VPS_POLL_INTERVAL=" + token,
		})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), token)
	}
	_, err := Load([]string{"VPS_API_TOKEN_FILE=" + secret})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), secret, "the name of a missing file is not repeated")
	_, err = Load([]string{"VPS_RATE_LIMIT=" + secret})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), secret, "a token is recognised where VPS_API_TOKEN is missing")
}

func TestATokenThatNoTokenLooksLikeIsRefusedWithoutShowingIt(t *testing.T) {
	for _, bad := range []string{"Bearer " + secret, secret + "\n", "\t" + secret, "vps_ä", "vps_\x00"} {
		_, err := Load([]string{"VPS_API_TOKEN=" + bad})
		assert.Contains(t, problemsOf(t, err)["VPS_API_TOKEN"], "copy it again")
		assert.NotContains(t, err.Error(), bad)
	}
}

func TestTheTokenFileGivesTheToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(path, []byte(secret+"\r\n"), 0o600))
	c, err := Load([]string{"VPS_API_TOKEN_FILE=" + path, "VPS_API_TOKEN="})
	require.NoError(t, err)
	assert.Equal(t, secret, c.APIToken.Reveal())
}

func TestATokenFileThatCannotBeUsedIsOneProblem(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for name, tc := range map[string]struct{ file, want string }{
		"missing":   {filepath.Join(dir, "none"), "cannot be read"},
		"folder":    {dir, "cannot be read"},
		"empty":     {write("empty", " \n"), "empty"},
		"large":     {write("large", strings.Repeat("a", maxTokenFile+1)), "too large"},
		"two lines": {write("lines", "vps_a\nvps_b"), "copy it again"},
	} {
		_, err := Load([]string{"VPS_API_TOKEN_FILE=" + tc.file})
		texts := problemsOf(t, err)
		assert.Len(t, texts, 1, name)
		assert.Contains(t, texts["VPS_API_TOKEN_FILE"], tc.want, name)
	}
	_, err := Load([]string{"VPS_API_TOKEN=a", "VPS_API_TOKEN_FILE=" + write("good", secret)})
	assert.Contains(t, problemsOf(t, err)["VPS_API_TOKEN_FILE"], "keep one of the two")
}
