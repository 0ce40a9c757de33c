package strictjson_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

type mode string

type inner struct {
	Kind  mode   `json:"kind"`
	Count int    `json:"count,omitempty"`
	URL   string `json:"url"`
}

type outer struct {
	ServerID int64             `json:"server_id"`
	Small    int8              `json:"small"`
	Unsigned uint16            `json:"unsigned"`
	Ratio    float64           `json:"ratio"`
	DryRun   bool              `json:"dry_run"`
	Mode     mode              `json:"mode"`
	Wait     contract.Duration `json:"wait"`
	Inner    inner             `json:"inner"`
	List     []inner           `json:"list"`
	Words    []string          `json:"words"`
	Maybe    *inner            `json:"maybe"`
	NoTag    string
	Hidden   string `json:"-"`
	private  string
}

func paths(problems []strictjson.Problem) []string {
	out := make([]string, 0, len(problems))
	for _, p := range problems {
		out = append(out, p.Path)
	}
	return out
}

func TestAWholeInputIsReadWithoutAProblem(t *testing.T) {
	var got outer
	got.private = "kept"
	problems := strictjson.Decode([]byte(` {
		"server_id": 12345, "small": -128, "unsigned": 65535, "ratio": 2.5e-1, "dry_run": true, "mode": "fast",
		"wait": "1h30m", "inner": {"kind": "http", "count": 3, "url": "h\u00e9"}, "list": [{"kind": "a"}, {}],
		"words": ["x", ""], "maybe": {"url": "u"}, "NoTag": "n"
	}
	`), &got)
	require.Empty(t, problems)
	assert.Equal(t, outer{
		ServerID: 12345, Small: -128, Unsigned: 65535, Ratio: 0.25, DryRun: true, Mode: "fast", Wait: 5400e9,
		Inner: inner{Kind: "http", Count: 3, URL: "hé"}, List: []inner{{Kind: "a"}, {}},
		Words: []string{"x", ""}, Maybe: &inner{URL: "u"}, NoTag: "n", private: "kept",
	}, got)
}

func TestOnlyFieldsThatArePresentAreWritten(t *testing.T) {
	got := outer{ServerID: 1, DryRun: true, Wait: 30e9, Inner: inner{Kind: "http", Count: 7}}
	require.Empty(t, strictjson.Decode([]byte(`{"dry_run": false, "inner": {"count": 0}}`), &got))
	assert.Equal(t, outer{ServerID: 1, Wait: 30e9, Inner: inner{Kind: "http"}}, got)
}

func TestAFieldWithAProblemKeepsItsDefault(t *testing.T) {
	got := outer{ServerID: 1, Small: 2, Wait: 30e9, Mode: "slow", Inner: inner{Count: 3}}
	problems := strictjson.Decode([]byte(`{"server_id": "9", "small": 999, "wait": 30, "mode": null, "inner": {"count": 1.5}}`), &got)
	assert.Equal(t, []string{"server_id", "small", "wait", "mode", "inner.count"}, paths(problems))
	assert.Equal(t, outer{ServerID: 1, Small: 2, Wait: 30e9, Mode: "slow", Inner: inner{Count: 3}}, got)
}

func TestListElementsBeginAsZeroOrAsTheDefaultsGiven(t *testing.T) {
	got := outer{List: []inner{{Kind: "old", Count: 9}}}
	require.Empty(t, strictjson.Decode([]byte(`{"list": [{"url": "u"}]}`), &got))
	assert.Equal(t, []inner{{URL: "u"}}, got.List)

	problems := strictjson.DecodeWith([]byte(`{"list": [{"count": 0}, {}], "words": [""]}`), &got, func(i int, element any) {
		if e, ok := element.(*inner); ok {
			e.Count = 10 + i
		}
	})
	require.Empty(t, problems)
	assert.Equal(t, []inner{{Count: 0}, {Count: 11}}, got.List, "a given zero is not a missing field")
}

