package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// coverage counts what was met, by what it was and where.
type coverage map[string]map[string]int

func (c coverage) count(what, where string) {
	if c[what] == nil {
		c[what] = map[string]int{}
	}
	c[what][where]++
}

func (c coverage) add(o coverage) {
	for what, places := range o {
		for where, n := range places {
			if c[what] == nil {
				c[what] = map[string]int{}
			}
			c[what][where] += n
		}
	}
}

func (c coverage) sum(what string) int {
	n := 0
	for _, m := range c[what] {
		n += m
	}
	return n
}

// String is one line for each thing, with its places.
func (c coverage) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&b, "%-52s %6d:", what, c.sum(what))
		for _, where := range slices.Sorted(maps.Keys(c[what])) {
			if where != "" {
				fmt.Fprintf(&b, " %s %d", where, c[what][where])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
