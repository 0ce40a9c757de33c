package config

import (
	"slices"
	"strconv"
	"strings"
)

// Problem is one setting that cannot be used.
type Problem struct {
	// Variable is the name of the environment variable.
	Variable string
	// Text says what is wrong and what to write instead.
	Text string
}

// Error holds every problem of the settings, in the order of Config's fields.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		lines = append(lines, p.Variable+": "+p.Text)
	}
	return strings.Join(lines, "\n")
}

// problemSet collects problems while settings are read.
type problemSet struct{ found []Problem }

func (p *problemSet) add(variable, text string) {
	p.found = append(p.found, Problem{Variable: variable, Text: text})
}

// has says whether the variable already has a problem: a value that could not be read is not checked again.
func (p *problemSet) has(variable string) bool {
	for _, one := range p.found {
		if one.Variable == variable {
			return true
		}
	}
	return false
}

// err returns the problems without the token, which may stand in any variable by mistake.
func (p *problemSet) err(token Token) error {
	if len(p.found) == 0 {
		return nil
	}
	e := &Error{Problems: make([]Problem, len(p.found))}
	for i, one := range p.found {
		one.Text = token.blank(one.Text)
		e.Problems[i] = one
	}
	order := variables()
	slices.SortStableFunc(e.Problems, func(a, b Problem) int {
		return slices.Index(order, a.Variable) - slices.Index(order, b.Variable)
	})
	return e
}

// quote shows a value in an error, unless it looks like a token that was put into the wrong variable.
func quote(value string) string {
	const longest = 100
	if strings.Contains(value, "vps_") {
		return redacted
	}
	if len(value) > longest {
		value = value[:longest] + "..."
	}
	return strconv.Quote(value)
}
