package vpsorg

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzFields holds checkFields against a slower reading of the same answer.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{
		page(2, "?x", row(1), row(2)), `{"a":1,"a":2}`, `{"a":1,"A":2}`, `{"k":1,"\u212a":2}`, `{"s":1,"\u017f":2}`, `{"a":{"a":{"a":[{"a":1},{"a":2}]}}}`, `[{"a":1},{"a":1}]`,
		`{"a":"{\"a\":1","b":"a"}`, `{"a" : 1 , "\u0061" : 2}`, `{"a\"":1,"a\\":2,"a\\\"":3}`, `{"":1,"":2}`, `{"a":[{"b":1,"b":2}]}`, `{"é":1,"É":2}`, "{\"\xff\":1,\"\ufffd\":2}",
		strings.Repeat(`{"a":`, 20) + `{"b":1,"b":2}`, `{"a":1,"a"`, `"a":"a":`, `}}{"a":1,"a":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		err := checkFields(answer)
		if !json.Valid(answer) {
			return // only that it ends
		}
		if slow := repeats(answer); slow != (err != nil) {
			t.Fatalf("%q: %v, and the slow reading says %t", answer, err, slow)
		}
	})
}

// repeats reads valid JSON token by token.
func repeats(answer []byte) bool {
	type level struct {
		object, awaitsValue bool
		fields              []string
	}
	tokens := json.NewDecoder(bytes.NewReader(answer))
	tokens.UseNumber()
	stack := []*level{{}}
	for {
		token, err := tokens.Token()
		if err != nil {
			return false
		}
		top := stack[len(stack)-1]
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:len(stack)-1]
			continue
		}
		if name, ok := token.(string); ok && top.object && !top.awaitsValue {
			top.awaitsValue = true
			for _, other := range top.fields {
				if strings.EqualFold(name, other) && len(stack)-2 < maxFieldDepth {
					return true
				}
			}
			if top.fields = append(top.fields, name); len(top.fields) > maxFields && len(stack)-2 < maxFieldDepth {
				return true
			}
			continue
		}
		top.awaitsValue = false
		if delim, ok := token.(json.Delim); ok {
			stack = append(stack, &level{object: delim == '{'})
		}
	}
}
