package guard

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// ownGroup puts the command into a process group of its own, and makes the kernel kill it when this process dies, even
// of a signal that cannot be caught.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// onlyZombies says whether all that is left of a group is dead, as proc(5) shows it. What cannot be seen counts as alive.
func onlyZombies(group int) bool {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	found := false
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil { // it has ended meanwhile
			continue
		}
		// pid (name) state ppid pgrp ...; the name may hold anything, even a parenthesis.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 3 || string(fields[2]) != strconv.Itoa(group) {
			continue
		}
		if fields[0][0] != 'Z' && fields[0][0] != 'X' {
			return false
		}
		found = true
	}
	return found
}
