package vpsorg

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answeredWith runs an operation on an API that gives every request this answer.
func answeredWith(t *testing.T, op operation, status int, body string) error {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer api.Close()
	_, err := ended(t, op, newTestClient(t, Options{BaseURL: api.URL}))
	return err
}

func TestDeepJSONIsRefusedAndCostsNothing(t *testing.T) {
	const levels = 100_000
	lists, objects := strings.Repeat("[", levels), strings.Repeat(`{"a":`, levels)
	closed := lists + strings.Repeat("]", levels)
	for name, body := range map[string]string{
		"lists": lists, "objects": objects, "closed lists": closed, "closed objects": objects + "1" + strings.Repeat("}", levels),
		"in a field": `{"id": 5, "status": "s", "name": ` + closed + `}`, "in a field nobody reads": `{"id": 5, "status": "s", "x": ` + closed + `}`,
		"in a row": `{"count": 1, "results": [{"id": 1, "server": ` + closed + `}]}`, "in the rows": `{"count": 1, "results": ` + closed + `}`,
	} {
		for _, op := range operations() {
			if err := answeredWith(t, op, 200, body); readsItsBody(op) {
				checkLost(t, op, err)
				require.ErrorIs(t, err, ErrMalformed, "%s: %s", name, op.name)
			} else {
				require.NoError(t, err)
			}
			e := asError(t, answeredWith(t, op, 400, body))
			assert.LessOrEqual(t, utf8.RuneCountInString(e.Message), maxMessage, "%s: %s", name, op.name)
		}
	}
}

// wrong are values of every JSON type and of odd sizes. Which of them are wrong depends on the field.
var wrong = []string{
	`null`, `true`, `0`, `-1`, `-9223372036854775808`, `9223372036854775808`, `1e3`, `1.5`, `1e400`, `""`, `"5"`, `"\ud800"`, `"2025-02-30T00:00:00Z"`,
	`"9999-12-31T23:59:59-23:59"`, `"0000-01-01T00:00:00+23:59"`, `[]`, `[5]`, `{}`, `{"id": 0}`, `{"id": -5}`, `{"id": "5"}`, `{"id": 5.5}`, `{"id": 9223372036854775808}`,
	`{"id": 5, "id": 6}`, `{"id": 5, "ID": 6}`, `"` + strings.Repeat("x", maxText+1) + `"`,
}

