package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/sshrun/sshtest"
)

func TestTheSearchFindsATokenInEveryLook(t *testing.T) {
	t.Parallel()
	const token = `vps_q2+w4/e6="r8'<t0>&y%z\u-1357`
	v := newVault()
	v.token("the token", token)
	inJSON, err := json.Marshal("Bearer " + token)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"plain":              "Authorization: Bearer " + token,
		"at the very end":    token,
		"in JSON":            string(inJSON),
		"in a query":         "/?t=" + url.QueryEscape(token) + "&x=1",
		"in a path":          "/" + url.PathEscape(token) + "/",
		"in a page":          "<pre>vps_q2+w4/e6=&#34;r8&#39;&lt;t0&gt;&amp;y%z\\u-1357</pre>",
		"hexadecimal":        hex.EncodeToString([]byte("x" + token)),
		"upper case":         strings.ToUpper(token),
		"base64, aligned":    base64.StdEncoding.EncodeToString([]byte(token + " and more")),
		"base64, by one":     base64.StdEncoding.EncodeToString([]byte("1" + token)),
		"base64, by two":     base64.URLEncoding.EncodeToString([]byte("12" + token + "3")),
		"base64 of a header": base64.RawURLEncoding.EncodeToString([]byte("Authorization: Bearer " + token + "\r\n")),
		"cut at its end":     "Bearer " + token[:len(token)-3] + "…",
		"cut at its start":   "…" + token[3:],
	} {
		assert.NotEmpty(t, v.find([]byte(text)), name)
	}
	for _, harmless := range []string{"", "vps_", token[:8], "Bearer [token]", strings.Repeat("vps_q2+", 10)} {
		assert.Empty(t, v.find([]byte(harmless)), harmless)
	}
}

func TestTheSearchFindsEveryPieceOfAPrivateKeyAndNoPublicKey(t *testing.T) {
	t.Parallel()
	for _, kind := range []sshtest.Kind{sshtest.KindEd25519, sshtest.KindECDSA, sshtest.KindRSA} {
		path := filepath.Join(t.TempDir(), "id")
		public := sshtest.WriteKey(t, path, kind)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		v := newVault()
		require.NoError(t, v.key("the key", text))
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		found := 0
		for _, line := range lines[1 : len(lines)-1] {
			if len(v.find([]byte("log: "+line[:min(40, len(line))]))) > 0 {
				found++
			}
		}
		assert.GreaterOrEqual(t, found, 2, "%s: lines that are more than the public key", kind)
		whole, err := base64.StdEncoding.DecodeString(strings.Join(lines[1:len(lines)-1], ""))
		require.NoError(t, err)
		assert.NotEmpty(t, v.find(whole), "%s, its raw bytes", kind)
		assert.NotEmpty(t, v.find([]byte(base64.StdEncoding.EncodeToString(append([]byte("x"), text...)))), "%s, its file in base64", kind)
		assert.Empty(t, v.find(public.Marshal()), "%s: a public key is no secret", kind)
		assert.Empty(t, v.find([]byte(base64.StdEncoding.EncodeToString(public.Marshal()))), "%s: a public key is no secret", kind)
	}
}
