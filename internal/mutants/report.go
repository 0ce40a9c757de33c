package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// outcome is what became of one mutant.
type outcome struct {
	mutant Mutant
	result result
	// problem is why the run proves nothing: the mutant does not build, its test does not pass without it.
	problem error
}

func (o outcome) caught() bool { return o.problem == nil && o.result.caught() }

// line is what is printed while the mutants run.
func (o outcome) line(took time.Duration) string {
	word, detail := "SURVIVED", o.mutant.Kill.String()
	switch {
	case o.problem != nil:
		word, detail = "BROKEN", o.problem.Error()
	case o.caught():
		word, detail = "caught", o.result.by()
	case o.result.ending != passed:
		word, detail = "BROKEN", "the test "+string(o.result.ending)+": "+detail
	}
	return fmt.Sprintf("%-8s %5.1fs  %-48s %s", word, took.Seconds(), o.mutant.Name, detail)
}

// try runs the mutants, prints a line for each and writes the table.
func try(ctx context.Context, chosen []Mutant, o options) error {
	r, err := newRunner(ctx, o.timeout)
	if err != nil {
		return err
	}
	defer r.close()
	outcomes := make([]outcome, len(chosen))
	slots := make(chan struct{}, o.parallel)
	var running sync.WaitGroup
	for i, m := range chosen {
		slots <- struct{}{} // a run ends by its own bound, so a slot always comes free
		running.Go(func() {
			defer func() { <-slots }()
			outcomes[i] = r.one(ctx, m, o.wide)
		})
	}
	running.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	n := caughtOf(outcomes)
	fmt.Printf("%d of %d caught\n", n, len(outcomes))
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(markdown(outcomes)), 0o644); err != nil {
			return err
		}
	}
	if n < len(outcomes) {
		return fmt.Errorf("%d mutants were not caught: write the test that notices, or mend the mutant", len(outcomes)-n)
	}
	return nil
}

// one tries one mutant and prints what came of it.
func (r *runner) one(ctx context.Context, m Mutant, wide bool) outcome {
	began := time.Now()
	o := outcome{mutant: m}
	if wide {
		o.result, o.problem = r.tryWide(ctx, m)
	} else {
		o.result, o.problem = r.try(ctx, m)
	}
	if ctx.Err() != nil {
		return o // interrupted: it says nothing about the mutant
	}
	line := o.line(time.Since(began))
	if wide {
		line += "\n    " + strings.Join(o.result.failed, "\n    ")
	}
	fmt.Println(line)
	return o
}

func caughtOf(outcomes []outcome) int {
	n := 0
	for _, o := range outcomes {
		if o.caught() {
			n++
		}
	}
	return n
}

const tableHeader = `# Mutants

Made by ` + "`make mutants`" + `. Do not edit: change the lists in this folder and run it again.

Each mutant is one guard taken out or turned around, in code that still compiles. It counts as caught only when the named
test passes without it and fails with it, twice, by a check of its own. ` + "`go run ./internal/mutants -run <name>`" + ` runs
one, ` + "`-wide`" + ` shows every test of the package that notices it.
`

// markdown is the table of results, by law. It holds nothing that differs from one run to the next.
func markdown(outcomes []outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n**%d of %d caught.**\n", tableHeader, caughtOf(outcomes), len(outcomes))
	var law Law
	for _, o := range outcomes {
		if o.mutant.Law != law {
			law = o.mutant.Law
			fmt.Fprintf(&b, "\n## %s\n\n| mutant | what it does | in | caught by |\n|---|---|---|---|\n", strings.ToUpper(string(law[:1]))+string(law[1:]))
		}
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", o.mutant.Name, cell(o.mutant.Does), o.mutant.File, cell(o.killer()))
	}
	b.WriteString("\n## Guards without a mutant of their own\n\n" +
		"Each is there for the day on which the other one is changed. Without either of them alone nothing goes wrong.\n\n" +
		"| guard | covered by |\n|---|---|\n")
	for _, o := range overlaps {
		fmt.Fprintf(&b, "| %s | %s |\n", cell(o.Guard), cell(o.CoveredBy))
	}
	return b.String()
}

// killer names what noticed the mutant, and the seed of the simulation where one is known.
func (o outcome) killer() string {
	words := []string{"**not caught**"}
	if o.caught() {
		words = []string{"`" + o.mutant.Kill.Package + "`", "`" + o.mutant.Kill.Test + "`"}
		words = slices.Concat(words, o.mutant.Kill.Env, o.mutant.Kill.Args)
		if o.result.ending == timedOut {
			words = append(words, "(by time-out)")
		}
	}
	if o.mutant.Seed != 0 {
		words = append(words, fmt.Sprintf("and seed %d of the simulation", o.mutant.Seed))
	}
	return strings.Join(words, " ")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
