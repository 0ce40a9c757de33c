package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyText stands for a private key: it must never be shown.
const keyText = "-----BEGIN OPENSSH PRIVATE KEY-----secret-of-the-key"

// sshFiles are good ones.
func sshFiles(t *testing.T) (key, hosts string) {
	t.Helper()
	dir := t.TempDir()
	key, hosts = filepath.Join(dir, "key"), filepath.Join(dir, "known_hosts")
	require.NoError(t, os.WriteFile(key, []byte(keyText), 0o600))
	require.NoError(t, os.WriteFile(hosts, []byte("web ssh-ed25519 AAAA"), 0o644))
	return key, hosts
}

func TestWithoutAPolicyEveryServerIsAllowedAndSSHIsOff(t *testing.T) {
	c, err := Load([]string{"VPS_API_TOKEN=" + secret, "SAFEPOINT_ALLOW_SERVERS=", "SAFEPOINT_ALLOW_URLS= , ,", "SAFEPOINT_ALLOW_SSH="})
	require.NoError(t, err)
	assert.Empty(t, c.AllowServers)
	assert.Empty(t, c.AllowURLs)
	assert.Empty(t, c.AllowSSH)
	assert.Equal(t, "root", c.SSHUser)
	servers, err := ParseServers(c.AllowServers)
	require.NoError(t, err)
	assert.True(t, servers.All())
	assert.True(t, servers.Allows(1))
}

func TestThePolicyIsReadAsCommaLists(t *testing.T) {
	key, hosts := sshFiles(t)
	c, err := Load([]string{
		"VPS_API_TOKEN=" + secret, "SAFEPOINT_ALLOW_SERVERS=7, 100-199 ,", "SAFEPOINT_ALLOW_URLS=*.example.com, https://deploy.example.com/hooks/,10.0.0.0/8",
		"SAFEPOINT_ALLOW_SSH=web01.example.com:22", "SAFEPOINT_SSH_KEY_FILE=" + key, "SAFEPOINT_SSH_KNOWN_HOSTS=" + hosts, "SAFEPOINT_SSH_USER=deploy",
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"7", "100-199"}, c.AllowServers)
	assert.Equal(t, []string{"*.example.com", "https://deploy.example.com/hooks/", "10.0.0.0/8"}, c.AllowURLs)
	assert.Equal(t, []string{"web01.example.com:22"}, c.AllowSSH)
	assert.Equal(t, "deploy", c.SSHUser)
	assert.Empty(t, c.Warnings)
}

func TestServersAreIdsAndRangesWithBothEnds(t *testing.T) {
	s, err := ParseServers([]string{"7", "100-199", "150-300", " 9223372036854775807 "})
	require.NoError(t, err)
	assert.False(t, s.All())
	for id, want := range map[int64]bool{7: true, 100: true, 199: true, 250: true, 300: true, 9223372036854775807: true, 0: false, -7: false, 6: false, 8: false, 99: false, 301: false} {
		assert.Equal(t, want, s.Allows(id), id)
	}
	for _, bad := range []string{"0", "-5", "a", "1-", "-", "5-4", "1-2-3", "1.5", "9223372036854775808", "+7", "0-10", "1..3", "*"} {
		_, err := ParseServers([]string{"7", bad})
		assert.ErrorContains(t, err, quote(bad))
	}
}

