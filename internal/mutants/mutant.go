package main

import (
	"fmt"
	"regexp"
	"strings"
)

// Law is what a mutant breaks: one of the twelve laws, or a promise that stands beside them.
type Law string

// The laws, and two promises: a write that may have been sent is not sent again unseen, and a change is made at most
// once.
const (
	Writes Law = "a write goes out once, in time, under the lock"
	Law1   Law = "1: no duplicate snapshots"
	Law2   Law = "2: no change before the snapshot is completed"
	Law3   Law = "3: one restore a decision, of the right snapshot"
	Law4   Law = "4: delete only what is ours and not needed"
	Law5   Law = "5: a list that is not whole proves nothing"
	Law6   Law = "6: a broken checker is not a broken server"
	Law7   Law = "7: one runbook a server"
	Law8   Law = "8: every wait has an end and survives crashes"
	Law9   Law = "9: cancel means leave it safe"
	Law10  Law = "10: the token stays in the worker"
	Law11  Law = "11: the server ends up"
	Law12  Law = "12: quota is planned, not hit"
	Change Law = "a change is made at most once, and judged by what is known"
	Fleet  Law = "a fleet stops where it was told to"
)

// Mutant is one plausible mistake: one guard that is taken out or turned around. The mutated code compiles.
type Mutant struct {
	// Name is short and in kebab-case; it is what -run takes.
	Name string
	Law  Law
	// Does says in one sentence what the mutated code does.
	Does string
	// File is relative to the module's root.
	File string
	// Find stands exactly once in the file, and Replace takes its place.
	Find, Replace string
	// Kill is the test that must fail.
	Kill Kill
	// Seed is a seed of the simulation that finds the mutant as well; 0 when none is known.
	Seed uint64
}

// Kill names one test. It can be the simulation: then Env or Args say which seeds.
type Kill struct {
	// Package is the folder of the package, relative to the module's root.
	Package string
	// Test is the whole name of a test, with its subtest where only that one is meant: "TestX/a_case".
	Test string
	// Env are further settings of the test's process, "NAME=value"; Args further flags of the test's program.
	Env, Args []string
}

// by is the killer that most mutants have.
func by(pkg, test string) Kill { return Kill{Package: pkg, Test: test} }

// pattern is the -run pattern that means exactly this test.
func (k Kill) pattern() string {
	parts := strings.Split(k.Test, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// key tells killers apart: mutants with the same one share the run without a mutant.
func (k Kill) key() string { return fmt.Sprintf("%s %s %q %q", k.Package, k.Test, k.Env, k.Args) }

// String is how a person would start it.
func (k Kill) String() string {
	words := append([]string{}, k.Env...)
	return strings.Join(append(append(words, "go", "test", "./"+k.Package, "-run", "'"+k.pattern()+"'"), k.Args...), " ")
}

// apply returns the mutated source.
func (m Mutant) apply(source string) (string, error) {
	switch n := strings.Count(source, m.Find); {
	case m.Find == "" || m.Find == m.Replace:
		return "", fmt.Errorf("mutant %s changes nothing", m.Name)
	case n != 1:
		return "", fmt.Errorf("mutant %s: its text is %d times in %s and must be there exactly once: the code has changed, mend the mutant", m.Name, n, m.File)
	default:
		return strings.Replace(source, m.Find, m.Replace, 1), nil
	}
}

// Overlap is a guard that has no mutant of its own, because another guard does the same: without either of them alone
// nothing goes wrong.
type Overlap struct {
	Guard, CoveredBy string
}
