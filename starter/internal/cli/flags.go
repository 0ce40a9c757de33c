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
	"github.com/safepoint-dev/safepoint/workflows"
)

// inputFlags are the flags that make an input. Only those that were given end up in it, so that the defaults stay in
// one place: the runbook.
type inputFlags struct {
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
		bind: func(fs *pflag.FlagSet, n, u string) { fs.Duration(n, 0, u) },
		value: func(fs *pflag.FlagSet, n string) (any, error) {
			d, err := fs.GetDuration(n)
			return contract.Duration(d), err
		}}
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

// Flags with a meaning of their own.
const (
	flagServer     = "server"
	flagUpdate     = "update"
	flagWebhookURL = "webhook-url"
	flagCheckHTTP  = "check-http"
	flagCheckTCP   = "check-tcp"
)

var fields = []field{
	number(flagServer, "server_id", "the server's number at VPS.org"),
	text("reason", "reason", "who changes what, for people"),
	text(flagUpdate, "update.kind", "who makes the change: none, webhook or external").onlyOwn(),
	text(flagWebhookURL, "update.url", "what the change posts to; means --update webhook").onlyOwn(),
	length("update-timeout", "update.timeout", "how long the change may take (30m)"),
	length("heartbeat-timeout", "update.heartbeat_timeout", "how long an external runner may be silent (2m)"),
	length("begin-timeout", "update.begin_timeout", "how long to wait for an external runner to begin (30m)"),
	text("on-unknown", "update.on_unknown", "what follows when nobody knows whether the change was made: hold, commit or rollback (hold)"),
	length("initial-delay", "verify.initial_delay", "time before the first check (10s)"),
	length("interval", "verify.interval", "time between two rounds of checks (10s)"),
	length("verify-timeout", "verify.timeout", "how long the checks may take to come to a verdict (10m)"),
	number("successes", "verify.successes", "green rounds in a row that pass (3)"),
	number("failures", "verify.failures", "red rounds in a row that fail (3)"),
	length("bake-time", "verify.bake_time", "how long the server must stay green after it passed (0s)"),
	yes("no-baseline", "verify.baseline", "do not run the checks before the change", true),
	yes("skip-verify", "verify.skip", "allow a run without checks", false),
	text("name-prefix", "snapshot.name_prefix", "start of the snapshot's name (pre-update)"),
	text("description", "snapshot.description", "text in the snapshot's description"),
	yes("stop-server", "snapshot.stop_server", "stop the server for the snapshot: consistent, at minutes of downtime", false),
	length("ready-timeout", "snapshot.ready_timeout", "how long the snapshot may take (30m)"),
	text("on-failure", "rollback.on_failure", "what follows a bad change: restore, hold or none (restore)"),
	length("restore-timeout", "rollback.restore_timeout", "how long a rollback may take (45m)"),
	length("hold-timeout", "rollback.hold_timeout", "how long a held run waits for a person (24h)"),
	number("keep-last", "retention.keep_last", "snapshots of this runbook that stay after a commit (2)"),
	text("on-busy", "lock.on_busy", "what to do when another run holds the server: wait, fail or skip (wait)"),
	length("lock-timeout", "lock.timeout", "how long to wait for the server (30m)"),
	yes("dry-run", "dry_run", "say what would happen and write nothing", false).onlyOwn(),
}

// bind adds the flags. Defaults stand in the help text in brackets; they are the runbook's.
func (f *inputFlags) bind(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVarP(&f.file, "file", "f", "", "the whole input as one JSON object in a file, or - for standard input; instead of the flags below")
	for _, field := range f.fields() {
		field.bind(fs, field.flag, field.usage)
	}
	fs.StringArray(flagCheckHTTP, nil, "URL that must answer 200 (may be repeated)")
	fs.StringArray(flagCheckTCP, nil, "host:port that must accept a connection (may be repeated)")
}

func (f *inputFlags) fields() []field {
	if !f.external {
		return fields
	}
	return slices.DeleteFunc(slices.Clone(fields), func(one field) bool { return one.ownChange })
}

// given lists the input's flags on the command line.
func (f *inputFlags) given(fs *pflag.FlagSet) []string {
	var names []string
	for _, field := range f.fields() {
		if fs.Changed(field.flag) {
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
	if !fs.Changed(flagServer) {
		return nil, fail(codeUsage, "which server? Give --server 12345, or the whole input with -f input.json")
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
	switch {
	case f.external:
		put(object, "update.kind", workflows.UpdateExternal)
	case fs.Changed(flagUpdate):
	case fs.Changed(flagWebhookURL):
		put(object, "update.kind", workflows.UpdateWebhook)
	default: // no default: a forgotten change would look like a success
		return nil, fail(codeUsage, "who makes the change? Give --webhook-url URL, --update external, or --update none to only snapshot and verify")
	}
	checks, err := checksOf(fs)
	if err != nil {
		return nil, err
	}
	if len(checks) > 0 {
		put(object, "verify.checks", checks)
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
