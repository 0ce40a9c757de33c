package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/devstack"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

func TestTheCommandsOfDevCanBePasted(t *testing.T) {
	stack := &devstack.Stack{
		TemporalAddress: "127.0.0.1:1", UIAddress: "http://127.0.0.1:2", FakeURL: "http://127.0.0.1:3", APIURL: "http://127.0.0.1:3/api/v1", BinDir: "/opt/safe point",
	}
	text := devText(stack, devOptions{speed: 20, servers: []int64{12345, 7}}, render.Palette{})
	for _, want := range []string{
		"http://127.0.0.1:2", "export TEMPORAL_ADDRESS=127.0.0.1:1\n", `export PATH='/opt/safe point':"$PATH"`,
		"--webhook-url 'http://127.0.0.1:3/sites/12345/hooks/deploy?version=3.0.0&healthy=false'", "20 times as fast",
	} {
		assert.Contains(t, text, want)
	}
	_, rest, found := strings.Cut(text, "--input '")
	require.True(t, found)
	input, _, _ := strings.Cut(rest, "'")
	in := strictly(t, []byte(input))
	assert.EqualValues(t, 12345, in.ServerID)
	assert.Equal(t, "http://127.0.0.1:3/sites/12345/healthz", in.Verify.Checks[0].URL)
}
