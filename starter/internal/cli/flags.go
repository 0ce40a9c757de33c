package cli

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// inputFlags are the flags that make an input. Only those that were given end up in it, so that the defaults stay in
// one place: the runbook.
type inputFlags struct {
	of   runbook
	file string
	// external leaves out what only makes sense when the runbook itself makes the change.
	external bool
}

// field is a flag for one value of the input.
type field struct {
	flag string
	// path is where the value stands in the JSON object.
	path  string
	usage string
	bind  func(*pflag.FlagSet, string, string)
	value func(*pflag.FlagSet, string) (any, error)
	// ownChange marks what has no meaning for an external change.
	ownChange bool
	// overFile marks what may stand beside a file, whose value it replaces, and those of the paths in instead.
	overFile bool
	instead  []string
}

func text(flag, path, usage string) field {
	return field{flag: flag, path: path, usage: usage,
		bind:  func(fs *pflag.FlagSet, n, u string) { fs.String(n, "", u) },
		value: func(fs *pflag.FlagSet, n string) (any, error) { return fs.GetString(n) }}
}

func number(flag, path, usage string) field {
	return field{flag: flag, path: path, usage: usage,
		bind:  func(fs *pflag.FlagSet, n, u string) { fs.Var(new(wholeNumber), n, u) },
		value: func(fs *pflag.FlagSet, n string) (any, error) { return fs.GetInt64(n) }}
}

func length(flag, path, usage string) field {
	return field{flag: flag, path: path, usage: usage,
		bind: func(fs *pflag.FlagSet, n, u string) {
			fs.Var(new(span), n, u)
			fs.Lookup(n).DefValue = "" // the default is the runbook's, and stands in the usage
		},
		value: func(fs *pflag.FlagSet, n string) (any, error) { return fs.Lookup(n).Value.String(), nil }}
}

// numbers and texts are flags that may be repeated.
func numbers(flag, path, usage string) field {
	return field{flag: flag, path: path, usage: usage,
		bind: func(fs *pflag.FlagSet, n, u string) {
			fs.Int64Slice(n, nil, u)
			fs.Lookup(n).DefValue = "" // or the help text shows an empty list
		},
		value: func(fs *pflag.FlagSet, n string) (any, error) { return fs.GetInt64Slice(n) }}
}

func texts(flag, path, usage string) field {
	return field{flag: flag, path: path, usage: usage,
		bind:  func(fs *pflag.FlagSet, n, u string) { fs.StringArray(n, nil, u) },
		value: func(fs *pflag.FlagSet, n string) (any, error) { return fs.GetStringArray(n) }}
}

// yes is a switch. With negate, giving the flag writes false: the value's default is true.
func yes(flag, path, usage string, negate bool) field {
	return field{flag: flag, path: path, usage: usage,
		bind: func(fs *pflag.FlagSet, n, u string) { fs.Bool(n, false, u) },
		value: func(fs *pflag.FlagSet, n string) (any, error) {
			b, err := fs.GetBool(n)
			return b != negate, err
		}}
}

func (f field) onlyOwn() field { f.ownChange = true; return f }

// notEmpty refuses an empty text, which is a variable that a script forgot to set: the flag would be as good as not given.
func (f field) notEmpty() field {
	value := f.value
	f.value = func(fs *pflag.FlagSet, name string) (any, error) {
		v, err := value(fs, name)
		if word, ok := v.(string); ok && strings.TrimSpace(word) == "" {
			return nil, errors.New("is empty: is a variable not set?")
		}
		return v, err
	}
	return f
}

func (f field) besideFile(instead ...string) field {
	f.overFile, f.instead = true, instead
	return f
}

// bind adds the flags. Defaults stand in the help text in brackets; they are the runbook's.
func (f *inputFlags) bind(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVarP(&f.file, "file", "f", "", f.fileUsage())
	for _, field := range f.fields() {
		field.bind(fs, field.flag, field.usage)
	}
	if f.of.checks {
		fs.StringArray(flagCheckHTTP, nil, "`URL` that must answer 200 (may be repeated)")
		fs.StringArray(flagCheckTCP, nil, "`host:port` that must accept a connection (may be repeated)")
	}
}

