package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInputThatIsNotOneJSONObjectIsRefusedBeforeAnythingIsContacted(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":      {" \n", "is empty"},
		"a list":       {`[{"server_id": 1}]`, "not an object"},
		"a number":     {`12`, "not an object"},
		"null":         {`null`, "not an object"},
		"two objects":  {`{} {}`, "more than one JSON object"},
		"a tail":       {`{} x`, "more than one JSON object"},
		"half":         {"{\n \"server_id\": 1", "is not JSON (line 2, column 15)"},
		"a comma":      {"{\n  \"a\": 1,\n}", "is not JSON (line 3, column 1)"},
		"not text":     {"\x00\x01", "is not JSON"},
		"a huge thing": {strings.Repeat(" ", maxInput+1), "larger than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, tc.text)
			got := safepoint(t, unreachable, "run", "snapshot-update-verify", "-f", path)
			assert.Equal(t, codeUsage, got.code)
			assert.Contains(t, got.err, tc.want)
			assert.Contains(t, got.err, path)
			assert.Empty(t, got.out)
		})
	}
}

func TestAMissingFileIsNamed(t *testing.T) {
	got := safepoint(t, unreachable, "run", "snapshot-update-verify", "-f", "/no/such/file.json")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "/no/such/file.json")
	assert.Contains(t, got.err, "or - for standard input")
}

func TestAFileAndFlagsAtOnceAreRefusedByName(t *testing.T) {
	got := safepoint(t, unreachable, "run", "snapshot-update-verify", "-f", "x.json", "--server", "1", "--check-tcp", "a:1", "--wait")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "--server, --check-tcp")
	assert.NotContains(t, got.err, "--wait", "it is no part of the input")
}

func TestTheServerInTheIDIsOnlyAHelp(t *testing.T) {
	assert.EqualValues(t, 12, serverOf([]byte(`{"server_id": 12, "unknown": 1}`)))
	assert.Zero(t, serverOf([]byte(`{"server_id": "12"}`)))
	assert.Zero(t, serverOf([]byte(`{}`)))
}

func TestTextsFromOutsideAreQuotedForTheShell(t *testing.T) {
	assert.Equal(t, "deploy-2.14.0", quote("deploy-2.14.0"))
	assert.Equal(t, "server-lock/7", quote("server-lock/7"))
	for _, bad := range []string{"", "a b", "a;b", "$(x)", "a'b", "*", "~"} {
		q := quote(bad)
		require.True(t, strings.HasPrefix(q, "'") && strings.HasSuffix(q, "'"), q)
	}
	assert.Equal(t, `'a'\''b'`, quote("a'b"))
}
