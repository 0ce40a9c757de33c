package vpsorg

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	defaultRequestTimeout = 30 * time.Second
	defaultRateLimit      = 5.0
	defaultPowerPath      = "/servers/{server_id}/{action}/"
	defaultUserAgent      = "safepoint"
)

// Options configure a Client. The zero value of every field but BaseURL and Token means its default.
//
// Options never print their token, but only where the fmt and slog packages can reach their methods: do not keep them in
// an unexported field of something that is printed.
type Options struct {
	// BaseURL of the API, for example https://admin.vps.org/api/v1, with or without a slash at the end. Plain http is
	// accepted for a loopback host only: the token would otherwise cross a network in clear text.
	BaseURL string
	// Token is the bearer token.
	Token string `json:"-"`
	// RequestTimeout bounds one request from the connect to the last byte of the answer. Default 30s. The wait for the
	// rate limiter comes before it and is bounded by the call's context only.
	RequestTimeout time.Duration
	// RateLimit is in requests a second, shared by everything that uses the client. Default 5.
	RateLimit float64
	// PowerPath is where the power actions live, because the vendor's paths are assumed and not known. It holds
	// {server_id} and {action} ("start" or "stop"). Default "/servers/{server_id}/{action}/".
	PowerPath string
	// UserAgent is sent with every request. Default "safepoint".
	UserAgent string
	// Transport replaces the client's own transports. For tests. An *http.Transport is copied and keeps every
	// guarantee; of any other kind nothing can be proved, so what it does with a connection is its own business.
	Transport http.RoundTripper
}

// String shows the options without the token.
func (o Options) String() string {
	token := "unset"
	if o.Token != "" {
		token = redacted
	}
	return fmt.Sprintf("vpsorg.Options{BaseURL: %s, Token: %s, RequestTimeout: %s, RateLimit: %g, PowerPath: %q, UserAgent: %q}",
		newRedactor(o.Token)(showURL(o.BaseURL)), token, o.RequestTimeout, o.RateLimit,
		newRedactor(o.Token)(o.PowerPath), newRedactor(o.Token)(o.UserAgent))
}

// GoString is String: %#v must not show the token either.
func (o Options) GoString() string { return o.String() }

// Format makes every verb print String. Without it a verb that is not for strings, such as %d, would print the fields.
func (o Options) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(o.String())) }

// LogValue shows the options without the token.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

// showURL is for printing settings that nobody has checked yet: user names, passwords and queries may hold secrets.
func showURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return "(not a URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

func (o Options) withDefaults() Options {
	if o.RequestTimeout == 0 {
		o.RequestTimeout = defaultRequestTimeout
	}
	if o.RateLimit == 0 {
		o.RateLimit = defaultRateLimit
	}
	if o.PowerPath == "" {
		o.PowerPath = defaultPowerPath
	}
	if o.UserAgent == "" {
		o.UserAgent = defaultUserAgent
	}
	return o
}

// check returns the parsed base URL, or every problem of the options joined. The values that may hold a secret (base
// URL, token) are never repeated in a message.
func (o Options) check() (*url.URL, error) {
	base, baseErr := parseBaseURL(o.BaseURL)
	problems := []error{baseErr, checkToken(o.Token), checkPowerPath(o.PowerPath)}
	if o.RequestTimeout < 0 {
		problems = append(problems, fmt.Errorf("request timeout: %s is negative; give a time such as 30s", o.RequestTimeout))
	}
	if o.RateLimit < 0 || math.IsNaN(o.RateLimit) || math.IsInf(o.RateLimit, 0) {
		problems = append(problems, fmt.Errorf("rate limit: %v is not a number of requests a second; give one above 0, such as 5", o.RateLimit))
	}
	if !isPrintableASCII(o.UserAgent) {
		problems = append(problems, errors.New("user agent: it may hold printable ASCII characters only"))
	}
	return base, errors.Join(problems...)
}

func parseBaseURL(raw string) (*url.URL, error) {
	const example = "give one such as https://admin.vps.org/api/v1"
	if raw == "" {
		return nil, errors.New("API base URL: it is empty; " + example)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		// The parser's own message repeats the text it could not read, password and all.
		return nil, errors.New("API base URL: it is not an absolute URL; " + example)
	}
	var problems []error
	switch {
	case u.Scheme == "https":
	case u.Scheme != "http":
		problems = append(problems, errors.New("API base URL: the scheme must be https"))
	case !isLoopback(u.Hostname()):
		problems = append(problems, errors.New("API base URL: plain http would send the token in clear text; use https (http is for a loopback host only)"))
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			problems = append(problems, errors.New("API base URL: the port must be between 1 and 65535"))
		}
	}
	if u.User != nil {
		problems = append(problems, errors.New("API base URL: take the user name and password out; the token has its own setting"))
	}
	if u.RawQuery != "" || u.ForceQuery {
		problems = append(problems, errors.New("API base URL: take the query (from the ?) out"))
	}
	if u.Fragment != "" || strings.Contains(raw, "#") {
		problems = append(problems, errors.New("API base URL: take the fragment (from the #) out"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}

// isLoopback takes "localhost" at its word, as every HTTP tool does; other names are not resolved.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func checkToken(token string) error {
	if token == "" {
		return errors.New("API token: it is empty; make one on the account's Developers page")
	}
	if strings.Contains(token, " ") || !isPrintableASCII(token) {
		return errors.New("API token: it holds a space, a line break or another character no token has; copy it again, without \"Bearer\"")
	}
	return nil
}

// powerPathShape keeps everything out that could change the host, the query or the folder: no dots, no escapes.
var powerPathShape = regexp.MustCompile(`^(/[A-Za-z0-9_-]+)+/$`)

func checkPowerPath(path string) error {
	var problems []error
	for _, part := range []string{"{server_id}", "{action}"} {
		if !strings.Contains(path, part) {
			problems = append(problems, fmt.Errorf("power path: %s is missing; the default is %s", part, defaultPowerPath))
		}
	}
	if !powerPathShape.MatchString(expandPowerPath(path, 1, "start")) {
		problems = append(problems, fmt.Errorf(
			"power path: it must start and end with / and hold only letters, digits, - and _ in between; the default is %s", defaultPowerPath))
	}
	return errors.Join(problems...)
}

func expandPowerPath(path string, serverID int64, action string) string {
	return strings.NewReplacer("{server_id}", strconv.FormatInt(serverID, 10), "{action}", action).Replace(path)
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
