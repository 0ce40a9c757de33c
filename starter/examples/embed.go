// Package examples holds what people start from: inputs of the runbooks, CI jobs and, in a folder of its own, a Go
// program. Its code only embeds the inputs that `safepoint example` prints, and must never do anything else.
package examples

import (
	"embed"
	"fmt"
)

//go:embed smallest/*.json full/*.json
var inputs embed.FS

// Smallest is the least that starts a runbook, by its word on the command line, or the least schedule file, by "schedule".
func Smallest(word string) (string, error) { return read("smallest", word) }

// Full is an input with every field, or nearly: of fields that exclude each other it has one. Values are the defaults
// where there are any.
func Full(word string) (string, error) { return read("full", word) }

func read(size, word string) (string, error) {
	text, err := inputs.ReadFile(size + "/" + word + ".json")
	if err != nil {
		return "", fmt.Errorf("there is no %s example of %q: %w", size, word, err)
	}
	return string(text), nil
}
