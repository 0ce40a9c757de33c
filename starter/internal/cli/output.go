package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// outputFormat is how the answer is written.
type outputFormat string

const (
	formatText outputFormat = "text"
	formatJSON outputFormat = "json"
	// formatMarkdown is for a report alone.
	formatMarkdown outputFormat = "markdown"
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

// reportFormat is a flag that takes Markdown too.
type reportFormat struct{ *outputFormat }

// Set reads the flag.
func (f reportFormat) Set(value string) error {
	if outputFormat(value) == formatMarkdown {
		*f.outputFormat = formatMarkdown
		return nil
	}
	if f.outputFormat.Set(value) != nil {
		return fail(codeUsage, "write text, json or markdown")
	}
	return nil
}

// Type names the flag's values in the help text.
func (f reportFormat) Type() string { return "text|json|markdown" }

// printJSON writes one indented JSON value. What a terminal would act on is escaped: the answer may be read on one.
func (a *app) printJSON(value any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // URLs are to be read by people too
	if err := encoder.Encode(value); err != nil {
		return fail(codePerson, "write the answer as JSON: %w", err)
	}
	return a.print(escapeUnseen(b.String()))
}

// escapeUnseen writes control characters, and marks that reorder or hide text, as JSON does those below 32. In JSON they
// can only stand in strings, so that the value stays the same.
func escapeUnseen(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || (r != utf8.RuneError && !unicode.IsControl(r) && !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default: // a byte that is no UTF-8 is U+FFFD
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// outColumns and errColumns are how wide the terminals are now, which may be hours after the start; 0 where the stream is
// no terminal.
func (a *app) outColumns() int { return columnsOf(a.Out, a.OutWidth) }
func (a *app) errColumns() int { return columnsOf(a.Err, a.ErrWidth) }

func columnsOf(out io.Writer, atStart int) int {
	if atStart <= 0 {
		return 0
	}
	return render.TerminalSize(out, atStart).Columns
}

// fitted lays out what is said at a terminal; elsewhere it stays as it is.
func (a *app) fitted(text string) string { return render.Fit(text, a.errColumns()) }

// quote makes a text safe to paste into a shell, as the very same bytes. What a terminal would hide or act on is written
// as bash and zsh read it ($'...'), because a command that leaves it out would name something else.
func quote(s string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,"
	switch {
	case s != "" && strings.Trim(s, safe) == "":
		return s
	case render.Clean(s) == s:
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch one := s[:size]; {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + one)
		case render.Clean(one) == one:
			b.WriteString(one)
		default: // byte for byte: \u would depend on the shell's locale
			for _, c := range []byte(one) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		s = s[size:]
	}
	return b.String() + "'"
}