func TestEachProblemIsReportedAtItsPathInTheOrderOfTheDocument(t *testing.T) {
	tests := map[string]struct {
		json string
		want []strictjson.Problem
	}{
		"unknown field": {`{"serverid": 1}`, []strictjson.Problem{{Path: "serverid", Message: `is not a known field: did you mean "server_id"? ` +
			`Known here: server_id, small, unsigned, ratio, dry_run, mode, wait, inner, list, words, maybe, NoTag`}}},
		"unknown in a list": {`{"list": [{}, {"zzzzzz": {"server_id": 1}}]}`, []strictjson.Problem{
			{Path: "list[1].zzzzzz", Message: "is not a known field. Known here: kind, count, url"}}},
		"another case": {`{"inner": {"KIND": "a"}}`, []strictjson.Problem{
			{Path: "inner.KIND", Message: `is not a known field: did you mean "kind"? Known here: kind, count, url`}}},
		"string for a number":  {`{"server_id": "1"}`, []strictjson.Problem{{Path: "server_id", Message: "must be a whole number, got a string"}}},
		"string for a float":   {`{"ratio": "1"}`, []strictjson.Problem{{Path: "ratio", Message: "must be a number, got a string"}}},
		"number for a string":  {`{"mode": 1}`, []strictjson.Problem{{Path: "mode", Message: "must be a string, got a number"}}},
		"string for a bool":    {`{"dry_run": "true"}`, []strictjson.Problem{{Path: "dry_run", Message: "must be true or false, got a string"}}},
		"bool for a string":    {`{"mode": false}`, []strictjson.Problem{{Path: "mode", Message: "must be a string, got true or false"}}},
		"list for an object":   {`{"inner": [1]}`, []strictjson.Problem{{Path: "inner", Message: "must be an object, got a list"}}},
		"object for a list":    {`{"list": {"a": 1}}`, []strictjson.Problem{{Path: "list", Message: "must be a list, got an object"}}},
		"fraction":             {`{"server_id": 1.5}`, []strictjson.Problem{{Path: "server_id", Message: "must be a whole number written in digits only, got 1.5"}}},
		"exponent":             {`{"server_id": 1e3}`, []strictjson.Problem{{Path: "server_id", Message: "must be a whole number written in digits only, got 1e3"}}},
		"too large":            {`{"small": 128}`, []strictjson.Problem{{Path: "small", Message: "is out of range: 128"}}},
		"negative unsigned":    {`{"unsigned": -1}`, []strictjson.Problem{{Path: "unsigned", Message: "is out of range: -1"}}},
		"too large a float":    {`{"ratio": 1e400}`, []strictjson.Problem{{Path: "ratio", Message: "is out of range: 1e400"}}},
		"null":                 {`{"wait": null}`, []strictjson.Problem{{Path: "wait", Message: "must not be null: leave it out to get the default"}}},
		"null in a list":       {`{"words": ["a", null]}`, []strictjson.Problem{{Path: "words[1]", Message: "must not be null: leave it out to get the default"}}},
		"a type's own refusal": {`{"wait": "30"}`, []strictjson.Problem{{Path: "wait", Message: `"30" is not a duration: write "90s", "30m", "1h30m" or "14d"`}}},
		"given three times":    {`{"mode": "a", "mode": "b", "mode": "c"}`, []strictjson.Problem{{Path: "mode", Message: "is given more than once: leave one"}}},
		"a key for no path":    {`{"a b\n": 1, "": 2}`, []strictjson.Problem{{Path: `["a b\n"]`}, {Path: `[""]`}}},
		"several at once": {`{"nope": 1, "small": 1.5, "inner": {"kind": 5, "oops": []}, "list": [{"count": "x"}]}`, []strictjson.Problem{
			{Path: "nope"}, {Path: "small"}, {Path: "inner.kind"}, {Path: "inner.oops"}, {Path: "list[0].count"}}},
		"root is null":      {`null`, []strictjson.Problem{{Message: "must be an object, got null"}}},
		"root is a list":    {`[]`, []strictjson.Problem{{Message: "must be an object, got a list"}}},
		"nothing":           {" \n", []strictjson.Problem{{Message: "is empty: give one JSON object"}}},
		"ends too early":    {"{\"mode\":\n\"a", []strictjson.Problem{{Message: "is not whole JSON: it ends too early (line 2, column 3)"}}},
		"malformed":         {"{\n  \"é\": x}", []strictjson.Problem{{Message: "is not valid JSON: invalid character 'x' looking for beginning of value (line 2, column 8)"}}},
		"no quotes":         {`{server_id: 1}`, []strictjson.Problem{{Message: "is not valid JSON: invalid character 's' looking for beginning of object key string (line 1, column 2)"}}},
		"trailing":          {"{\"mode\": 1}\n {}", []strictjson.Problem{{Path: "mode", Message: "must be a string, got a number"}, {Message: "must be one JSON object, but more follows after its end (line 2, column 2)"}}},
		"trailing nonsense": {`{}]`, []strictjson.Problem{{Message: "must be one JSON object, but more follows after its end (line 1, column 3)"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got outer
			problems := strictjson.Decode([]byte(tt.json), &got)
			require.Len(t, problems, len(tt.want), "%v", problems)
			for i, want := range tt.want {
				assert.Equal(t, want.Path, problems[i].Path)
				if want.Message != "" {
					assert.Equal(t, want.Message, problems[i].Message)
				}
			}
		})
	}
}

func TestOfAFieldGivenTwiceTheFirstCounts(t *testing.T) {
	var got outer
	strictjson.Decode([]byte(`{"mode": "a", "mode": "b"}`), &got)
	assert.Equal(t, mode("a"), got.Mode)
}

func TestAFieldThatCannotBeReadIsAProblemAndNoPanic(t *testing.T) {
	var got struct {
		Any map[string]string `json:"any"`
		Raw json.RawMessage   `json:"raw"`
	}
	problems := strictjson.Decode([]byte(`{"any": {"a": "b"}, "raw": {"a": [1]}}`), &got)
	assert.Equal(t, []string{"any"}, paths(problems))
	assert.JSONEq(t, `{"a": [1]}`, string(got.Raw))
}

func TestATargetThatIsNoPointerToAStructIsAProgrammingError(t *testing.T) {
	assert.Panics(t, func() { strictjson.Decode([]byte(`{}`), outer{}) })
	assert.Panics(t, func() { strictjson.Decode([]byte(`{}`), (*outer)(nil)) })
	assert.Panics(t, func() { strictjson.Decode([]byte(`{}`), &[]string{}) })
}
