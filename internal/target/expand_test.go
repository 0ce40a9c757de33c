package target

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

var web01 = contract.Server{ID: 5, Name: "web01", Hostname: "web01.example.com", IPAddress: "192.0.2.7", Location: "ber-1"}

func TestATemplateIsFilledInItsValuesAndNothingElseChanges(t *testing.T) {
	template := `{
  "reason": "roll {{.Name}} in {{ .Location }}", "n": 1e400, "big": 123456789012345678901234567890,
  "twice": 1, "twice": 2, "raw": "\u00e9 <b> \/", "html": "<{{.Name}}>&",
  "verify": {"checks": [true, null, {"url": "https://{{.Hostname}}:443/?id={{.ServerID}}", "address": "{{.IPAddress}}:22"}, []]},
  "escaped": "\u007b\u007b.Name}}"
}`
	want := `{
  "reason": "roll web01 in ber-1", "n": 1e400, "big": 123456789012345678901234567890,
  "twice": 1, "twice": 2, "raw": "\u00e9 <b> \/", "html": "<web01>&",
  "verify": {"checks": [true, null, {"url": "https://web01.example.com:443/?id=5", "address": "192.0.2.7:22"}, []]},
  "escaped": "web01"
}`
	got, problems := Expand([]byte(template), web01)
	require.Empty(t, problems)
	assert.Equal(t, want, string(got))
	assert.Empty(t, Check([]byte(template)))
}

func TestAnIPv6AddressIsPutInBrackets(t *testing.T) {
	for address, want := range map[string]string{
		"2001:db8::1": "[2001:db8::1]", "2001:0DB8:0:0:0:0:0:1": "[2001:db8::1]", "::ffff:192.0.2.1": "192.0.2.1", "192.0.2.1": "192.0.2.1",
	} {
		got, problems := Expand([]byte(`{"a":"{{.IPAddress}}:22"}`), contract.Server{ID: 5, IPAddress: address})
		require.Empty(t, problems)
		assert.Equal(t, `{"a":"`+want+`:22"}`, string(got))
	}
}

func TestNothingButTheFiveFieldsMayStandInDoubleBraces(t *testing.T) {
	for _, text := range []string{
		"{{.Foo}}", "{{.name}}", "{{.}}", "{{}}", "{{.Name", "{{.Name}", "{{.Name.Foo}}", "{{(.Name)}}", "{{.Name | print}}", "{{print .Name}}",
		"{{printf `%s` .Name}}", "{{.Name .Location}}", "{{`x`}}", "{{1}}", "{{nil}}", "{{true}}", "{{$}}", "{{$.Name}}", "{{$x := .Name}}{{$x}}",
		"{{if .Name}}x{{end}}", "{{range .Name}}x{{end}}", "{{with .Name}}x{{end}}", "{{template `x`}}", "{{block `x` .}}{{end}}",
		"{{define `x`}}y{{end}}", "{{define `template`}}{{end}}", "{{define `template`}}y{{end}}", "{{/* nothing */}}", "a {{- .Name}}", "{{.Name -}} b", "{{- /* x */ -}}", "{{{.Name}}}",
		"{{break}}", "{{continue}}", "{{end}}", "{{else}}", "{{.Name}}{{", "x {{\x00}}",
	} {
		t.Run(text, func(t *testing.T) {
			data := []byte(`{"a":{"b":[0,` + strconv.Quote(text) + `]}}`)
			if strings.Contains(text, "\x00") {
				data = []byte(`{"a":{"b":[0,"x {{\u0000}}"]}}`)
			}
			problems := Check(data)
			require.Len(t, problems, 1)
			assert.Equal(t, "a.b[1]", problems[0].Path)
			assert.Contains(t, problems[0].Message, "{{.ServerID}}", "it says what may stand there")
			out, again := Expand(data, web01)
			assert.Nil(t, out)
			assert.Equal(t, problems, again)
		})
	}
}