func TestEveryProblemOfThePolicyIsReportedAtOnceByVariable(t *testing.T) {
	_, err := Load([]string{
		"VPS_API_TOKEN=" + secret, "SAFEPOINT_ALLOW_SERVERS=7,x,9-8", "SAFEPOINT_ALLOW_URLS=*,169.254.169.254,https://u:pw-secret@a/",
		"SAFEPOINT_ALLOW_SSH=https://a/", "SAFEPOINT_SSH_USER=a b",
	})
	texts := problemsOf(t, err)
	for variable, part := range map[string]string{
		"SAFEPOINT_ALLOW_SERVERS":   `"x", "9-8" cannot be read`,
		"SAFEPOINT_ALLOW_URLS":      "entry 2: 169.254.169.254 is an address of a cloud's metadata service",
		"SAFEPOINT_ALLOW_SSH":       "entry 1: a URL is no ssh host",
		"SAFEPOINT_SSH_KEY_FILE":    "it is not set, but SAFEPOINT_ALLOW_SSH is",
		"SAFEPOINT_SSH_KNOWN_HOSTS": "it is not set, but SAFEPOINT_ALLOW_SSH is",
		"SAFEPOINT_SSH_USER":        "a space",
	} {
		assert.Contains(t, texts[variable], part, variable)
	}
	assert.Contains(t, texts["SAFEPOINT_ALLOW_URLS"], "entry 3: take the user name")
	assert.Len(t, texts, 6)
	assert.NotContains(t, err.Error(), "pw-secret")
}

func TestAnSSHFileThatCannotBeUsedIsOneProblemThatShowsNeitherItNorItsPath(t *testing.T) {
	key, hosts := sshFiles(t)
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	for name, tc := range map[string]struct{ key, hosts, variable, want string }{
		"missing key":        {dir + "/none", hosts, "SAFEPOINT_SSH_KEY_FILE", "cannot be read"},
		"key in a folder":    {dir, hosts, "SAFEPOINT_SSH_KEY_FILE", "not a regular file"},
		"key is no path":     {keyText, hosts, "SAFEPOINT_SSH_KEY_FILE", "cannot be read"},
		"empty key":          {file("empty", "", 0o600), hosts, "SAFEPOINT_SSH_KEY_FILE", "is empty"},
		"key for the group":  {file("group", keyText, 0o640), hosts, "SAFEPOINT_SSH_KEY_FILE", "mode is 0640"},
		"key for everybody":  {file("all", keyText, 0o604), hosts, "SAFEPOINT_SSH_KEY_FILE", "make it 0600 or 0400"},
		"missing hosts":      {key, dir + "/none", "SAFEPOINT_SSH_KNOWN_HOSTS", "cannot be read"},
		"empty hosts":        {key, file("hosts", "", 0o600), "SAFEPOINT_SSH_KNOWN_HOSTS", "is empty"},
		"nothing, as a pipe": {os.DevNull, hosts, "SAFEPOINT_SSH_KEY_FILE", "not a regular file"},
	} {
		_, err := Load([]string{"VPS_API_TOKEN=" + secret, "SAFEPOINT_ALLOW_SSH=web", "SAFEPOINT_SSH_KEY_FILE=" + tc.key, "SAFEPOINT_SSH_KNOWN_HOSTS=" + tc.hosts})
		texts := problemsOf(t, err)
		assert.Len(t, texts, 1, name)
		assert.Contains(t, texts[tc.variable], tc.want, name)
		assert.NotContains(t, err.Error(), "secret-of-the-key", name)
		assert.NotContains(t, err.Error(), dir, name)
	}
	_, err := Load([]string{"VPS_API_TOKEN=" + secret, "SAFEPOINT_ALLOW_SSH=web", "SAFEPOINT_SSH_KEY_FILE=" + file("mine", keyText, 0o400), "SAFEPOINT_SSH_KNOWN_HOSTS=" + hosts})
	require.NoError(t, err, "a key that only its owner may read")
}

func TestAKeyWithoutHostsIsAWarningAndNotLookedAt(t *testing.T) {
	c, err := Load([]string{"VPS_API_TOKEN=" + secret, "SAFEPOINT_SSH_KEY_FILE=/nowhere", "SAFEPOINT_SSH_KNOWN_HOSTS=/nowhere"})
	require.NoError(t, err)
	require.Len(t, c.Warnings, 2)
	assert.Contains(t, strings.Join(c.Warnings, ""), "SAFEPOINT_ALLOW_SSH")
}
