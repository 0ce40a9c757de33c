// Command mutants proves that the tests would notice: it breaks one guard of the code at a time and demands that the
// test which is named for it fails.
//
// It never writes to the checkout it tests. A mutant is a text that stands exactly once in one file and what takes its
// place; the mutated file reaches the compiler through go's -overlay. A mutant counts as caught only when its test
// passes without it, and fails with it, twice, by a failed check: code that does not build, a panic or a test that does
// not exist prove nothing.
//
//	go run ./internal/mutants                     run them all
//	go run ./internal/mutants -run no-lock        run those whose name matches
//	go run ./internal/mutants -wide -run no-lock  run every test of the package, to find which of them notices
//	go run ./internal/mutants -o internal/mutants/README.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	run      string
	list     bool
	wide     bool
	out      string
	timeout  time.Duration
	parallel int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.run, "run", "", "run only the mutants whose name matches this `pattern`")
	flag.BoolVar(&o.list, "list", false, "list the mutants and run none")
	flag.BoolVar(&o.wide, "wide", false, "run every test of the package instead of the named one, and say which fail")
	flag.StringVar(&o.out, "o", "", "write the table of results as Markdown to this `file`")
	flag.IntVar(&o.parallel, "parallel", 2, "how many mutants are tried at the same time")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long one run of a test may take")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run does what the command line asks. The error says how many mutants were not caught.
func run(ctx context.Context, o options) error {
	pattern, err := regexp.Compile(o.run)
	switch {
	case err != nil:
		return fmt.Errorf("-run: %w", err)
	case flag.NArg() > 0:
		return fmt.Errorf("%q is no flag: see -h", flag.Arg(0))
	case o.parallel < 1:
		return errors.New("-parallel must be at least 1")
	case o.out != "" && (o.run != "" || o.wide):
		return errors.New("-o takes the results of all mutants: leave out -run and -wide")
	}
	var chosen []Mutant
	for _, m := range all() {
		if pattern.MatchString(m.Name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no mutant matches %q: -list names them", o.run)
	}
	if o.list {
		for _, m := range chosen {
			fmt.Printf("%-48s %s\n%50s%s\n", m.Name, m.Law, "", m.Does)
		}
		return nil
	}
	return try(ctx, chosen, o)
}
