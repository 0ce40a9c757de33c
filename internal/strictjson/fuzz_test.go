package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// FuzzDecode holds Decode against encoding/json: no input makes it panic; what encoding/json accepts is accepted with
// the same value, unless it is one of the things this package exists to refuse; and what is accepted here is accepted
// there too.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `"x"`, ``, `{"server_id": 12345}`, `{"server_id": 1.5, "small": 128, "ratio": 1e400}`,
		`{"inner": {"kind": "http", "count": 3}, "list": [{"url": "u"}, {}], "words": [], "maybe": {"kind": "x"}}`,
		`{"mode": "a", "mode": "b"}`, `{"MODE": "a"}`, `{"wait": "30m"} `, `{"wait": 30}`, `{"dry_run": true}}`, `{"NoTag":"\ud800"}`,
		`{"unsigned": -0, "small": -0, "ratio": -0.0}`, `{"words": ["a", null]}`, `{"private": 1}`, `{"-": 1}`, "{\"mode\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := outer{ServerID: 7, Mode: "default", Inner: inner{Count: 3}}
		mine, theirs := before, before
		problems := strictjson.Decode(data, &mine)
		if len(problems) > strictjson.MaxProblems {
			t.Fatalf("%d problems", len(problems))
		}
		err := decodeTheirs(data, &theirs)
		switch {
		case len(problems) == 0 && err != nil:
			t.Fatalf("accepted %q, but encoding/json says %v", data, err)
		case len(problems) == 0 || (err == nil && !refusedOnPurpose(data)):
			if len(problems) > 0 {
				t.Fatalf("refused %q: %v", data, problems)
			}
			if !reflect.DeepEqual(mine, theirs) {
				t.Fatalf("%q: got %+v, encoding/json got %+v", data, mine, theirs)
			}
		}
	})
}

func decodeTheirs(data []byte, into *outer) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// refusedOnPurpose finds what encoding/json forgives: null, a field twice in one object, a key in another case, too
// many elements, too deep.
func refusedOnPurpose(data []byte) bool {
	known := []string{"server_id", "small", "unsigned", "ratio", "dry_run", "mode", "wait", "inner", "list", "words", "maybe",
		"NoTag", "kind", "count", "url"}
	dec := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		object   bool
		keys     []string
		elements int
		awaitKey bool
	}
	stack := []level{{}}
	for {
		token, err := dec.Token()
		if err != nil {
			return false
		}
		top := &stack[len(stack)-1]
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			stack = stack[:len(stack)-1]
			continue
		}
		if top.object && top.awaitKey {
			key, _ := token.(string)
			if slices.Contains(top.keys, key) || !slices.Contains(known, key) {
				return true
			}
			top.keys, top.awaitKey = append(top.keys, key), false
			continue
		}
		top.awaitKey = true
		if top.elements++; token == nil || (!top.object && top.elements > strictjson.MaxElements) {
			return true
		}
		if delim, ok := token.(json.Delim); ok {
			stack = append(stack, level{object: delim == '{', awaitKey: true})
			if len(stack) > strictjson.MaxDepth+1 {
				return true
			}
		}
	}
}
