package strictjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

func (w *walker) scalar(path string, into reflect.Value) {
	kind := w.peek()
	switch into.Kind() {
	case reflect.String:
		w.text(path, into, kind)
	case reflect.Bool:
		if kind != 't' && kind != 'f' {
			w.wrongType(path, "true or false", kind)
			return
		}
		into.SetBool(string(w.raw()) == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		w.whole(path, into, kind)
	case reflect.Float32, reflect.Float64:
		w.float(path, into, kind)
	default:
		// A field of a type that this package cannot read is a mistake in the program, but one that must not take a
		// worker down.
		w.raw()
		w.add(path, fmt.Sprintf("cannot be read (a Go %s): this is a mistake in the program, leave it out", into.Kind()))
	}
}

func (w *walker) text(path string, into reflect.Value, kind byte) {
	if kind != '"' {
		w.wrongType(path, "a string", kind)
		return
	}
	var text string
	if err := json.Unmarshal(w.raw(), &text); err != nil {
		w.add(path, clip(err.Error()))
		return
	}
	into.SetString(text)
}

func (w *walker) whole(path string, into reflect.Value, kind byte) {
	if !isNumber(kind) {
		w.wrongType(path, "a whole number", kind)
		return
	}
	text := string(w.raw())
	if strings.ContainsAny(text, ".eE") {
		w.add(path, fmt.Sprintf("must be a whole number written in digits only, got %s", clipValue(text)))
		return
	}
	if into.CanInt() {
		if n, err := strconv.ParseInt(text, 10, into.Type().Bits()); err == nil {
			into.SetInt(n)
			return
		}
	} else if n, err := strconv.ParseUint(text, 10, into.Type().Bits()); err == nil {
		into.SetUint(n)
		return
	}
	w.add(path, fmt.Sprintf("is out of range: %s", clipValue(text)))
}

func (w *walker) float(path string, into reflect.Value, kind byte) {
	if !isNumber(kind) {
		w.wrongType(path, "a number", kind)
		return
	}
	text := string(w.raw())
	n, err := strconv.ParseFloat(text, into.Type().Bits())
	if err != nil {
		w.add(path, fmt.Sprintf("is out of range: %s", clipValue(text)))
		return
	}
	into.SetFloat(n)
}

func (w *walker) wrongType(path, want string, kind byte) {
	w.raw()
	w.add(path, fmt.Sprintf("must be %s, got %s", want, typeName(kind)))
}

func isNumber(kind byte) bool { return kind == '-' || (kind >= '0' && kind <= '9') }

// typeName names the JSON type of a value by its first byte.
func typeName(kind byte) string {
	switch {
	case kind == '{':
		return "an object"
	case kind == '[':
		return "a list"
	case kind == '"':
		return "a string"
	case kind == 't' || kind == 'f':
		return "true or false"
	case kind == 'n':
		return "null"
	case isNumber(kind):
		return "a number"
	default: // Not reached: the syntax was checked before.
		return "something else"
	}
}
