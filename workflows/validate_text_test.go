package workflows

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAURLIsHTTPWithAHostAndCarriesNoSecretOrFragment(t *testing.T) {
	for _, good := range []string{
		"http://a", "HTTPS://web01.example.com:8443/x/y?z=1&q=%20", "http://127.0.0.1:8080/", "http://[2001:db8::1]:80/", "http://bücher.example/ü",
		"https://a/" + strings.Repeat("p", maxURL-len("https://a/")),
	} {
		assert.Empty(t, urlProblem(good), good)
	}
	for bad, want := range map[string]string{
		"web01.example.com":                      "must start with http",
		"web01.example.com:80/x":                 "must start with http",
		"ftp://a/":                               "must start with http",
		"file:///etc/passwd":                     "must start with http",
		"http:a.example":                         "has no host",
		"http://":                                "has no host",
		"https:///path":                          "has no host",
		"http://:80/":                            "has no host",
		"http://user:hunter2@a/":                 "user name or password",
		"http://user@a/":                         "user name or password",
		"http://user:hunter2@a:x/":               "is not a URL",
		"http://a/#top":                          "fragment",
		"http://a/#":                             "fragment",
		"http://a:0/":                            "port",
		"http://a:65536/":                        "port",
		"http://a b/":                            "spaces",
		"http://a/b c":                           "spaces",
		"http://a/\r\nHost: b":                   "spaces or control",
		" http://a/":                             "spaces",
		"http://a/\u00a0":                        "spaces",
		"http://a/%zz":                           "is not a URL",
		"http://[::1/":                           "is not a URL",
		"https://a/" + strings.Repeat("p", 2048): "at most 2048",
	} {
		problem := urlProblem(bad)
		assert.Contains(t, problem, want, bad)
		assert.NotContains(t, problem, "hunter2", "a password must not reach an error")
	}
}

func TestAPasswordInAURLDoesNotReachTheError(t *testing.T) {
	for _, url := range []string{"https://user:hunter2@a/", "https://user:hunter2@a:x/", "ftp://user:hunter2@a/#"} {
		_, err := decodeSnapshotUpdateVerify(jsonInput(withUpdate(`"kind": "webhook", "url": "` + url + `"`)))
		assert.ErrorContains(t, err, "update.url: ")
		assert.NotContains(t, err.Error(), "hunter2")
		_, err = decodeSnapshotUpdateVerify(jsonInput(withChecks(`{"kind": "http", "url": "` + url + `"}`)))
		assert.ErrorContains(t, err, "verify.checks[0].url: ")
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestAnAddressIsAHostAndAPort(t *testing.T) {
	for _, good := range []string{"a:1", "web-01.example_x.com:65535", "127.0.0.1:22", "[::1]:22", "[2001:db8::1]:443"} {
		assert.Empty(t, addressProblem(good), good)
	}
	for _, bad := range []string{
		"a", "a:", ":22", "a:0", "a:65536", "a:-1", "a:+1", "a:ssh", "a b:22", "::1:22", "[::1]", "[::1:22", "[127.0.0.1]:22", "[]:22", "[fe80::1%eth0]:22", "[fe80::1%\n]:22",
		"http://a:80", "a/b:80", "a\n:80", "-a:22", "a:22 ", strings.Repeat("a", 254) + ":22", "bücher:22",
	} {
		assert.NotEmpty(t, addressProblem(bad), bad)
	}
}

func TestMessagesNameTheAllowedWordsAndBounds(t *testing.T) {
	for input, want := range map[string]string{
		withField(`"rollback": {"on_failure": "x"}`):      `rollback.on_failure: must be one of restore, hold, none, got "x"`,
		withField(`"lock": {"on_busy": "x"}`):             `lock.on_busy: must be one of wait, fail, skip, got "x"`,
		withField(`"lock": {"timeout": "0s"}`):            `lock.timeout: must be from 1s to 168h, got 0s`,
		withUpdate(`"kind": "x"`):                         `update.kind: must be one of none, external, webhook, ssh, workflow, got "x"`,
		withUpdate(`"kind": ""`):                          `update.kind: is required: one of none, external, webhook, ssh, workflow`,
		withUpdate(`"kind": "none", "on_unknown": "x"`):   `update.on_unknown: must be one of hold, commit, rollback, got "x"`,
		withChecks(`{"kind": "x"}`):                       `verify.checks[0].kind: must be one of http, tcp, ssh, got "x"`,
		withVerify(`"skip": true, "interval": "2h"`):      `verify.interval: must be from 100ms to 1h, got 2h`,
		withVerify(`"skip": true, "successes": 1001`):     `verify.successes: must be from 1 to 1000, got 1001`,
		withField(`"retention": {"keep_last": -1}`):       `retention.keep_last: must be from 1 to 5, got -1`,
		withField(`"snapshot": {"description": "run=x"}`): `snapshot.description: must not contain the word "run=x": words that start with run= are Safepoint's own marker`,
	} {
		_, err := decodeSnapshotUpdateVerify(jsonInput(input))
		assert.EqualError(t, err, "1 problem in the input:\n- "+want)
	}
}
