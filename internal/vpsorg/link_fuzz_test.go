package vpsorg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzLinks: wherever the link to the next page or a redirect leads, every request goes to the API's own origin, the
// listing ends, and rows are returned only when both pages were read.
func FuzzLinks(f *testing.F) {
	for _, link := range []string{
		"?page=2", "/v1/snapshots/?page=2", "https://api.example/v1/snapshots/?page=2", "https://API.EXAMPLE:443/x", "https://api.example@evil.example/",
		"https://evil.example\\@api.example/", "//evil.example/", "///evil.example", "\\\\evil.example\\x", "http://api.example/", "https://api.example:444/",
		"https://api.example./", "https://user:pass@api.example/", "https:api.example/x", "javascript:alert(1)", "#2", "?", "", " ", "%", "https://[::1]:443/", "\t//evil.example",
		"https://api.example%2eevil.example/", "https://ａpi.example/", "data:,x", "https://api.example:0443/", "https://api.example:/x", "..//evil.example/",
	} {
		f.Add(link, "", uint16(0))
		f.Add("?page=2", link, uint16(307))
	}
	f.Fuzz(func(t *testing.T, link, location string, status uint16) {
		requests, second := 0, false
		c, err := New(Options{BaseURL: "https://api.example/v1", Token: testToken, RateLimit: 1e9,
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				checkGoesHome(t, r)
				requests++
				answer := &http.Response{StatusCode: 200, Header: http.Header{}, Request: r}
				body := page(2, link, row(1))
				switch {
				case requests == 1:
				case location != "" && requests%2 == 0:
					answer.StatusCode, body = 300+int(status%100), ""
					answer.Header["Location"] = []string{location}
				default:
					second, body = true, page(2, "", row(2))
				}
				answer.Body = io.NopCloser(strings.NewReader(body))
				return answer, nil
			})})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.ListSnapshots(t.Context(), ListSnapshotsOpts{ServerID: 5})
		if requests > maxPages*(maxRedirects+1) {
			t.Fatalf("%d requests", requests)
		}
		if err == nil && (len(got) != 2 || !second) {
			t.Fatalf("taken: %v after %d requests", got, requests)
		}
		if err != nil {
			checkShown(t, err)
			if got != nil {
				t.Fatal("rows beside an error")
			}
		}
	})
}

// FuzzDate: the API's clock is a time that travels, or is not known.
func FuzzDate(f *testing.F) {
	for _, seed := range [][3]string{
		{"Tue, 06 May 2031 07:08:09 GMT", "", ""}, {"Tuesday, 06-May-31 07:08:09 GMT", "0", ""}, {"Tue May  6 07:08:09 2031", "12", ""},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "", ""}, {"Mon, 01 Jan 0001 00:00:00 GMT", "", ""}, {"x", "", "Tue, 06 May 2031 07:08:09 GMT"}, {"", "-1", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	c, err := New(Options{BaseURL: "https://api.example", Token: testToken})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, date, age, second string) {
		c.clock.Store(nil)
		h := http.Header{"Date": {date}}
		if age != "" {
			h.Set("Age", age)
		}
		if second != "" {
			h.Add("Date", second)
		}
		c.setClock(h)
		now, known := c.Now()
		if !known {
			return
		}
		if second != "" || (age != "" && age != "0") {
			t.Fatalf("known by %v", h)
		}
		said, err := http.ParseTime(date)
		if err != nil || now.Before(said) || now.Sub(said) > time.Minute || now.Location() != time.UTC {
			t.Fatalf("now %s of %q", now, date)
		}
		if _, err := json.Marshal(now.AddDate(1, 0, 0)); err != nil && now.Year() < 9998 {
			t.Fatal(err)
		}
	})
}

// FuzzBaseURL: a base URL that is taken has every request go below it, over https unless it is loopback. One that is
// refused is not repeated.
func FuzzBaseURL(f *testing.F) {
	for _, seed := range []string{
		"https://admin.vps.org/api/v1", "https://admin.vps.org/api/v1//", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1/x", "http://127.0.0.1.evil.example",
		"https://user:pa55word@h", "https://h?q=1", "https://h#f", "https://h/%2e%2e/", "https://h/a%2fb", "https://h:0", "ftp://h", "https:h", "//h", "https://h\\x", "https://h/../x", "HTTPS://H",
		"http://localhost.", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://h/{server_id}", "https://h/ x", "https://0:",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var went *url.URL
		c, err := New(Options{BaseURL: raw, Token: testToken, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			went = r.URL
			return nil, errors.New("nobody is there")
		})})
		if err != nil {
			said := strings.ReplaceAll(err.Error(), "https://admin.vps.org/api/v1", "") // the example that it always gives
			if u, problem := url.Parse(raw); problem == nil && u.User != nil && len(u.User.String()) > 12 && strings.Contains(said, u.User.String()) {
				t.Fatalf("the refusal repeats a password: %v", err)
			}
			return
		}
		_, err = c.RestoreSnapshot(t.Context(), 9)
		checkShown(t, err)
		if went == nil {
			return // no request could be made of it
		}
		base, err := url.Parse(raw)
		if err != nil || went.Hostname() != base.Hostname() || portOf(went) != portOf(base) || went.Scheme != base.Scheme || went.User != nil || went.RawQuery != "" || went.Fragment != "" {
			t.Fatalf("%q led to %q", raw, went)
		}
		if !strings.HasSuffix(went.Path, "/snapshots/9/restore/") || !strings.HasPrefix(went.Path, strings.TrimRight(base.Path, "/")) {
			t.Fatalf("%q led to %q", raw, went)
		}
		if went.Scheme != "https" && !(went.Scheme == "http" && isLoopback(went.Hostname())) {
			t.Fatalf("%q would send the token in clear text", raw)
		}
		for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%#v", c), Options{BaseURL: raw, Token: testToken}.String()} {
			if strings.Contains(text, testToken) {
				t.Fatalf("shown: %q", text)
			}
		}
	})
}
