package egress

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// The settings that a refusal names.
const (
	SettingURLs = "SAFEPOINT_ALLOW_URLS"
	SettingSSH  = "SAFEPOINT_ALLOW_SSH"
)

// Rule is why something was refused.
type Rule string

const (
	// RuleInvalid: it is not a target at all, or not one that every program reads alike.
	RuleInvalid Rule = "invalid"
	// RuleNever: no setting allows it.
	RuleNever Rule = "never"
	// RulePrivate: it is not on the public internet, and no entry names it.
	RulePrivate Rule = "private"
	// RuleNotListed: it is public, and the setting lists something else.
	RuleNotListed Rule = "not_listed"
	// RuleOff: the setting is empty, which turns this kind off.
	RuleOff Rule = "off"
)

// Refusal is a target that the policy does not allow. Its text is safe to show: it names what was refused, why, and the
// setting to change, and never user information, a path or a query.
type Refusal struct {
	Rule Rule
	// Setting is the worker's setting that could allow it; empty when none can.
	Setting string
	text    string
}

// Error says what was refused and what an operator can do about it.
func (r *Refusal) Error() string { return r.text }

// Refused returns the refusal in err, or nil. A nil one means that err says nothing about the policy.
func Refused(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}

func refuse(rule Rule, setting, format string, args ...any) *Refusal {
	return &Refusal{Rule: rule, Setting: setting, text: fmt.Sprintf(format, args...)}
}

// longestShown bounds the part of a target that a refusal repeats, in characters: a host name has up to 253.
const longestShown = 100

// show makes text from an input fit for one line.
func show(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > longestShown {
		return string(runes[:longestShown]) + "..."
	}
	return text
}
