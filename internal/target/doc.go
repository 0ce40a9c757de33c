// Package target says which servers a runbook is about, and puts what the API says of a server into the template of a
// fleet's runs.
//
// It is pure: no clock, no I/O, no state, because it runs inside workflow code as well. It must never widen what was
// asked for: an empty or malformed selector chooses nothing. And it must never trust a server's texts: they are
// whatever somebody wrote at the API, and a template may put them into a URL, an address or a command line.
package target