func TestAHostileServerIsAProblemAndNeverPutIn(t *testing.T) {
	word := map[string]string{
		"empty": "", "space": "web 01", "quote": `a"b`, "backslash": `a\b`, "slash": "a/b", "colon": "a:b", "at": "a@b", "newline": "a\nb",
		"template": "{{.Name}}", "dash first": "-oProxyCommand=x", "dot first": "..", "shell": "a;rm", "question": "a?b", "hash": "a#b", "percent": "a%2e",
		"unicode": "wéb", "not text": "a\xff", "brackets": "[::1]", "cut": "web…", "long": strings.Repeat("a", 254), "null": "a\x00",
	}
	for name, text := range word {
		for field, server := range map[string]contract.Server{
			"Name": {ID: 5, Name: text}, "Hostname": {ID: 5, Hostname: text}, "Location": {ID: 5, Location: text}, "IPAddress": {ID: 5, IPAddress: text},
		} {
			t.Run(name+" "+field, func(t *testing.T) {
				out, problems := Expand([]byte(`{"a":[{"x y":"http://{{.`+field+`}}/"}]}`), server)
				require.Len(t, problems, 1)
				assert.Nil(t, out)
				assert.Equal(t, `a[0]["x y"]`, problems[0].Path)
				assert.Contains(t, problems[0].Message, "server 5")
				if len(text) > 3 {
					assert.NotContains(t, strings.ReplaceAll(problems[0].Message, "{{."+field+"}}", ""), text, "the text is not repeated")
				}
			})
		}
	}
	for _, address := range []string{"fe80::1%eth0", "192.0.2.1/24", "192.0.2.1:22", "0x7f.1", "2130706433"} {
		_, problems := Expand([]byte(`{"a":"{{.IPAddress}}"}`), contract.Server{ID: 5, IPAddress: address})
		assert.Len(t, problems, 1, address)
	}
	_, problems := Expand([]byte(`{"a":"{{.ServerID}}"}`), contract.Server{})
	assert.Len(t, problems, 1)
	longest := strings.Repeat("a", 253)
	out, problems := Expand([]byte(`{"a":"{{.Name}}"}`), contract.Server{ID: 5, Name: longest})
	assert.Empty(t, problems)
	assert.Equal(t, `{"a":"`+longest+`"}`, string(out))
}

func TestAServerThatLacksWhatTheTemplateDoesNotUseIsFine(t *testing.T) {
	out, problems := Expand([]byte(`{"a":"{{.ServerID}}"}`), contract.Server{ID: 5, Name: "no good"})
	assert.Empty(t, problems)
	assert.Equal(t, `{"a":"5"}`, string(out))
}

func TestEveryProblemOfATemplateIsReported(t *testing.T) {
	problems := Check([]byte(`{"a":"{{.X}}","b":["ok",{"c":"{{if .Name}}"}],"{{.Name}}":1}`))
	paths := []string{}
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	assert.Equal(t, []string{"a", "b[1].c", `["{{.Name}}"]`}, paths)

	problems = Check([]byte(`{"a":[` + strings.TrimSuffix(strings.Repeat(`"{{",`, 500), ",") + `]}`))
	require.Len(t, problems, strictjson.MaxProblems)
	assert.Contains(t, problems[len(problems)-1].Message, "more than")
}

func TestATemplateThatIsNoBoundedJSONObjectIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"a":`, strictjson.MaxDepth+1) + "1" + strings.Repeat("}", strictjson.MaxDepth+1)
	for name, data := range map[string]string{
		"nothing": "", "null": "null", "a list": `["{{.Name}}"]`, "a string": `"{{.Name}}"`, "broken": `{"a":`, "two": `{}{}`,
		"too deep": deep, "too long": `{"a":"` + strings.Repeat("x", MaxTemplateBytes) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			assert.Len(t, Check([]byte(data)), 1)
			out, problems := Expand([]byte(data), web01)
			assert.Nil(t, out)
			assert.Len(t, problems, 1)
		})
	}
}

func TestAnExpansionIsBounded(t *testing.T) {
	server := contract.Server{ID: 5, Name: strings.Repeat("n", 253)}
	one := `{"a":"` + strings.Repeat("{{.Name}}", 20_000) + `"}`
	many := `{"a":[` + strings.TrimSuffix(strings.Repeat(`"{{.Name}}",`, 20_000), ",") + `]}`
	for _, data := range []string{one, many} {
		assert.Empty(t, Check([]byte(data)))
		out, problems := Expand([]byte(data), server)
		assert.Nil(t, out)
		require.Len(t, problems, 1)
		assert.Contains(t, problems[0].Message, strconv.Itoa(MaxExpandedBytes))
	}
}