func (f *inputFlags) fileUsage() string {
	usage := "the whole input as one JSON object in a file, or - for standard input"
	var beside []string
	for _, one := range f.fields() {
		if one.overFile {
			beside = append(beside, "--"+one.flag)
		}
	}
	switch {
	case f.onlyFile():
		return usage
	case len(beside) == 0:
		return usage + "; instead of the flags below"
	default:
		return usage + "; of the flags below only " + strings.Join(beside, ", ") + " may stand beside it"
	}
}

// onlyFile says whether the input can only come from a file.
func (f *inputFlags) onlyFile() bool {
	return !slices.ContainsFunc(f.of.fields, func(one field) bool { return !one.overFile })
}

func (f *inputFlags) fields() []field {
	if !f.external {
		return f.of.fields
	}
	return slices.DeleteFunc(slices.Clone(f.of.fields), func(one field) bool { return one.ownChange })
}

// given lists the input's flags on the command line that cannot stand beside a file.
func (f *inputFlags) given(fs *pflag.FlagSet) []string {
	var names []string
	for _, field := range f.fields() {
		if fs.Changed(field.flag) && !field.overFile {
			names = append(names, field.flag)
		}
	}
	for _, name := range []string{flagCheckHTTP, flagCheckTCP} {
		if fs.Changed(name) {
			names = append(names, name)
		}
	}
	return names
}

// build makes the JSON object of the flags that were given.
func (f *inputFlags) build(fs *pflag.FlagSet) (json.RawMessage, error) {
	if f.onlyFile() {
		return nil, fail(codeUsage, "give the input with -f input.json, or -f - for standard input")
	}
	object := map[string]any{}
	for _, field := range f.fields() {
		if !fs.Changed(field.flag) {
			continue
		}
		value, err := field.value(fs, field.flag)
		if err != nil {
			return nil, fail(codeUsage, "--%s: %w", field.flag, err)
		}
		put(object, field.path, value)
	}
	complete := f.of.complete
	if f.external {
		complete = completeExternal
	}
	if err := complete(fs, object); err != nil {
		return nil, err
	}
	if f.of.checks {
		checks, err := checksOf(fs)
		if err != nil {
			return nil, err
		}
		if len(checks) > 0 {
			put(object, "verify.checks", checks)
		}
	}
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, fail(codeUsage, "make the input: %w", err)
	}
	return raw, nil
}

func checksOf(fs *pflag.FlagSet) ([]map[string]any, error) {
	var checks []map[string]any
	for _, kind := range []struct{ flag, kind, target string }{
		{flagCheckHTTP, string(contract.CheckHTTP), "url"},
		{flagCheckTCP, string(contract.CheckTCP), "address"},
	} {
		values, err := fs.GetStringArray(kind.flag)
		if err != nil {
			return nil, fail(codeUsage, "--%s: %w", kind.flag, err)
		}
		for _, value := range values {
			checks = append(checks, map[string]any{"kind": kind.kind, kind.target: value})
		}
	}
	return checks, nil
}

// put sets the value at a dotted path.
func put(object map[string]any, path string, value any) {
	section, rest, nested := strings.Cut(path, ".")
	if !nested {
		object[section] = value
		return
	}
	inner, ok := object[section].(map[string]any)
	if !ok {
		inner = map[string]any{}
		object[section] = inner
	}
	put(inner, rest, value)
}

// short writes a duration for a sentence.
func short(d time.Duration) string { return contract.Duration(d).String() }

// wholeNumber is an int64 flag whose refusal is a sentence.
type wholeNumber int64

// String, Set and Type make it a flag that pflag reads as an int64.
func (w *wholeNumber) String() string { return strconv.FormatInt(int64(*w), 10) }

// Set reads the flag.
func (w *wholeNumber) Set(value string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return errors.New("it must be a number, such as 12345")
	}
	*w = wholeNumber(n)
	return nil
}

// Type is the name by which pflag knows the kind.
func (w *wholeNumber) Type() string { return "int64" }

// span is a duration flag that knows days and weeks, as the inputs do.
type span contract.Duration

// String, Set and Type make it a flag.
func (s *span) String() string { return contract.Duration(*s).String() }

// Set reads the flag.
func (s *span) Set(value string) error {
	d, err := contract.ParseDuration(value)
	*s = span(d)
	return err
}

// Type names the flag's values in the help text.
func (s *span) Type() string { return "duration" }
