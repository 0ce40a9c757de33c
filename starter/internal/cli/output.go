package cli

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// outputFormat is how the answer is written.
type outputFormat string

const (
	formatText outputFormat = "text"
	formatJSON outputFormat = "json"
)

// String, Set and Type make the format a flag that refuses other words.
func (f *outputFormat) String() string { return string(*f) }

// Set reads the flag.
func (f *outputFormat) Set(value string) error {
	switch format := outputFormat(value); format {
	case formatText, formatJSON:
		*f = format
		return nil
	default: // nothing else can be written
		return fail(codeUsage, "write text or json")
	}
}

// Type names the flag's values in the help text.
func (f *outputFormat) Type() string { return "text|json" }

func bindOutput(cmd *cobra.Command, format *outputFormat, standard outputFormat) {
	*format = standard
	cmd.Flags().VarP(format, "output", "o", "how the answer is written on standard output: text or json")
}

// printJSON writes one indented JSON value.
func (a *app) printJSON(value any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // URLs are to be read by people too
	if err := encoder.Encode(value); err != nil {
		return fail(codePerson, "write the answer as JSON: %w", err)
	}
	return a.print(b.String())
}

// quote makes a text safe to paste into a shell.
func quote(s string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,"
	if s != "" && strings.Trim(s, safe) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(render.Clean(s), "'", `'\''`) + "'"
}
