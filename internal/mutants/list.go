package main

import "slices"

// all are the mutants, in the order of the laws.
func all() []Mutant {
	return slices.Concat(writes, law1, law2, law3, law4, law5, law6, law7, interloper, law8, law9, law10, law11, law12, change, fleet)
}
