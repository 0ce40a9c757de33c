package render

import (
	"github.com/fatih/color"

	"github.com/safepoint-dev/safepoint/workflows"
)

// Palette colours text, or leaves it alone. The zero value is plain.
type Palette struct{ on bool }

// NewPalette returns a palette that colours only when on is true. The caller decides: a terminal, and no NO_COLOR.
func NewPalette(on bool) Palette { return Palette{on} }

func (p Palette) paint(s string, attributes ...color.Attribute) string {
	if !p.on || s == "" {
		return s
	}
	c := color.New(attributes...)
	c.EnableColor() // the library's own guess looks at standard output, which may not be where this goes
	return c.Sprint(s)
}

// Good is for what went well, Warn for what a person should know, Bad for what a person must act on.
func (p Palette) Good(s string) string { return p.paint(s, color.FgGreen, color.Bold) }

// Warn is for what a person should know.
func (p Palette) Warn(s string) string { return p.paint(s, color.FgYellow, color.Bold) }

// Bad is for what a person must act on.
func (p Palette) Bad(s string) string { return p.paint(s, color.FgRed, color.Bold) }

// Bold is for titles.
func (p Palette) Bold(s string) string { return p.paint(s, color.Bold) }

// Dim is for what matters less.
func (p Palette) Dim(s string) string { return p.paint(s, color.Faint) }

// Accent is for what moves.
func (p Palette) Accent(s string) string { return p.paint(s, color.FgCyan) }

// Outcome colours text by how a run ended.
func (p Palette) Outcome(o workflows.Outcome, s string) string {
	switch o {
	case workflows.OutcomeCommitted, workflows.OutcomePlanned, workflows.OutcomeSkipped, workflows.OutcomeRestored,
		workflows.OutcomeRotated, workflows.OutcomeAudited:
		return p.Good(s)
	case workflows.OutcomeNotChanged, workflows.OutcomeCanceled, workflows.OutcomeRolledBack:
		return p.Warn(s)
	default: // a person must look, and so at whatever a later version may add
		return p.Bad(s)
	}
}
