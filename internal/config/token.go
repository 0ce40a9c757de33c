package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

const redacted = "[redacted]"

// maxTokenFile is far above any token; a larger file is not a token file.
const maxTokenFile = 4096

// Token is the API token. It prints as "[redacted]" whichever way it is printed; only Reveal gives it away.
//
// The secret is behind a pointer because fmt cannot call the methods of a value in an unexported field: it then prints
// an address and not the secret.
type Token struct{ secret *string }

// NewToken wraps a secret.
func NewToken(secret string) Token { return Token{secret: &secret} }

// Reveal returns the secret. Its one reader is the HTTP client of the API.
func (t Token) Reveal() string {
	if t.secret == nil {
		return ""
	}
	return *t.secret
}

// blank takes the secret out of a text.
func (t Token) blank(text string) string {
	if t.IsZero() {
		return text
	}
	return strings.ReplaceAll(text, t.Reveal(), redacted)
}

// IsZero says whether there is no token.
func (t Token) IsZero() bool { return t.Reveal() == "" }

// String hides the secret.
func (t Token) String() string {
	if t.IsZero() {
		return ""
	}
	return redacted
}

// GoString hides the secret from %#v.
func (t Token) GoString() string { return fmt.Sprintf("config.Token(%q)", t.String()) }

// Format hides the secret from every other verb: %d or %x would print the field.
func (t Token) Format(f fmt.State, verb rune) {
	text := t.String()
	if verb == 'v' && f.Flag('#') {
		text = t.GoString()
	}
	_, _ = io.WriteString(f, text)
}

// LogValue hides the secret from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText hides the secret from JSON and every other encoding.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText takes the secret from the environment.
func (t *Token) UnmarshalText(text []byte) error {
	*t = NewToken(string(text))
	return nil
}

// loadTokenFile reads the token from its file when a file is named.
func (p *problemSet) loadTokenFile(c *Config) {
	const name = "VPS_API_TOKEN_FILE"
	if c.APITokenFile == "" {
		return
	}
	if !c.APIToken.IsZero() {
		p.add(name, "VPS_API_TOKEN is set too; keep one of the two")
		return
	}
	text, err := readTokenFile(c.APITokenFile)
	switch {
	case err != nil:
		p.add(name, "the file cannot be read: "+err.Error()+"; name a file that this user may read")
	case len(text) > maxTokenFile:
		p.add(name, "the file is too large for a token; name a file that holds the token and nothing else")
	case strings.TrimSpace(text) == "":
		p.add(name, "the file is empty; put the API token into it")
	default:
		// Editors and secret stores end files with a line break.
		c.APIToken = NewToken(strings.TrimSpace(text))
	}
}

func readTokenFile(path string) (string, error) {
	f, err := os.Open(path)
	var wrapped *fs.PathError
	if errors.As(err, &wrapped) {
		return "", wrapped.Err // without the path: the token itself may stand there by mistake
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTokenFile+1))
	return string(text), err
}
