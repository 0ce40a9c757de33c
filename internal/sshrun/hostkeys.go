package sshrun

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

const (
	// maxKnownHosts is the largest known_hosts that is read, in bytes: some 40,000 hosts.
	maxKnownHosts = 8 << 20
	// shownLine is how long a line for known_hosts may be to be shown whole, in bytes: an Ed25519 one is shorter.
	shownLine = 160
)

// plainAlgorithms are the signatures of each kind of host key, best first. SHA-1 is left out, as OpenSSH does.
var plainAlgorithms = []struct {
	kind       string
	algorithms []string
}{
	{ssh.KeyAlgoED25519, []string{ssh.KeyAlgoED25519}},
	{ssh.KeyAlgoECDSA256, []string{ssh.KeyAlgoECDSA256}},
	{ssh.KeyAlgoECDSA384, []string{ssh.KeyAlgoECDSA384}},
	{ssh.KeyAlgoECDSA521, []string{ssh.KeyAlgoECDSA521}},
	{ssh.KeyAlgoRSA, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}},
}

// certAlgorithms are those of host certificates: what kind the certified key is cannot be told from the authority's.
var certAlgorithms = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
}

// knownHost is what known_hosts says about one server.
type knownHost struct {
	// address is host:port, the host in lower case as known_hosts has it.
	address string
	check   ssh.HostKeyCallback
	// kinds are the kinds of keys that the file has for this host; empty when it has none.
	kinds []string
	// algorithms are what the server is asked for. A server has several host keys and shows the one it is asked for:
	// asked for a kind that the file does not have, a server that is well known would look like an unknown one.
	algorithms []string
}

// readHost reads known_hosts for one server.
func readHost(path, address string) (*knownHost, error) {
	file, err := readFile(path, maxKnownHosts)
	if err != nil {
		return nil, failed(ReasonSetup, nil, "the file of SAFEPOINT_SSH_KNOWN_HOSTS cannot be read on this worker: %v", err)
	}
	check, err := knownhosts.New(path)
	if err != nil {
		return nil, failed(ReasonSetup, nil, "the file of SAFEPOINT_SSH_KNOWN_HOSTS is not a known_hosts file%s: mend it", badLine(err, path))
	}
	host := &knownHost{address: strings.ToLower(address), check: check}
	return host, host.choose(bytes.Split(file, []byte("\n")))
}

// badLine names the line that the library cannot read. Its other words repeat the path and may repeat the file.
func badLine(err error, path string) string {
	rest, ok := strings.CutPrefix(err.Error(), "knownhosts: "+path+":")
	line, _, found := strings.Cut(rest, ":")
	if !ok || !found || line == "" || strings.Trim(line, "0123456789") != "" {
		return ""
	}
	return " (line " + line + ")"
}

// choose finds out what the file has for this host, by asking about a key that nobody has.
func (h *knownHost) choose(lines [][]byte) error {
	nobodys, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		return failed(ReasonSetup, nil, "this machine has no random numbers")
	}
	key, err := ssh.NewPublicKey(nobodys)
	if err != nil {
		return failed(ReasonSetup, nil, "this machine cannot make keys")
	}
	var known *knownhosts.KeyError
	if err := h.check(h.address, &net.TCPAddr{}, key); !errors.As(err, &known) {
		return failed(ReasonRequest, nil, "the address cannot be looked up in known_hosts: write host:port")
	}
	plain, certified := map[string]bool{}, false
	for _, k := range known.Want {
		if k.Line <= len(lines) && bytes.HasPrefix(bytes.Trim(lines[k.Line-1], " \t"), []byte("@cert-authority")) {
			certified = true
			continue
		}
		plain[k.Key.Type()] = true
	}
	if certified {
		h.kinds = append(h.kinds, "a certificate")
		h.algorithms = append(h.algorithms, certAlgorithms...)
	}
	for _, p := range plainAlgorithms {
		if plain[p.kind] || len(known.Want) == 0 { // of an unknown host the best key is shown to the operator
			h.algorithms = append(h.algorithms, p.algorithms...)
		}
	}
	for kind := range plain {
		h.kinds = append(h.kinds, kind)
	}
	slices.Sort(h.kinds)
	if len(h.algorithms) == 0 {
		return failed(ReasonSetup, nil, "the file of SAFEPOINT_SSH_KNOWN_HOSTS has only keys of kinds for %s that this worker does not know (%s): add the server's Ed25519 key",
			knownhosts.Normalize(h.address), strings.Join(h.kinds, ", "))
	}
	return nil
}

