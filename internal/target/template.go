package target

import (
	"slices"
	"strings"
	"text/template/parse"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// field is what a template may say about its server.
type field string

const (
	fieldServerID  field = "ServerID"
	fieldName      field = "Name"
	fieldHostname  field = "Hostname"
	fieldIPAddress field = "IPAddress"
	fieldLocation  field = "Location"
)

var fields = []field{fieldServerID, fieldName, fieldHostname, fieldIPAddress, fieldLocation}

// known lists the fields the way they are written.
const known = "{{.ServerID}}, {{.Name}}, {{.Hostname}}, {{.IPAddress}} and {{.Location}}"

const (
	open = "{{"
	shut = "}}"
)

// piece is a part of a template: text, or a field when that is not empty.
type piece struct {
	text  string
	field field
}

// parseText reads one string of a template. The second result says what is wrong and how to mend it; empty means nothing.
func parseText(text string) ([]piece, string) {
	tree := parse.New("template")
	tree.Mode = parse.ParseComments // or they would vanish without a word
	if _, err := tree.Parse(text, open, shut, map[string]*parse.Tree{}); err != nil {
		return nil, "is not a template that can be read (" + reason(err) + "): only " + known + " may stand in double braces"
	}
	var pieces []piece
	for _, node := range tree.Root.Nodes {
		p, problem := pieceOf(node)
		if problem != "" {
			return nil, problem
		}
		pieces = append(pieces, p)
	}
	if !whole(text, pieces) {
		return nil, "has something in double braces that is left out or takes blanks away around it: only " + known + " may stand there, without \"-\""
	}
	return pieces, ""
}

// pieceOf takes text and {{.Field}}, and refuses whatever else a Go template may be made of.
func pieceOf(node parse.Node) (piece, string) {
	switch n := node.(type) {
	case *parse.TextNode:
		return piece{text: string(n.Text)}, ""
	case *parse.ActionNode:
		name, ok := singleField(n.Pipe)
		if !ok {
			return piece{}, other(n.String())
		}
		if !slices.Contains(fields, name) {
			return piece{}, "has the unknown field " + strictjson.Quote(n.String()) + ": use one of " + known
		}
		return piece{field: name}, ""
	default: // if, range, with, comments and what later versions of Go may add
		return piece{}, other(node.String())
	}
}

func singleField(pipe *parse.PipeNode) (field, bool) {
	if pipe == nil || len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return "", false
	}
	n, ok := pipe.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(n.Ident) != 1 {
		return "", false
	}
	return field(n.Ident[0]), true
}

func other(what string) string {
	return "has " + strictjson.Quote(what) + ": only " + known + " may stand in double braces, without functions, conditions, variables or comments"
}

// reason takes the place, which is always the same line of the same name, off a parser's error.
func reason(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, ": "); ok {
		if _, after, ok = strings.Cut(after, ": "); ok {
			text = after
		}
	}
	return strictjson.Quote(text)
}

// whole says whether the pieces are all there is in the text. A parser drops definitions, and "{{-" takes blanks away,
// without a trace in what it returns.
func whole(text string, pieces []piece) bool {
	for _, p := range pieces {
		if p.field == "" {
			rest, ok := strings.CutPrefix(text, p.text)
			if !ok {
				return false
			}
			text = rest
			continue
		}
		inside, rest, ok := strings.Cut(strings.TrimPrefix(text, open), shut)
		if !ok || !strings.HasPrefix(text, open) || strings.TrimSpace(inside) != "."+string(p.field) {
			return false
		}
		text = rest
	}
	return text == ""
}
