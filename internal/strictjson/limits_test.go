package strictjson_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

func TestNestingBeyondTheLimitIsOneProblem(t *testing.T) {
	var got outer
	problems := strictjson.Decode([]byte(`{"mode": `+strings.Repeat("[", 32)+strings.Repeat("]", 32)+`}`), &got)
	require.Len(t, problems, 1)
	assert.Equal(t, strictjson.Problem{Message: "is nested more than 32 levels deep (line 1, column 41)"}, problems[0])

	problems = strictjson.Decode([]byte(`{"mode": `+strings.Repeat("[", 31)+strings.Repeat("]", 31)+`}`), &got)
	assert.Equal(t, []string{"mode"}, paths(problems), "at the limit it is read")

	require.Empty(t, strictjson.Decode([]byte(`{"mode": "`+strings.Repeat(`[{\"`, 100)+`"}`), &got), "brackets in a string do not nest")
}

func TestNoMoreThanTheLimitOfProblemsIsReported(t *testing.T) {
	object := func(n int) []byte {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"unknown%d": 1`, i)
		}
		return []byte(`{"mode": "m"` + b.String() + `}`)
	}
	var got outer
	assert.Len(t, strictjson.Decode(object(99), &got), 99)
	problems := strictjson.Decode(object(5000), &got)
	require.Len(t, problems, strictjson.MaxProblems)
	assert.Equal(t, strictjson.Problem{Message: "has more than 99 problems: the rest was not read"}, problems[99])
}

func TestAListBeyondTheLimitIsNotReadToItsEnd(t *testing.T) {
	var got outer
	require.Empty(t, strictjson.Decode([]byte(`{"list": [{}`+strings.Repeat(",{}", 999)+`]}`), &got))
	problems := strictjson.Decode([]byte(`{"list": [{}`+strings.Repeat(",{}", strictjson.MaxElements)+`]}`), &got)
	require.Len(t, problems, 1)
	assert.Equal(t, strictjson.Problem{Message: "has more than 10000 elements in list: the rest was not read"}, problems[0])
}

func TestMessagesAndPathsArePrintableAndShortWhateverTheInput(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	inputs := []string{
		`{"` + long + `": 1}`, `{"wait": "` + long + `"}`, `{"server_id": ` + strings.Repeat("9", 100_000) + `}`,
		`{"server_id": 1.` + strings.Repeat("9", 100_000) + `}`, `{"wait": "\u001b[31m\u0000\n"}`, `{"\u001b[31m\u202e": 1}`,
		"{\"mode\": \"\x01\"}", "{\"\xff\xfe\": 1}", "\x00", `{"wait": {"a": "` + "\\n" + long + `"}}`,
	}
	for _, input := range inputs {
		var got outer
		problems := strictjson.Decode([]byte(input), &got)
		require.NotEmpty(t, problems)
		for _, p := range problems {
			text := p.Path + ": " + p.Message
			assert.Less(t, utf8.RuneCountInString(text), 400)
			for _, r := range text {
				assert.True(t, unicode.IsPrint(r), "%U in %q", r, text)
			}
		}
	}
}

func TestAnInputBeyondTheLimitOfBytesIsNotRead(t *testing.T) {
	var got outer
	input := `{"mode": "` + strings.Repeat("x", strictjson.MaxBytes-len(`{"mode": ""}`)) + `"}`
	require.Empty(t, strictjson.Decode([]byte(input), &got))
	assert.Equal(t, []strictjson.Problem{{Message: "has 1048577 bytes, the limit is 1048576"}},
		strictjson.Decode([]byte(input+" "), &got))
}

func TestAnObjectBeyondTheLimitOfFieldsIsNotReadToItsEnd(t *testing.T) {
	var got outer
	problems := strictjson.Decode([]byte(`{"inner": {"url": ""`+strings.Repeat(`,"url": ""`, strictjson.MaxElements)+`}}`), &got)
	assert.Equal(t, []strictjson.Problem{
		{Path: "inner.url", Message: "is given more than once: leave one"},
		{Message: "has more than 10000 fields in inner: the rest was not read"},
	}, problems)
}

// TestTheLargestHostileInputsAreQuick allows a hundred times what they take (some 50 ms), because other programs share
// the machine and the race detector slows it down; work that grows faster than the input takes minutes.
func TestTheLargestHostileInputsAreQuick(t *testing.T) {
	fill := func(head, unit, tail string) string {
		return head + strings.Repeat(unit, (strictjson.MaxBytes-len(head)-len(tail))/len(unit)) + tail
	}
	inputs := map[string]string{
		"elements":         fill(`{"list": [{}`, `,{}`, `]}`),
		"wrong type":       fill(`{"mode": [0`, `,0`, `]}`),
		"unknown object":   fill(`{"huh": [{"a":[]}`, `,{"a":[]}`, `]}`),
		"duplicates":       fill(`{"mode": ""`, `,"mode":""`, `}`),
		"unknown twice":    fill(`{"x": 0`, `,"x":0`, `}`),
		"digits":           fill(`{"server_id": `, `9`, `}`),
		"digits of float":  fill(`{"ratio": `, `9`, `}`),
		"key":              fill(`{"`, `x`, `": 1}`),
		"duration":         fill(`{"wait": "`, `9h`, `"}`),
		"escapes":          fill(`{"wait": "`, `\u0000`, `"}`),
		"open brackets":    fill(``, `[`, ``),
		"open objects":     fill(``, `{"mode":`, ``),
		"spaces":           fill(`{`, ` `, `}`),
		"lines, malformed": fill(`{`, "\n", `x`),
		"trailing":         fill(`{}`, ` {}`, ``),
	}
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			var got outer
			began := time.Now()
			strictjson.Decode([]byte(input), &got)
			assert.Less(t, time.Since(began), 5*time.Second)
		})
	}
}
