package sshrun

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// keyOf makes the same key of the same number each time, so that a seed keeps its meaning.
func keyOf(f *testing.F, number byte) ssh.PublicKey {
	f.Helper()
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize)))
	if err != nil {
		f.Fatal(err)
	}
	return signer.PublicKey()
}

// FuzzKnownHosts: whatever stands in known_hosts, a key that does not is never accepted, and nothing that is said shows
// the file's path or its lines.
func FuzzKnownHosts(f *testing.F) {
	known, shown := keyOf(f, 1), keyOf(f, 2)
	line := knownhosts.Line([]string{"web01.example.com"}, known)
	for _, file := range []string{
		"", line, "@revoked " + line, "@cert-authority *.example.com " + line[strings.Index(line, " ")+1:], strings.Replace(line, "web01", "*", 1),
		knownhosts.Line([]string{"[web01.example.com]:2222", "192.0.2.1"}, known), knownhosts.HashHostname("web01.example.com") + line[strings.Index(line, " "):],
		"# comment\n\n" + line + "\r\n" + line, "web01.example.com ssh-ed25519 AAAA", "!web01.example.com,* " + line[strings.Index(line, " ")+1:], "|1|x|y ssh-rsa AAAA", "\xff\x00", "@", line[:40],
		"* " + line[strings.Index(line, " ")+1:], "? ssh-dss " + base64.StdEncoding.EncodeToString([]byte("x")),
	} {
		f.Add([]byte(file), "web01.example.com:22")
		f.Add([]byte(file), "[2001:db8::1]:2222")
	}
	path := filepath.Join(f.TempDir(), "very-secret-place")
	f.Fuzz(func(t *testing.T, file []byte, address string) {
		if fit(Request{Address: address, Command: "true"}) != nil {
			return
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		host, err := readHost(path, address)
		if err == nil {
			if len(host.algorithms) == 0 {
				t.Fatal("the server would be asked for no key at all")
			}
			hasKey := bytes.Contains(file, []byte(base64.StdEncoding.EncodeToString(shown.Marshal())[:60]))
			refusal := host.accept(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 22}, shown)
			if refusal == nil && !hasKey {
				t.Fatalf("a key that is not in %q is accepted", file)
			}
			if refusal == nil {
				return
			}
			err = refusal
		}
		if reason := ReasonOf(err); reason != ReasonSetup && reason != ReasonRequest && reason != ReasonHostKey {
			t.Fatalf("reason %q: %v", reason, err)
		}
		text := err.Error()
		if strings.Contains(text, path) || len(text) > 2000 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%d bytes: %q", len(text), text)
		}
		for _, line := range bytes.Split(file, []byte("\n")) {
			if len(line) > 100 && bytes.Contains([]byte(text), bytes.TrimSpace(line)) {
				t.Fatalf("it repeats a line of the file: %q", text)
			}
		}
	})
}

// FuzzServerWords: an output means the same in whatever pieces it comes, and how a command ended is read from a whole
// message only.
func FuzzServerWords(f *testing.F) {
	status := ssh.Marshal(struct{ Code uint32 }{137})
	signal := ssh.Marshal(struct {
		Signal   string
		Dumped   bool
		Message  string
		Language string
	}{"KILL\x1b[2J", true, "\x07", ""})
	f.Add("exit-status", status, uint16(3), uint16(1))
	f.Add("exit-status", status[:3], uint16(1), uint16(2))
	f.Add("exit-signal", signal, uint16(7), uint16(1))
	f.Add("exit-signal", append([]byte{0xff, 0xff, 0xff, 0xff}, signal...), uint16(0), uint16(3))
	f.Add("", []byte("progress 日\r\n"), uint16(4096), uint16(20_000))
	f.Add("", []byte("\x1b[A"), uint16(65535), uint16(65535))
	f.Fuzz(func(t *testing.T, kind string, payload []byte, piece, times uint16) {
		e, ok := endOf(&ssh.Request{Type: kind, Payload: payload})
		switch {
		case !ok && (e.code != nil || e.signal != ""):
			t.Fatalf("an end that is none: %+v", e)
		case ok && kind == "exit-status" && (e.code == nil || *e.code < 0 || len(payload) != 4):
			t.Fatalf("%x was read as %+v", payload, e)
		case ok && kind == "exit-signal" && (e.signal == "" || len(e.signal) > maxSignal || strings.ContainsFunc(e.signal, func(r rune) bool { return r <= ' ' || r > '~' })):
			t.Fatalf("%x was read as %+v", payload, e)
		case ok && kind != "exit-status" && kind != "exit-signal":
			t.Fatalf("%q is no end", kind)
		}
		output := bytes.Repeat(payload, min(int(times), 4*OutputLimit/max(len(payload), 1)))
		var whole, pieces tail
		_, _ = whole.Write(output) // neither fails
		for rest := output; len(rest) > 0; {
			n := min(len(rest), int(piece)+1)
			_, _ = pieces.Write(rest[:n])
			rest = rest[n:]
		}
		wholeText, wholeCut := whole.text()
		text, cut := pieces.text()
		if text != wholeText || cut != wholeCut || cut != (len(output) > OutputLimit) || len(text) > OutputLimit {
			t.Fatalf("whole: %d bytes, cut %t; in pieces of %d: %d bytes, cut %t", len(wholeText), wholeCut, int(piece)+1, len(text), cut)
		}
	})
}
