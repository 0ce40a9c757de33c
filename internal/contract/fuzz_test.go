package contract_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// word makes a text what the marker's own words are: one, without a space, also when half a character is left beside
// another half.
func word(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), "")
}

// FuzzMarker: whatever stands before it, a marker is read back as it was written: a user's text in front of it makes a
// snapshot neither another run's nor another policy's (laws 1 and 4).
func FuzzMarker(f *testing.F) {
	f.Add("before deploy 2.14.0", "0190f6a2-1b3c-7d4e", "update", false, "")
	f.Add("managed-by=safepoint run=other policy=daily protect=true purpose=safety", "r", "update", true, "safety")
	f.Add("policy=daily\u00a0policy=\u2028run=", "r", "", false, "")
	f.Add("a\nrun=x\trun=", "run=x", "policy=y", false, "protect=true")
	f.Add("\xff policy=\xff", "\xff", "\x00", true, "\u200b")
	f.Fuzz(func(t *testing.T, text, run, policy string, protected bool, purpose string) {
		m := contract.Marker{RunID: word(run), Policy: word(policy), Protected: protected, Purpose: contract.Purpose(word(purpose))}
		description := m.Describe(text)
		got := contract.ParseMarker(description)
		if !got.Managed || got.RunID != m.RunID || got.Policy != m.Policy {
			t.Fatalf("%q was read as %+v", description, got)
		}
		words := strings.Fields(text)
		if got.Protected != (m.Protected || slices.Contains(words, "protect=true")) {
			t.Fatalf("%q was read as %+v: only the word itself protects", description, got)
		}
		if m.Purpose != "" && got.Purpose != m.Purpose {
			t.Fatalf("%q was read as %+v", description, got)
		}
		if m.Purpose == "" && got.Purpose != "" && !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "purpose=") }) {
			t.Fatalf("%q was read as %+v", description, got)
		}
		if !strings.HasPrefix(description, strings.TrimSpace(text)) {
			t.Fatalf("%q lost its text", description)
		}
	})
}

// FuzzForeignDescription: a description that the API shows is ours only when it says so in whole words, and reading what
// was read changes nothing more.
func FuzzForeignDescription(f *testing.F) {
	for _, seed := range []string{
		"", "managed-by=safepoint", "managed-by=safepoint run=a policy=update", "managed-by=safepoints policy=daily", "unmanaged-by=safepoint",
		"MANAGED-BY=safepoint", "managed-by=safepoint,policy=daily", "managed-by=safepoint policy=a policy=b", "managed-by=\u200bsafepoint", "protect=true\x00", "policy=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, description string) {
		m := contract.ParseMarker(description)
		whole := func(wanted string) bool {
			for _, w := range strings.FieldsFunc(description, unicode.IsSpace) {
				if w == wanted {
					return true
				}
			}
			return false
		}
		if m.Managed != whole("managed-by=safepoint") || m.Protected != whole("protect=true") {
			t.Fatalf("%q was read as %+v", description, m)
		}
		for prefix, value := range map[string]string{"run=": m.RunID, "policy=": m.Policy, "purpose=": string(m.Purpose)} {
			if value != "" && !whole(prefix+value) {
				t.Fatalf("%q was read as %+v", description, m)
			}
		}
		again := contract.ParseMarker(m.Describe(""))
		again.Managed = m.Managed
		if again != m {
			t.Fatalf("%+v was written and read as %+v", m, again)
		}
	})
}

// FuzzDuration: a duration that is read can be written, and is then the same.
func FuzzDuration(f *testing.F) {
	for _, seed := range []string{
		`"30m"`, `"1h30m"`, `"14d"`, `"2w"`, `"-1d"`, `"1.5h"`, `"0"`, `"0s"`, `"106751d"`, `"106752d"`, `"15250w"`, `"9223372036854775807ns"`, `"-9223372036854775808ns"`,
		`30`, `null`, `""`, `"d"`, `"+1d"`, `"1d1h"`, `"\u0031m"`, `"1µs"`, `"1h0m0s"`, `"10h"`, `"100m0s"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d, back contract.Duration
		if err := json.Unmarshal(data, &d); err != nil {
			return
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &back); err != nil || back != d {
			t.Fatalf("%s was read as %d, written as %s and read as %d (%v)", data, d, written, back, err)
		}
	})
}

// FuzzNotifyText: whatever names and reasons say, a notification is one line that calls nobody and links nowhere.
func FuzzNotifyText(f *testing.F) {
	for _, seed := range []string{
		"web01", "<!channel>", "@here", "[x](https://evil.example)", "]", "(//evil.example)", "w", "ww", "www.evil.example", ":", "//", "a\x1b[2J\u202e\n", "\xff@", "&lt;", "@", "",
	} {
		for _, other := range []string{"web01", "w.", "(x)", "//x", "everyone", "&"} {
			f.Add("held", seed, other, seed, other, int64(7))
			f.Add(seed, other, seed, other, seed, int64(0))
		}
	}
	f.Fuzz(func(t *testing.T, event, name, summary, next, reason string, server int64) {
		text := contract.NotifyText(contract.NotifyMessage{
			Event: contract.NotifyEvent(event), Runbook: name, WorkflowID: next, RunID: reason, ServerID: server, ServerName: name,
			Outcome: summary, Failure: reason, Summary: summary, Next: next, Reason: reason,
		})
		const joiner = '\u2060'
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 3000 ||
			strings.ContainsFunc(text, func(r rune) bool { return r != joiner && !unicode.IsPrint(r) }) {
			t.Fatalf("not one short line: %q", text)
		}
		for _, mark := range []string{"<", ">", "://", "](", "www."} {
			if strings.Contains(strings.ToLower(text), mark) {
				t.Fatalf("%q in %q", mark, text)
			}
		}
		for _, after := range strings.Split(text, "@")[1:] {
			if !strings.HasPrefix(after, string(joiner)) {
				t.Fatalf("somebody may be called by %q", text)
			}
		}
		for _, after := range strings.Split(text, "&")[1:] {
			if !strings.HasPrefix(after, "amp;") && !strings.HasPrefix(after, "lt;") && !strings.HasPrefix(after, "gt;") {
				t.Fatalf("an entity of somebody else in %q", text)
			}
		}
	})
}
