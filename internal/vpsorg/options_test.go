package vpsorg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheBaseURLIsHTTPSUnlessTheHostIsLoopback(t *testing.T) {
	for base, ok := range map[string]bool{
		"https://admin.vps.org/api/v1":  true,
		"https://admin.vps.org/api/v1/": true,
		"HTTPS://admin.vps.org":         true,
		"http://127.0.0.1:8080/api/v1":  true,
		"http://127.9.9.9":              true,
		"http://[::1]:8080":             true,
		"http://[::ffff:127.0.0.1]":     true,
		"http://localhost:8080":         true,
		"http://LOCALHOST":              true,
		"http://admin.vps.org/api/v1":   false,
		"http://10.0.0.1":               false,
		"http://0.0.0.0":                false,
		"http://localhost.example.com":  false,
		"http://127.0.0.1.example.com":  false,
		"http://2130706433":             false,
		"ftp://127.0.0.1":               false,
		"admin.vps.org/api/v1":          false,
		"//admin.vps.org":               false,
		"https:admin.vps.org":           false,
		"https://":                      false,
		"https://:443":                  false,
		"https://h:99999":               false,
		"https://h:0":                   false,
		"https://user:pass@h":           false,
		"https://user@h":                false,
		"https://h/?a=b":                false,
		"https://h/?":                   false,
		"https://h/#f":                  false,
		"https://h/#":                   false,
		"https://h\x7f/":                false,
		"":                              false,
	} {
		_, err := New(Options{BaseURL: base, Token: testToken})
		assert.Equal(t, ok, err == nil, "%q: %v", base, err)
	}
}

func TestATokenWithCharactersNoTokenHasIsRefused(t *testing.T) {
	for _, token := range []string{"", " ", "vps_a b", "vps_a\n", "\tvps_a", "vps_a\x00", "vps_a\u200b", "“vps_a”", "vps_a\x7f", "Bearer vps_a"} {
		_, err := New(Options{BaseURL: "https://h", Token: token})
		require.ErrorContains(t, err, "API token", "%q", token)
		if strings.TrimSpace(token) != "" {
			assert.NotContains(t, err.Error(), token)
		}
	}
}

func TestThePowerPathHoldsBothPlacesAndCannotLeaveItsFolder(t *testing.T) {
	for path, ok := range map[string]bool{
		"":                               true,
		"/servers/{server_id}/{action}/": true,
		"/power/{action}/{server_id}/":   true,
		"/s/{server_id}-{action}/":       true,
		"/servers/{server_id}/":          false,
		"/servers/{action}/":             false,
		"servers/{server_id}/{action}/":  false,
		"/servers/{server_id}/{action}":  false,
		"//{server_id}/{action}/":        false,
		"/../{server_id}/{action}/":      false,
		"/{server_id}/{action}/?a=/":     false,
		"/{server_id}/{action}/#/":       false,
		"/{server_id}/{action}/{other}/": false,
		"/%2e/{server_id}/{action}/":     false,
		"/ {server_id}/{action}/":        false,
	} {
		_, err := New(Options{BaseURL: "https://h", Token: testToken, PowerPath: path})
		assert.Equal(t, ok, err == nil, "%q: %v", path, err)
	}
}

func TestAllProblemsOfTheOptionsAreToldAtOnce(t *testing.T) {
	_, err := New(Options{
		BaseURL: "http://user:pass@example.com/?q#f", Token: "a b", RequestTimeout: -time.Second,
		RateLimit: math.NaN(), PowerPath: "x", UserAgent: "a\nb",
	})
	require.Error(t, err)
	for _, part := range []string{"plain http", "user name", "query", "fragment", "API token", "request timeout", "rate limit",
		"{server_id} is missing", "{action} is missing", "start and end with /", "user agent"} {
		assert.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), "pass@")
	for _, rate := range []float64{-1, math.Inf(1), math.Inf(-1)} {
		_, err := New(Options{BaseURL: "https://h", Token: testToken, RateLimit: rate})
		assert.ErrorContains(t, err, "rate limit")
	}
}

func TestNothingPrintsTheToken(t *testing.T) {
	o := Options{BaseURL: "https://me:" + testToken + "@h/" + testToken + "?t=" + testToken, Token: testToken, UserAgent: testToken}
	c := newTestClient(t, Options{BaseURL: "https://h"})
	hidden := struct{ c *Client }{c}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{o, &o, c, *c, []Options{o}, map[string]*Client{"c": c}, hidden, struct{ O Options }{o}} {
			assert.NotContains(t, fmt.Sprintf(verb, value), testToken, "%s of %T", verb, value)
		}
	}
	assert.Contains(t, o.String(), redacted)
	assert.Contains(t, o.GoString(), "vpsorg.Options")
	assert.Contains(t, c.GoString(), "vpsorg.Client")
	assert.Contains(t, Options{BaseURL: "h:x:y"}.String(), "Token: unset")

	var logged bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(handler).Info("x", "options", o, "nested", struct{ O Options }{Options{Token: testToken}}, "client", c)
	}
	assert.NotContains(t, logged.String(), testToken)
	b, err := json.Marshal(struct{ O Options }{Options{Token: testToken}})
	require.NoError(t, err)
	assert.NotContains(t, string(b), testToken)
}

func TestATokenInClearTextNeverGoesThroughAProxy(t *testing.T) {
	want := &url.URL{Scheme: "http", Host: "proxy.example.com"}
	proxy := onlyTLS(func(*http.Request) (*url.URL, error) { return want, nil })
	for target, expected := range map[string]*url.URL{"http://127.0.0.1/": nil, "http://h/": nil, "https://h/": want} {
		r, err := http.NewRequest(http.MethodGet, target, nil)
		require.NoError(t, err)
		got, err := proxy(r)
		require.NoError(t, err)
		assert.Equal(t, expected, got, target)
	}
	reads, writes, _ := transports(nil)
	for _, transport := range []http.RoundTripper{reads, writes} {
		assert.NotNil(t, transport.(*http.Transport).Proxy, "a proxy set in the environment is used for https")
	}
}
