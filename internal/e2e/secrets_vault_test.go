package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// secrets are the tokens and keys of this run of the package. All are random, so that a hit is never a coincidence.
var secrets = newVault()

// vault knows how each secret looks: as it is, in halves as a cut leaves it, and in every encoding that a log, a URL, a
// payload or a page may put it into.
type vault struct {
	mu sync.RWMutex // guards what follows
	// byStart are the needles by their first eight bytes, which makes one pass over a text enough for all of them.
	byStart map[uint64][]needle
	starts  [1 << 16]bool // a quick no for most places, see hash
	seen    map[string]bool
	secrets int
}

// needle is one look of a secret.
type needle struct {
	name string // of the secret and its look; never the secret
	text []byte
}

func newVault() *vault { return &vault{byStart: map[uint64][]needle{}, seen: map[string]bool{}} }

// least is how long a needle must be, and half of a secret: shorter ones would turn up by chance, or in a name that is no
// secret.
const least, leastHalf = 12, 16

func hash(start uint64) uint16 { return uint16((start * 0x9E3779B97F4A7C15) >> 48) }

func (v *vault) add(name, look string, text []byte) {
	if len(text) < least || v.seen[string(text)] {
		return
	}
	v.seen[string(text)] = true
	start := binary.LittleEndian.Uint64(text)
	v.byStart[start] = append(v.byStart[start], needle{name + " (" + look + ")", bytes.Clone(text)})
	v.starts[hash(start)] = true
}

// newToken makes a token in the form of the API's own and keeps it in the vault.
func (v *vault) newToken(name string) string {
	token := "vps_" + strings.ToLower(rand.Text())
	v.token(name, token)
	return token
}

// token adds a token in all its looks, once. A word that is too short to be told from others is none.
func (v *vault) token(name, token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(token) < least || v.seen[token] {
		return
	}
	v.secrets++
	v.looks(name, token)
	if half := max(leastHalf, len(token)/2); half < len(token) {
		v.add(name, "its first half", []byte(token[:half]))
		v.add(name, "its last half", []byte(token[len(token)-half:]))
	}
}

// looks are the encodings of a text.
func (v *vault) looks(name, text string) {
	v.add(name, "plain", []byte(text))
	v.add(name, "in upper case", []byte(strings.ToUpper(text)))
	v.add(name, "hexadecimal", []byte(hex.EncodeToString([]byte(text))))
	v.add(name, "URL-encoded", []byte(url.QueryEscape(text)))
	v.add(name, "URL-encoded for a path", []byte(url.PathEscape(text)))
	v.add(name, "HTML-escaped", []byte(html.EscapeString(text)))
	quoted := strconv.Quote(text)
	v.add(name, "quoted", []byte(quoted[1:len(quoted)-1]))
	if j, err := json.Marshal(text); err == nil {
		v.add(name, "in JSON", j[1:len(j)-1])
	}
	for _, inner := range innerBase64([]byte(text)) {
		v.add(name, "in base64", []byte(inner))
		v.add(name, "in base64 for URLs", []byte(strings.NewReplacer("+", "-", "/", "_").Replace(inner)))
	}
}

// innerBase64 is what base64 makes of a text wherever in a longer text it stands: three alignments, without the letters
// that depend on the neighbours.
func innerBase64(text []byte) []string {
	var all []string
	for before := range 3 {
		whole := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), text...))
		all = append(all, whole[(before*8+5)/6:(before+len(text))*8/6])
	}
	return all
}

// key adds a private key file: pieces of its base64 lines, and the raw secret inside.
func (v *vault) key(name string, file []byte) error {
	parsed, err := ssh.ParseRawPrivateKey(file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	signer, err := ssh.NewSignerFromKey(parsed)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var raw []byte
	switch key := parsed.(type) {
	case *ed25519.PrivateKey:
		raw = key.Seed()
	case *ecdsa.PrivateKey:
		raw, err = key.Bytes()
	case *rsa.PrivateKey:
		raw = key.D.Bytes()
	default:
		err = fmt.Errorf("an unknown kind of key, %T", parsed)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.secrets++
	v.looks(name, string(raw))
	for i, piece := range secretPieces(file, signer.PublicKey().Marshal()) {
		v.looks(fmt.Sprintf("%s, piece %d of its file", name, i+1), piece)
	}
	return nil
}

// secretPieces are short pieces of a key file's base64 lines, but for those that are the public key: everybody may have
// that.
func secretPieces(file, public []byte) []string {
	const piece = 32
	var pieces []string
	block, _ := pem.Decode(file)
	before := 0 // letters of the body
	for line := range strings.SplitSeq(strings.TrimSpace(string(file)), "\n") {
		if strings.HasPrefix(line, "-----") {
			continue
		}
		for from := 0; from+piece <= len(line); from += piece {
			first, last := ((before+from)*6+7)/8, (before+from+piece)*6/8 // whole bytes only
			if block == nil || !bytes.Contains(public, block.Bytes[first:min(last, len(block.Bytes))]) {
				pieces = append(pieces, line[from:from+piece])
			}
		}
		before += len(line)
	}
	return pieces
}

// count is how many secrets there are.
func (v *vault) count() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.secrets
}

// find returns the names of the needles in a text.
func (v *vault) find(text []byte) []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var found []string
	for i := 0; i+8 <= len(text); i++ {
		start := binary.LittleEndian.Uint64(text[i:])
		if !v.starts[hash(start)] {
			continue
		}
		for _, n := range v.byStart[start] {
			if bytes.HasPrefix(text[i:], n.text) {
				found = append(found, n.name)
			}
		}
	}
	return found
}
