package target

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Bounds of a template and of what becomes of it: it is the input of one run, and with thousands of runs it stays far
// below the 2 MiB that Temporal takes.
const (
	MaxTemplateBytes = 256 << 10
	MaxExpandedBytes = 512 << 10
)

// Check returns what is wrong with a template, whatever server it is for, by paths inside of it; see At.
func Check(data []byte) []strictjson.Problem {
	_, list := rewrite(data, nil)
	return list
}

// Expand puts what the API says of a server into every string value of the JSON object in data, where it says
// {{.ServerID}}, {{.Name}}, {{.Hostname}}, {{.IPAddress}} or {{.Location}}. Field names, numbers and the order of things
// stay as they are. Nothing is returned when there is a problem: with the template, or with what the server has.
//
// A name, hostname or location must be letters, digits, ".", "_" and "-". An IPv6 address comes in brackets, as in a URL
// or a host:port: "https://{{.IPAddress}}/", "{{.IPAddress}}:22".
func Expand(data []byte, s contract.Server) ([]byte, []strictjson.Problem) {
	out, list := rewrite(data, &s)
	if len(list) > 0 {
		return nil, list
	}
	return out, nil
}

// rewrite walks the template and, with a server, writes it anew.
func rewrite(data []byte, s *contract.Server) ([]byte, []strictjson.Problem) {
	w := &walker{data: data, server: s}
	switch {
	case len(data) > MaxTemplateBytes:
		w.add("", "has %d bytes, the limit of a template is %d", len(data), MaxTemplateBytes)
	case !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")):
		w.add("", "must be one JSON object")
	case !json.Valid(data):
		w.add("", "is not valid JSON")
	default:
		w.walk()
	}
	return w.out.Bytes(), w.list
}

// walker goes through JSON of known good syntax. It copies every byte but those of strings that have a field in them,
// so that whatever reads the result sees numbers, repeated fields and the like as they were written.
type walker struct {
	problems
	data   []byte
	server *contract.Server
	out    bytes.Buffer
	stack  []frame
}

// frame is one object or list around the place.
type frame struct {
	object bool
	// naming is true where an object's field name comes next; key is the last one.
	naming bool
	key    string
	index  int
}

func (w *walker) walk() {
	for at := 0; at < len(w.data) && !w.full(); {
		c := w.data[at]
		if c == '"' {
			end := closing(w.data, at)
			w.text(w.data[at:end])
			at = end
			continue
		}
		switch c {
		case '{', '[':
			if len(w.stack) == strictjson.MaxDepth {
				w.add("", "is nested more than %d levels deep", strictjson.MaxDepth)
				return
			}
			w.stack = append(w.stack, frame{object: c == '{', naming: c == '{'})
		case '}', ']':
			w.stack = w.stack[:len(w.stack)-1]
		case ',':
			top := &w.stack[len(w.stack)-1]
			top.naming = top.object
			top.index++
		}
		w.out.WriteByte(c)
		at++
	}
}

// closing returns where the string that begins at from has ended.
func closing(data []byte, from int) int {
	for at := from + 1; at < len(data); at++ {
		switch data[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(data) // not reached: the syntax was checked before
}

// text takes one string with its quotes: a field's name or a value.
func (w *walker) text(raw []byte) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		w.add(w.path(), "is not valid JSON")
		return
	}
	top := &w.stack[len(w.stack)-1]
	if top.naming {
		top.naming, top.key = false, text
		if strings.Contains(text, open) {
			w.add(w.path(), "has double braces in its name: only values may have them")
		}
	} else if strings.Contains(text, open) {
		raw = w.expanded(text)
	}
	w.out.Write(raw)
	if w.out.Len() > MaxExpandedBytes {
		w.add("", "becomes longer than %d bytes for server %d", MaxExpandedBytes, w.server.ID)
		w.data = nil // the rest is not looked at
	}
}

// expanded is a value with its fields put in, as JSON; nothing when there is a problem or no server.
func (w *walker) expanded(text string) []byte {
	pieces, problem := parseText(text)
	if problem != "" {
		w.add(w.path(), "%s", problem)
		return nil
	}
	if w.server == nil {
		return nil
	}
	var b strings.Builder
	for _, p := range pieces {
		value := p.text
		if p.field != "" {
			if value, problem = valueOf(p.field, *w.server); problem != "" {
				w.add(w.path(), "%s", problem)
				return nil
			}
		}
		b.WriteString(value)
		if b.Len() > MaxExpandedBytes {
			break // the caller sees that it is too long
		}
	}
	return quoted(b.String())
}

// quoted writes a string as JSON without the escapes that only HTML needs.
func quoted(text string) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return []byte(`""`) // not reached: a string can always be written
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// path names the place for people, such as verify.checks[0].url.
func (w *walker) path() string {
	var b strings.Builder
	for _, f := range w.stack {
		switch {
		case !f.object:
			fmt.Fprintf(&b, "[%d]", f.index)
		case !plain(f.key):
			b.WriteString("[" + strictjson.Quote(f.key) + "]")
		case b.Len() == 0:
			b.WriteString(f.key)
		default:
			b.WriteString("." + f.key)
		}
	}
	return b.String()
}

// plain says whether a key may stand in a path as it is.
func plain(key string) bool {
	for _, c := range []byte(key) {
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return key != "" && len(key) <= 60
}
