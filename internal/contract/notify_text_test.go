package contract

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func message(event NotifyEvent) NotifyMessage {
	return NotifyMessage{
		Event: event, Runbook: "SnapshotUpdateVerify", WorkflowID: "deploy-42", RunID: "r-1", ServerID: 12345, ServerName: "web01",
		Reason: "deploy web 2.14.0",
	}
}

func TestANotificationSaysInOneLineWhatHappened(t *testing.T) {
	held := message(NotifyHeld)
	held.Summary, held.Next = "Nobody knows whether the change was made", `safepoint decide deploy-42 rollback`
	failed := message(NotifyRollbackFailed)
	failed.Failure, failed.Outcome, failed.Reason = "RollbackFailed", "rollback_failed", ""
	ended := message(NotifyEnded)
	ended.Outcome, ended.Summary = "skipped", "The server was busy."
	fleet := NotifyMessage{Event: NotifyStarted, Runbook: "FleetUpdate", WorkflowID: "fleet-7"}
	nameless := NotifyMessage{Event: NotifyRolledBack, Runbook: "R", ServerID: 7}
	for want, m := range map[string]NotifyMessage{
		"SnapshotUpdateVerify on server web01 (12345) has started | Reason: deploy web 2.14.0 | Workflow: deploy-42":    message(NotifyStarted),
		"SnapshotUpdateVerify on server web01 (12345) has committed | Reason: deploy web 2.14.0 | Workflow: deploy-42":  message(NotifyCommitted),
		"SnapshotUpdateVerify on server web01 (12345) reports paused | Reason: deploy web 2.14.0 | Workflow: deploy-42": message("paused"),
		"SnapshotUpdateVerify on server web01 (12345) is held: a person must decide. Nobody knows whether the change was made" +
			" | Next: safepoint decide deploy-42 rollback | Reason: deploy web 2.14.0 | Workflow: deploy-42": held,
		"SnapshotUpdateVerify on server web01 (12345) could NOT roll back: a person must act (RollbackFailed) | Workflow: deploy-42": failed,
		"SnapshotUpdateVerify on server web01 (12345) has ended (skipped). The server was busy." +
			" | Reason: deploy web 2.14.0 | Workflow: deploy-42": ended,
		"FleetUpdate has started | Workflow: fleet-7": fleet,
		"R on server 7 has rolled back":               nameless,
	} {
		assert.Equal(t, want, NotifyText(m))
	}
}

func TestTextFromOutsideCallsNobodyAndHidesNoLink(t *testing.T) {
	for raw, want := range map[string]string{
		"plain text, 100% of it: 2.14.0 *bold* `code` #4": "plain text, 100% of it: 2.14.0 *bold* `code` #4",
		"web01.example.com":                     "web01.example.com",
		"a & b":                                 "a &amp; b",
		"&lt;!channel&gt;":                      "&amp;lt;!channel&amp;gt;",
		"<!channel> <!here|x> <@U123> <#C1>":    "&lt;!channel&gt; &lt;!here|x&gt; &lt;@\u2060U123&gt; &lt;#C1&gt;",
		"@channel @here @all @bob":              "@\u2060channel @\u2060here @\u2060all @\u2060bob",
		"@@here":                                "@\u2060@\u2060here",
		"@\u200dhere @\u2060here @\u00adhere":   "@\u2060here @\u2060here @\u2060here",
		"ops@example.com":                       "ops@\u2060example.com",
		"<https://evil.example|the report>":     "&lt;https:\u2060//evil.example|the report&gt;",
		"[the report](https://evil.example)":    "[the report]\u2060(https:\u2060//evil.example)",
		"![x](//evil.example)":                  "![x]\u2060(//evil.example)",
		"HTTPS://evil.example slack://x":        "HTTPS:\u2060//evil.example slack:\u2060//x",
		"www.evil.example WWW.evil.example":     "w\u2060ww.evil.example W\u2060WW.evil.example",
		"one\ntwo\r\n\tthree\u2028four\u0085":   "one two three four",
		"a\x00b\x1b[31mc\u202ed\u200be\ufefff":  "ab[31mcdef",
		"half \xff\xfe a character":             "half \uFFFD a character",
		"  ":                                    "",
		"https:/\u200b/evil.example (ten : //)": "https:\u2060//evil.example (ten : //)",
	} {
		assert.Equal(t, want, chatSafe(raw, 1000), "%q", raw)
	}
}

func TestEveryPartFromOutsideIsMadeSafe(t *testing.T) {
	const bad = "<!channel>\n@here [x](https://evil.example)"
	text := NotifyText(NotifyMessage{
		Event: bad, Runbook: bad, WorkflowID: bad, RunID: bad, ServerID: 1, ServerName: bad, Outcome: bad, Failure: bad,
		Summary: bad, Next: bad, Reason: bad,
	})
	assert.Equal(t, 8, strings.Count(text, "&lt;!channel&gt;"), text)
	for _, fires := range []string{"<", ">", "\n", "@h", "](", "://"} {
		assert.NotContains(t, text, fires)
	}
}

func TestALongTextIsCutBetweenCharactersAndStaysBelowTheLimitOfChatTools(t *testing.T) {
	for _, piece := range []string{"x", "é", "&", "@", "世", "://"} {
		long := strings.Repeat(piece, 5000)
		got := chatSafe(long, longestNotifyPart)
		assert.LessOrEqual(t, utf8.RuneCountInString(got), longestNotifyPart)
		assert.True(t, strings.HasSuffix(got, "…"))
		assert.True(t, utf8.ValidString(got))
		assert.Empty(t, strings.Trim(strings.ReplaceAll(got, "&amp;", ""), piece+"…\u2060"), "no half of an entity is left")
		text := NotifyText(NotifyMessage{
			Event: NotifyEvent(long), Runbook: long, WorkflowID: long, ServerID: 1, ServerName: long, Failure: long, Summary: long,
			Next: long, Reason: long,
		})
		assert.Less(t, utf8.RuneCountInString(text), 4000)
	}
	assert.Equal(t, "abc", chatSafe("abc", 3), "what fits is whole")
	assert.Equal(t, "ab…", chatSafe("abcd", 3))
	assert.Equal(t, "&amp;", chatSafe("&", 5))
	assert.Equal(t, "…", chatSafe("&&", 5))
}

func TestAMessageIsTheJSONThatItsUsersAreTold(t *testing.T) {
	m := message(NotifyEnded)
	m.Text, m.Outcome, m.Failure, m.Summary, m.Next = "t", "o", "f", "s", "n"
	m.At = time.Date(2025, 1, 15, 18, 30, 0, 0, time.UTC)
	b, err := json.Marshal(m)
	require.NoError(t, err)
	assert.JSONEq(t, `{"event": "ended", "text": "t", "runbook": "SnapshotUpdateVerify", "workflow_id": "deploy-42", "run_id": "r-1",
		"server_id": 12345, "server_name": "web01", "outcome": "o", "failure": "f", "summary": "s", "next": "n",
		"at": "2025-01-15T18:30:00Z", "reason": "deploy web 2.14.0"}`, string(b))
}
