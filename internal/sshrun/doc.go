// Package sshrun runs one command on one server over ssh, once: the ssh change and the ssh check.
//
// The server must prove that it is the one whose host key an operator wrote into known_hosts, before anything of the
// worker is shown to it. What is known about the command afterwards is said exactly: Result.Sent is false only when
// the command provably never left, and an error after that means that nobody knows how it ended.
//
// The package must never try a command again, take a host key on trust, use an agent or a password, ask for a terminal,
// forward anything or pass on the environment. The key, the settings' values and the server's own words never stand in
// an error: what a server says is in Result.Output alone, cleaned so that no terminal can be attacked with it.
package sshrun
