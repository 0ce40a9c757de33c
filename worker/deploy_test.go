package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/config"
)

// settingNames are those that the help text lists.
func settingNames() []string {
	var names []string
	for line := range strings.SplitSeq(strings.TrimSpace(config.Usage()), "\n") {
		names = append(names, strings.Fields(line)[0])
	}
	return names
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// service is the part of the compose file about one service.
func service(t *testing.T, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?ms)^  ` + name + `:\n(.*?)(^  \S|^\S)`).FindStringSubmatch(readText(t, "../docker-compose.yml"))
	require.NotNil(t, found, "no service %s", name)
	return found[1]
}

func TestTheComposeFilePassesEverySettingToTheWorker(t *testing.T) {
	worker, example := service(t, "worker"), readText(t, "../.env.example")
	require.Contains(t, settingNames(), "SAFEPOINT_ALLOW_URLS")
	for _, name := range settingNames() {
		assert.Contains(t, worker, "\n      "+name+": ", "docker-compose.yml")
		if name != "SAFEPOINT_LISTEN" { // the container's own, which its published port and its health check rest on
			assert.Regexp(t, `(?m)^#?`+name+`=`, example, ".env.example")
		}
	}
}

func TestTheContainersHaveTheLeastRights(t *testing.T) {
	text := readText(t, "../docker-compose.yml")
	for _, right := range []string{`user: "65532:65532"`, "read_only: true", "cap_drop: [ALL]", `"no-new-privileges:true"`} {
		assert.Contains(t, text, right)
	}
	for _, name := range []string{"worker", "demo-api", "demo-worker"} {
		assert.Contains(t, service(t, name), "<<: *locked", name)
		assert.NotContains(t, service(t, name), "volumes:", name)
	}
	for _, port := range regexp.MustCompile(`ports: \["([^"]*)`).FindAllStringSubmatch(text, -1) {
		assert.True(t, strings.HasPrefix(port[1], "127.0.0.1:"), port[1])
	}
	// The key of ssh is a secret, and none when it is not set: up works without it.
	assert.Regexp(t, `SAFEPOINT_SSH_KEY_FILE: \$\{SAFEPOINT_SSH_KEY_FILE:\+/run/secrets/ssh_key\}`, service(t, "worker"))
	assert.Contains(t, text, "file: ${SAFEPOINT_SSH_KEY_FILE:-/dev/null}")
	assert.Contains(t, text, "file: ${SAFEPOINT_SSH_KNOWN_HOSTS:-/dev/null}")
}

func TestTheREADMEShowsEverySettingOfThePolicy(t *testing.T) {
	text := readText(t, "../README.md")
	for _, name := range settingNames() {
		if strings.HasPrefix(name, "SAFEPOINT_ALLOW_") {
			assert.Contains(t, text, "`"+name+"`")
		}
	}
	for _, part := range []string{"`SAFEPOINT_SSH_KEY_FILE`", "`_KNOWN_HOSTS`", "`_USER`"} {
		assert.Contains(t, text, part)
	}
}
