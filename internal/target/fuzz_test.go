package target

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// FuzzExpand: whatever the template and the server say, an expansion has the fields and the types of its template, keeps
// every string that has no field in it, and leaves no double braces.
func FuzzExpand(f *testing.F) {
	f.Add([]byte(`{"a":"{{.Name}}","b":[1,null,{"c":"x{{ .IPAddress }}y"}]}`), int64(5), "web01", "h.example.com", "2001:db8::1", "ber-1")
	f.Add([]byte(`{"\u007b{.Name}}":"\u007b\u007b.ServerID}}"}`), int64(5), `","evil":"`, "", "", "")
	f.Add([]byte(`{"a":"{{- .Name -}}","a":"{{/**/}}"}`), int64(1), "a", "b", "192.0.2.1", "{{")
	f.Add([]byte(`{"a":"{{define "template"}}{{end}}"}`), int64(1), "a", "b", "192.0.2.1", "c")
	f.Fuzz(func(t *testing.T, data []byte, id int64, name, hostname, ip, location string) {
		out, problems := Expand(data, contract.Server{ID: id, Name: name, Hostname: hostname, IPAddress: ip, Location: location})
		if len(Check(data)) > 0 {
			require.NotEmpty(t, problems, "a bad template is bad for every server")
		}
		if len(problems) > 0 {
			require.Nil(t, out)
			return
		}
		require.True(t, json.Valid(out))
		require.LessOrEqual(t, len(out), MaxExpandedBytes)
		before, after := json.NewDecoder(bytes.NewReader(data)), json.NewDecoder(bytes.NewReader(out))
		before.UseNumber()
		after.UseNumber()
		for { // token by token, so that a repeated field counts too
			was, errBefore := before.Token()
			is, errAfter := after.Token()
			require.Equal(t, errBefore, errAfter)
			if errBefore != nil {
				return
			}
			require.IsType(t, was, is)
			text, ok := is.(string)
			if !ok {
				require.Equal(t, was, is)
				continue
			}
			require.NotContains(t, text, open)
			if !strings.Contains(was.(string), open) {
				require.Equal(t, was, is)
			}
		}
	})
}
