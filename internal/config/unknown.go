package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// otherPrograms start the variables of the other programs of this project.
var otherPrograms = []string{"SAFEPOINT_FAKE_", "SAFEPOINT_TEMPORAL_CLI"}

// serviceLink is what Kubernetes and old Docker links set for a service whose name starts with "safepoint" or "vps".
var serviceLink = regexp.MustCompile(`(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT(_\d+_(TCP|UDP)(_\w+)?)?)$`)

// unknownVariables warns about variables that look like ours and are not: most are a slip of the pen. Values are never
// shown, because the variable that was meant may be the token's.
func unknownVariables(values map[string]string) []string {
	known := variables()
	others := func(name string) bool {
		return slices.ContainsFunc(otherPrograms, func(start string) bool { return strings.HasPrefix(name, start) })
	}
	var warnings []string
	for name := range values {
		ours := strings.HasPrefix(name, "VPS_") || strings.HasPrefix(name, "SAFEPOINT_")
		if !ours || slices.Contains(known, name) || others(name) || serviceLink.MatchString(name) {
			continue
		}
		text := name + " is not a setting of the worker and is ignored"
		if guess := closest(name, known); guess != "" {
			text += "; did you mean " + guess + "?"
		}
		warnings = append(warnings, text)
	}
	slices.Sort(warnings)
	return warnings
}

// variables returns every variable of Config.
func variables() []string {
	var names []string
	for field := range reflect.TypeFor[Config]().Fields() {
		if name := field.Tag.Get("env"); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// closest returns the known name that is at most three slips away, or nothing.
func closest(name string, known []string) string {
	best, least := "", 4
	for _, candidate := range known {
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance counts the letters to add, drop or change to make b out of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
