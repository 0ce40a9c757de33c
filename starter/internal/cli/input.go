package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

// maxInput is far above any input that makes sense and below Temporal's own limit of 2 MiB for one.
const maxInput = 1 << 20

// input reads the runbook's input from -f or builds it from flags. Both at once is refused, but for the few flags that
// say what they replace: whether a flag or the file wins would be a guess.
func (a *app) input(cmd *cobra.Command, flags *inputFlags) (json.RawMessage, error) {
	given := flags.given(cmd.Flags())
	if flags.file == "" {
		return flags.build(cmd.Flags())
	}
	if len(given) > 0 {
		return nil, fail(codeUsage, "-f holds the whole input, so it cannot stand beside --%s: put the value into the file, or leave -f out",
			strings.Join(given, ", --"))
	}
	raw, err := a.readInput(flags.file, `{"server_id": 12345, ...}`)
	if err != nil {
		return nil, fail(codeUsage, "%w", err)
	}
	return flags.over(cmd.Flags(), raw)
}

// over puts the flags that may stand beside a file over what the file says. Without any it stays as it is, byte for byte.
func (f *inputFlags) over(fs *pflag.FlagSet, raw json.RawMessage) (json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	changed := false
	for _, field := range f.fields() {
		if !field.overFile || !fs.Changed(field.flag) {
			continue
		}
		if !changed {
			if err := once(raw); err != nil {
				return nil, err
			}
			if err := json.Unmarshal(raw, &object); err != nil {
				return nil, fail(codeUsage, "read the input: %w", err)
			}
			changed = true
		}
		value, err := field.value(fs, field.flag)
		if err != nil {
			return nil, fail(codeUsage, "--%s: %w", field.flag, err)
		}
		for _, path := range field.instead {
			delete(object, path)
		}
		if object[field.path], err = json.Marshal(value); err != nil {
			return nil, fail(codeUsage, "--%s: %w", field.flag, err)
		}
	}
	if !changed {
		return raw, nil
	}
	whole, err := json.Marshal(object)
	if err != nil {
		return nil, fail(codeUsage, "make the input: %w", err)
	}
	return whole, nil
}

// readInput reads a file, or standard input for "-", that holds exactly one JSON object such as the example. What the object says is for
// the runbook to judge, which also refuses unknown fields: it gets the bytes as they are.
func (a *app) readInput(path, example string) (json.RawMessage, error) {
	name, in := path, a.In
	if path == "-" {
		name = "standard input"
	} else {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the input: %w: name a file with one JSON object, or - for standard input", err)
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read the input from %s: %w", name, err)
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("%s is larger than 1 MiB: an input is one small JSON object", name)
	}
	if err := oneObject(data); err != nil {
		return nil, fmt.Errorf("%s %w: write one JSON object such as %s", name, err, example)
	}
	return data, nil
}

// oneObject says what stands in data instead of one JSON object.
func oneObject(data []byte) error {
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return errors.New("is empty")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return fmt.Errorf("is not JSON%s: %w", place(data, err), err)
	}
	if value[0] != '{' {
		return errors.New("holds JSON, but not an object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("holds more than one JSON object")
	}
	return nil
}

// once refuses an object, before it is written anew, in which a field is given twice: encoding/json would silently keep
// the last one, and the runbook, which refuses it, would never see it.
func once(raw json.RawMessage) error {
	if name := twice(json.NewDecoder(bytes.NewReader(raw)), ""); name != "" {
		return fail(codeUsage, "the input gives %s more than once: leave one", render.Clean(strconv.Quote(name)))
	}
	return nil
}

// twice is the path of the first field that the next value gives more than once; empty when there is none. What is no
// JSON is for others to refuse.
func twice(decoder *json.Decoder, path string) string {
	token, err := decoder.Token()
	if err != nil || (token != json.Delim('{') && token != json.Delim('[')) {
		return ""
	}
	seen := map[string]bool{}
	for i := 0; decoder.More(); i++ {
		inner := fmt.Sprintf("%s[%d]", path, i)
		if token == json.Delim('{') {
			key, err := decoder.Token()
			name, ok := key.(string)
			if err != nil || !ok {
				return ""
			}
			if inner = strings.TrimPrefix(path+"."+name, "."); seen[name] {
				return inner
			}
			seen[name] = true
		}
		if found := twice(decoder, inner); found != "" {
			return found
		}
	}
	_, _ = decoder.Token() // the end of the object or the list
	return ""
}

// place is the line and column of a syntax error.
func place(data []byte, err error) string {
	offset := int64(len(data))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = min(syntax.Offset, offset)
	} else if !errors.Is(err, io.ErrUnexpectedEOF) {
		return ""
	}
	before := data[:max(0, offset-1)]
	return fmt.Sprintf(" (line %d, column %d)", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// serverOf is the server that the input names, for the workflow's id only; 0 when it names none.
func serverOf(raw json.RawMessage) int64 {
	var in struct {
		ServerID int64 `json:"server_id"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return 0 // the runbook says what is wrong with it
	}
	return in.ServerID
}

// kindOf is who makes the change, as far as the input says it in a readable way.
func kindOf(raw json.RawMessage) workflows.UpdateKind {
	var in struct {
		Update struct {
			Kind workflows.UpdateKind `json:"kind"`
		} `json:"update"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return ""
	}
	return in.Update.Kind
}
