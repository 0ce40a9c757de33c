package strictjson

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// walker goes through one JSON value of known good syntax and writes it into a Go value.
type walker struct {
	data     []byte
	dec      *json.Decoder
	defaults ElementDefaults
	problems []Problem
	// stopped is set when a bound was hit: the rest of the input is not read.
	stopped bool
}

func (w *walker) add(path, message string) {
	if w.stopped {
		return
	}
	if len(w.problems) == MaxProblems-1 {
		w.stop(fmt.Sprintf("has more than %d problems: the rest was not read", MaxProblems-1))
		return
	}
	w.problems = append(w.problems, Problem{Path: path, Message: message})
}

func (w *walker) tooMany(what, path string) {
	where := ""
	if path != "" {
		where = " in " + path
	}
	w.stop(fmt.Sprintf("has more than %d %s%s: the rest was not read", MaxElements, what, where))
}

// stop ends the walk with a problem of the whole input, because what is missing from here on proves nothing.
func (w *walker) stop(message string) {
	w.problems = append(w.problems, Problem{Message: message})
	w.stopped = true
}

// peek returns the first byte of the next value, which tells its JSON type.
func (w *walker) peek() byte {
	for i := int(w.dec.InputOffset()); i < len(w.data); i++ {
		if !strings.ContainsRune(" \t\r\n:,", rune(w.data[i])) {
			return w.data[i]
		}
	}
	return 0
}

// raw takes the next value whole, however large it is, in one linear step.
func (w *walker) raw() json.RawMessage {
	var raw json.RawMessage
	if err := w.dec.Decode(&raw); err != nil {
		w.broken(err)
	}
	return raw
}

func (w *walker) token() json.Token {
	t, err := w.dec.Token()
	if err != nil {
		w.broken(err)
	}
	return t
}

// broken ends the walk where the decoder disagrees with the check made before. That is not known to happen; going on
// would loop.
func (w *walker) broken(err error) {
	if !w.stopped {
		w.stop("is not valid JSON: " + clip(err.Error()))
	}
}

func (w *walker) value(path string, into reflect.Value) {
	if w.peek() == 'n' {
		w.raw()
		if path == "" {
			w.add(path, "must be an object, got null")
			return
		}
		w.add(path, "must not be null: leave it out to get the default")
		return
	}
	if _, own := into.Addr().Interface().(json.Unmarshaler); own {
		w.ownType(path, into)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		w.object(path, into)
	case reflect.Slice:
		w.list(path, into)
	case reflect.Pointer:
		if into.IsNil() {
			into.Set(reflect.New(into.Type().Elem()))
		}
		w.value(path, into.Elem())
	default:
		w.scalar(path, into)
	}
}

// ownType lets a type read itself. It works on a copy, because a failed read may leave half a value behind.
func (w *walker) ownType(path string, into reflect.Value) {
	raw := w.raw()
	if w.stopped {
		return
	}
	fresh := reflect.New(into.Type())
	fresh.Elem().Set(into)
	if err := fresh.Interface().(json.Unmarshaler).UnmarshalJSON(raw); err != nil {
		w.add(path, clip(err.Error()))
		return
	}
	into.Set(fresh.Elem())
}

func (w *walker) object(path string, into reflect.Value) {
	if kind := w.peek(); kind != '{' {
		w.wrongType(path, "an object", kind)
		return
	}
	w.token()
	names, indexes := fieldsOf(into.Type())
	seen := make([]int, len(names))
	var unknown []string
	for n := 0; !w.stopped && w.dec.More(); n++ {
		if n == MaxElements {
			w.tooMany("fields", path)
			return
		}
		key, _ := w.token().(string)
		i := slices.Index(names, key)
		if i < 0 {
			if !slices.Contains(unknown, key) {
				unknown = append(unknown, key)
				w.add(join(path, key), unknownField(key, names))
			}
			w.raw()
			continue
		}
		if seen[i]++; seen[i] > 1 {
			if seen[i] == 2 {
				w.add(join(path, key), "is given more than once: leave one")
			}
			w.raw()
			continue
		}
		w.value(join(path, key), into.Field(indexes[i]))
	}
	if !w.stopped {
		w.token()
	}
}

func (w *walker) list(path string, into reflect.Value) {
	kind := w.peek()
	if kind != '[' {
		w.wrongType(path, "a list", kind)
		return
	}
	w.token()
	into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	for i := 0; !w.stopped && w.dec.More(); i++ {
		if i == MaxElements {
			w.tooMany("elements", path)
			return
		}
		element := reflect.New(into.Type().Elem())
		if w.defaults != nil {
			w.defaults(i, element.Interface())
		}
		w.value(path+"["+strconv.Itoa(i)+"]", element.Elem())
		into.Set(reflect.Append(into, element.Elem()))
	}
	if !w.stopped {
		w.token()
	}
}

// fieldsOf lists the JSON names of a struct's fields, in the order of the struct, and their indexes.
func fieldsOf(t reflect.Type) (names []string, indexes []int) {
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			continue
		}
		tag := field.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		if name == "" {
			name = field.Name
		}
		names, indexes = append(names, name), append(indexes, i)
	}
	return names, indexes
}
