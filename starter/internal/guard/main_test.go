//go:build unix

package guard

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Roles of this test program beside the tests; its first argument.
const (
	roleKeeper = "role-keeper"
	roleGuard  = "role-guard"
	roleShell  = "role-shell"
	roleGate   = "role-gate"
	roleEarly  = "role-early" // a guard that dies before its keeper knows the group
)

func TestMain(m *testing.M) {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case roleKeeper:
		Keep(os.Stdin)
	case roleGuard:
		playGuard(os.Args[2])
	case roleGate:
		fmt.Fprintln(os.Stderr, Gate(os.Args[2:]))
		os.Exit(1)
	case roleEarly:
		playEarlyDeath(os.Args[2])
	case roleShell:
		playShell(os.Args[2])
	default:
		os.Exit(m.Run())
	}
}

// playGuard runs a shell script under a keeper for ever, allows it an hour or what standard input says, and prints what
// the script prints.
func playGuard(script string) {
	keeper, err := StartKeeper(os.Args[0], roleKeeper)
	if err != nil {
		panic(err)
	}
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), Out: os.Stdout, Err: os.Stderr, Keeper: keeper}
	if err := c.Start(always); err != nil {
		panic(err)
	}
	var allowed string
	for {
		if _, err := fmt.Scanln(&allowed); err != nil {
			select {} // nobody says more
		}
		d, err := time.ParseDuration(allowed)
		if err != nil {
			panic(err)
		}
		c.Allow(d)
		fmt.Println("allowed")
	}
}

// playEarlyDeath starts a script behind a gate and dies without having opened it.
func playEarlyDeath(script string) {
	cmd := exec.Command("/bin/sh", "-c", script)
	if _, err := gateFor(cmd, []string{os.Args[0], roleGate}); err != nil {
		panic(err)
	}
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Println(cmd.Process.Pid)
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {} // until the signal comes
}

// playShell runs a script on its own terminal, and then reads a line there itself.
func playShell(script string) {
	c := &Command{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Gate: []string{os.Args[0], roleGate}}
	if err := c.Start(always); err != nil {
		panic(err)
	}
	<-c.Done()
	fmt.Println("ended with", c.Ended())
	var line string
	if _, err := fmt.Scanln(&line); err != nil {
		panic(err)
	}
	fmt.Println("and then", line)
}
