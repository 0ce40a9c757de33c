package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"
)

// Bounds of the work and of the answer. An honest input stays far below all of them.
const (
	// MaxDepth is how many objects and lists may stand inside each other.
	MaxDepth = 32
	// MaxProblems is how many problems are reported at most; the last one then says that there are more.
	MaxProblems = 100
	// MaxElements is how many elements one list, or fields one object, may have.
	MaxElements = 10_000
	// MaxBytes is how long an input may be. Temporal's own limit is 2 MiB, and all of it would be read in one workflow task.
	MaxBytes = 1 << 20
)

// Problem is one thing that is wrong with an input.
type Problem struct {
	// Path is where, such as "verify.checks[0].url"; empty for the input as a whole.
	Path string `json:"path"`
	// Message says what is wrong and how to mend it, to be read after the path and a colon.
	Message string `json:"message"`
}

// ElementDefaults fills a new list element before its JSON is read over it. index counts from 0 and element is a
// pointer to the list's element type.
type ElementDefaults func(index int, element any)

// Decode reads the JSON object in data into the struct that into points to and returns every problem in the order of
// the document; none means that all of data was read. Only fields that are present are written, so the caller sets the
// defaults first; a field with a problem keeps its default. List elements start as zero values.
//
// Fields are matched by their json tag, case and all. Understood are structs, slices, strings, bools, numbers,
// pointers to those, and types with an UnmarshalJSON of their own; embedded structs are not flattened. A value that is
// not a pointer to a struct is a programming error and panics.
func Decode(data []byte, into any) []Problem { return DecodeWith(data, into, nil) }

// DecodeWith is Decode with defaults for list elements, so that "not given" and "given as zero" stay apart there too.
func DecodeWith(data []byte, into any, defaults ElementDefaults) []Problem {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("strictjson: into must be a pointer to a struct, not %T", into))
	}
	if len(data) > MaxBytes {
		return []Problem{{Message: fmt.Sprintf("has %d bytes, the limit is %d", len(data), MaxBytes)}}
	}
	if at, deep := tooDeep(data); deep {
		return []Problem{{Message: fmt.Sprintf("is nested more than %d levels deep (%s)", MaxDepth, position(data, at))}}
	}
	first, rest, problem := split(data)
	if problem != nil {
		return []Problem{*problem}
	}
	w := &walker{data: first, dec: json.NewDecoder(bytes.NewReader(first)), defaults: defaults}
	w.value("", target.Elem())
	if len(rest) > 0 {
		w.add("", fmt.Sprintf("must be one JSON object, but more follows after its end (%s)",
			position(data, len(data)-len(rest))))
	}
	return w.problems
}

// tooDeep scans for nesting beyond MaxDepth, so that nothing after it has to care. It returns the offset where it is.
func tooDeep(data []byte) (int, bool) {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return i, true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return 0, false
}

// split parts data into its first JSON value, whose syntax is then known to be right, and what stands after it.
// Nothing is read out of malformed JSON: what a broken text means would be a guess.
func split(data []byte) (value, rest []byte, problem *Problem) {
	dec := json.NewDecoder(bytes.NewReader(data))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return nil, nil, malformed(data, err)
	}
	return raw, bytes.TrimLeft(data[dec.InputOffset():], " \t\r\n"), nil
}

func malformed(data []byte, err error) *Problem {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return &Problem{Message: "is empty: give one JSON object"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Problem{Message: fmt.Sprintf("is not whole JSON: it ends too early (%s)", position(data, len(data)))}
	case errors.As(err, &syntax):
		// Offset counts the bytes read, the offending one included.
		at := min(max(int(syntax.Offset)-1, 0), len(data))
		return &Problem{Message: fmt.Sprintf("is not valid JSON: %s (%s)", clip(syntax.Error()), position(data, at))}
	default:
		return &Problem{Message: "is not valid JSON: " + clip(err.Error())}
	}
}

// position names an offset the way an editor does: lines and columns from 1, columns in characters.
func position(data []byte, offset int) string {
	before := data[:offset]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}
