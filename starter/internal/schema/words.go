package schema

import (
	_ "embed"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// wordsJSON is what the Go sources say of the types: comments and lists of constants. A test writes it from them, and fails
// when it is stale.
//
//go:embed words.json
var wordsJSON []byte

// words are what the sources say, by names such as "workflows.UpdateInput" or "workflows.UpdateInput.Timeout".
type words struct {
	// Comments are those of types and fields, as one line each.
	Comments map[string]string `json:"comments"`
	// Constants are the values of a named string type, in the order of the source.
	Constants map[string][]string `json:"constants"`
}

var sources = sync.OnceValues(func() (words, error) {
	var w words
	err := json.Unmarshal(wordsJSON, &w)
	return w, err
})

// typeName is how a type is named in words.
func typeName(t reflect.Type) string { return t.String() }

// comment is a field's own comment, else that of its type; a reader of JSON knows fields by their JSON names.
func (w words) comment(owner reflect.Type, field reflect.StructField) string {
	names := map[string]string{elemOf(field.Type).Name(): jsonName(field)}
	for i := range owner.NumField() {
		names[owner.Field(i).Name] = jsonName(owner.Field(i))
	}
	text := w.Comments[typeName(owner)+"."+field.Name]
	if text == "" {
		text = w.Comments[typeName(elemOf(field.Type))]
	}
	return renamed(text, names)
}

// renamed puts other words in the place of some.
func renamed(text string, names map[string]string) string {
	var b strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
		switch {
		case end < 0:
			end = len(text)
		case end == 0: // what stands between words
			_, end = utf8.DecodeRuneInString(text)
		}
		word := text[:end]
		if other := names[word]; other != "" {
			word = other
		}
		b.WriteString(word)
		text = text[end:]
	}
	return b.String()
}

// elemOf is what a pointer or a list is about.
func elemOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || (t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8) {
		t = t.Elem()
	}
	return t
}

// jsonName is a field's name in JSON; empty for one that is not written.
func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case !field.IsExported() || name == "-":
		return ""
	case name == "":
		return field.Name
	default:
		return name
	}
}
