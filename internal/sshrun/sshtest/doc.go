// Package sshtest starts a real OpenSSH server for a test, on a loopback port, with host keys, an authorized key and a
// configuration of its own. It exists so that every test of ssh meets the server that users have.
//
// It must only be imported by tests, and must never read or write the machine's own ssh configuration.
package sshtest