func having(object map[string]string, field, value string) string {
	var parts []string
	for name, old := range object {
		if name == field {
			old = value
		}
		parts = append(parts, fmt.Sprintf("%q: %s", name, old))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Every field of every kind of row, with every value: what is taken obeys what the types promise, and the rest proves
// nothing. Fields that decide are never read as something else than they say.
func TestAValueOfAWrongTypeIsNeverGuessedAt(t *testing.T) {
	rows := map[string]map[string]string{
		"snapshots": {"id": `1`, "server": `{"id": 5}`, "server_id": `5`, "name": `"n"`, "status": `"s"`, "size_mb": `5`, "created_at": `"2025-01-15T18:30:00Z"`, "description": `"d"`},
		"servers": {"id": `1`, "name": `"n"`, "hostname": `"h"`, "status": `"s"`, "ip_address": `"192.0.2.1"`, "location": `"l"`,
			"created_at": `"2025-01-15T18:30:00Z"`, "updated_at": `"2025-01-15T18:30:00Z"`},
		"backups": {"id": `1`, "server": `{"id": 5}`, "backup_type": `"manual"`, "status": `"s"`, "size_mb": `5`, "expires_at": `null`, "created_at": `""`, "description": `"d"`},
	}
	// What fields that decide take of these; every other value is refused. A server that is not named leaves it to server_id.
	takes := map[string][]string{
		"id": {}, "server": {`null`, `0`, `{}`, `{"id": 0}`}, "server_id": {`null`, `0`}, "created_at": {`null`, `""`}, "updated_at": {`null`, `""`}, "expires_at": {`null`, `""`},
	}
	for kind, good := range rows {
		for field := range good {
			for _, value := range wrong {
				list, err := listOf(t, kind, page(1, "", `{}`), having(good, field, value))
				if err != nil {
					checkShown(t, err)
					require.ErrorIs(t, err, ErrNotWhole, "%s.%s: %s", kind, field, value)
					require.Nil(t, list)
					continue
				}
				data, err := json.Marshal(list)
				require.NoError(t, err, "it travels")
				assert.Less(t, len(data), maxText+1000, "%s.%s: %.40s", kind, field, value)
				if allowed, decides := takes[field]; decides {
					assert.Contains(t, allowed, value, "%s.%s was read as %s", kind, field, data)
				}
			}
		}
	}
}

// listOf lists one row of a kind.
func listOf(t *testing.T, kind, envelope, row string) (any, error) {
	t.Helper()
	body := strings.Replace(envelope, "{}", row, 1)
	c := newTestClient(t, Options{BaseURL: "https://api.example", Transport: answers(t, 200, http.Header{}, []byte(body))})
	switch kind {
	case "snapshots":
		list, err := c.ListSnapshots(t.Context(), ListSnapshotsOpts{})
		return nilIfNone(list), err
	case "servers":
		list, err := c.ListServers(t.Context(), ListServersOpts{})
		return nilIfNone(list), err
	default:
		list, err := c.ListBackups(t.Context(), ListBackupsOpts{})
		return nilIfNone(list), err
	}
}

func nilIfNone[T any](list []T) any {
	if list == nil {
		return nil
	}
	return list
}

// encoding/json takes the last of two: the first list, id or status would be gone without a trace.
func TestAFieldThatIsGivenTwiceMakesAnAnswerUnusable(t *testing.T) {
	hidden := strings.Replace(page(1, "", row(1)), `"results"`, `"results": [`+row(2)+`, `+row(3)+`], "results"`, 1)
	for name, body := range map[string]string{
		"two lists":               hidden,
		"two spellings of a list": strings.Replace(hidden, `"results"`, `"Results"`, 1),
		"an escaped spelling":     strings.Replace(hidden, `"results"`, `"result\u0073"`, 1),
		"a spelling of Unicode":   strings.Replace(hidden, `"results"`, `"reſults"`, 1),
		"two counts":              `{"count": 1, "count": 0, "results": []}`,
		"two nexts":               `{"count": 0, "results": [], "next": "?page=2", "next": null}`,
		"two servers in a row":    strings.Replace(page(1, "", `{}`), `{}`, `{"id": 1, "server": 5, "server": 6, "name": "n", "status": "completed"}`, 1),
		"two ids of a server":     strings.Replace(page(1, "", `{}`), `{}`, `{"id": 1, "server": {"id": 5, "id": 6}, "name": "n", "status": "completed"}`, 1),
		"two statuses":            strings.Replace(page(1, "", `{}`), `{}`, `{"id": 1, "server": 5, "name": "n", "status": "in_progress", "Status": "completed"}`, 1),
	} {
		list, err := listOf(t, "snapshots", body, `{}`)
		checkShown(t, err)
		require.ErrorIs(t, err, ErrNotWhole, name)
		require.ErrorIs(t, err, ErrMalformed, name)
		assert.Nil(t, list)
	}
	for name, body := range map[string]string{
		"two ids":       `{"id": 9, "id": 10, "server": 5, "name": "snap-9", "status": "s", "backup_type": "manual", "account": {}}`,
		"two snapshots": `{"snapshot": ` + rowOf(9, 5) + `, "snapshot": ` + rowOf(10, 5) + `}`,
		"two ids in it": `{"snapshot": {"id": 9, "id": 10, "server": 5, "name": "snap-9", "status": "s"}}`,
	} {
		for _, op := range operations() {
			if strings.HasPrefix(op.good, `{"count"`) || !readsItsBody(op) {
				continue
			}
			err := answeredWith(t, op, 201, body)
			checkLost(t, op, err)
			require.ErrorIs(t, err, ErrMalformed, "%s: %s", name, op.name)
		}
	}
}

func TestTextThatIsNoTextIsReadAsSuchAndMatchesNothing(t *testing.T) {
	odd := "n\xff\xc0\xaf\xed\xa0\x80\x00\x1b[2J\u202e"
	row := `{"id": 1, "server": 5, "status": "completed", "name": "` + strings.ReplaceAll(strings.ReplaceAll(odd, "\x00", `\u0000`), "\x1b", `\u001b`) + `"}`
	list, err := listOf(t, "snapshots", page(1, "", `{}`), row)
	require.NoError(t, err)
	name := list.([]Snapshot)[0].Name
	assert.True(t, utf8.ValidString(name), "%q", name)
	assert.NotEqual(t, odd, name)
	assert.False(t, snapshotName.MatchString(name), "no name of ours looks like it")
	for _, op := range operations() {
		for _, body := range []string{odd, `{"detail": "` + odd + `"}`, `{"` + odd + `": ["` + odd + `"]}`} {
			err := answeredWith(t, op, 400, body)
			checkShown(t, err)
		}
	}
}

// Ids that no server and no snapshot has, in the one place of an answer where they name what was written.
func TestAnIdThatNobodyHasIsNeverTheOneAskedFor(t *testing.T) {
	for _, id := range []string{`0`, `-9`, `-5`, `9223372036854775808`, `18446744073709551621`, `9.0`, `5.0`, `"9"`, `"5"`, `9e0`, `null`, `[9]`, `{"id": 9}`, `true`} {
		for _, op := range operations() {
			var body string
			switch op.name {
			case "create":
				body = `{"id": ` + id + `, "server": 5, "name": "snap-9", "status": "s"}`
			case "restore":
				body = `{"status": "success", "snapshot": {"id": ` + id + `}}`
			case "server":
				body = `{"id": ` + id + `, "status": "active"}`
			case "backup":
				body = `{"id": ` + id + `, "server": 5, "status": "s"}`
			default:
				continue
			}
			err := answeredWith(t, op, 200, body)
			if op.name == "restore" && (id == `0` || id == `null`) {
				require.NoError(t, err, "it names none")
				continue
			}
			checkLost(t, op, err)
			require.ErrorIs(t, err, ErrMalformed, "%s: %s", op.name, id)
		}
	}
}