// accept judges the key that the server shows. Nothing of the worker was shown to the server by then.
func (h *knownHost) accept(remote net.Addr, shown ssh.PublicKey) *Error {
	err := h.check(h.address, remote, shown)
	var (
		unknown *knownhosts.KeyError
		revoked *knownhosts.RevokedError
	)
	name := knownhosts.Normalize(h.address)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return failed(ReasonHostKey, nil, "the host key of %s (%s) is revoked in the file of SAFEPOINT_SSH_KNOWN_HOSTS (line %d): give the server a new key",
			name, fingerprint(shown), revoked.Revoked.Line)
	case errors.As(err, &unknown) && len(unknown.Want) == 0:
		return failed(ReasonHostKey, nil, "the host key of %s is not known: it is %s. If %s says the same on the server's own console, add this line to the file of SAFEPOINT_SSH_KNOWN_HOSTS: %s",
			name, fingerprint(shown), keygen(shown), lineFor(name, shown))
	case errors.As(err, &unknown):
		return failed(ReasonHostKey, nil, "the host key of %s is not the known one: it is %s. Somebody may be listening in. Only if %s says the same on the server's own console, put the new key into %s of the file of SAFEPOINT_SSH_KNOWN_HOSTS",
			name, fingerprint(shown), keygen(shown), linesOf(unknown.Want))
	default: // a certificate: of another authority, for another name, out of date
		return failed(ReasonHostKey, nil, "the host certificate of %s (%s) is not accepted: its authority, its names or its dates do not fit the file of SAFEPOINT_SSH_KNOWN_HOSTS; renew it, or add the server's plain host key",
			name, fingerprint(shown))
	}
}

// noCommonKey: the server has no key of the kinds that the file has.
func (h *knownHost) noCommonKey() error {
	name := knownhosts.Normalize(h.address)
	if len(h.kinds) == 0 {
		return failed(ReasonHostKey, nil, "the host key of %s is not known, and it has none of a kind that this worker trusts: give the server an Ed25519 host key", name)
	}
	return failed(ReasonHostKey, nil, "the host key of %s is not the known one: the file of SAFEPOINT_SSH_KNOWN_HOSTS has %s for it, and the server has no such key. "+
		"Somebody may be listening in. Compare the keys on the server's own console before you add another line", name, strings.Join(h.kinds, ", "))
}

// fingerprint is a key as an operator compares it.
func fingerprint(key ssh.PublicKey) string {
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	return key.Type() + " " + ssh.FingerprintSHA256(key)
}

// keygen is the command that shows the fingerprint on the server.
func keygen(key ssh.PublicKey) string {
	kind := "ed25519"
	switch {
	case key.Type() == ssh.KeyAlgoRSA:
		kind = "rsa"
	case strings.HasPrefix(key.Type(), "ecdsa-"):
		kind = "ecdsa"
	}
	return fmt.Sprintf("`ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub`", kind)
}

// lineFor is the line that makes a host known.
func lineFor(name string, key ssh.PublicKey) string {
	line := knownhosts.Line([]string{name}, key)
	if len(line) > shownLine {
		return name + " and the first two words of that .pub file"
	}
	return line
}

// linesOf names the lines of the file that speak of a host.
func linesOf(keys []knownhosts.KnownKey) string {
	numbers := make([]string, 0, len(keys))
	for _, k := range keys {
		numbers = append(numbers, fmt.Sprint(k.Line))
	}
	if len(numbers) == 1 {
		return "line " + numbers[0]
	}
	return "one of the lines " + strings.Join(numbers, ", ")
}
