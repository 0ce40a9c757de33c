package workflows

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line checks one line of text for people. Control characters are refused because the text is printed on terminals, in
// logs and in the description of a snapshot, whose words are read back.
func (v *inputValidator) line(path, text string, longest int) {
	if n := utf8.RuneCountInString(text); n > longest {
		v.add(path, "must have at most %d characters, has %d", longest, n)
		return
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			v.add(path, "must be one line of printable text, but contains %U", r)
			return
		}
	}
}

func validNamePrefix(prefix string) bool {
	if prefix == "" || len(prefix) > maxNamePrefix || !isASCIIAlnum(prefix[0]) {
		return false
	}
	for i := range len(prefix) {
		if c := prefix[i]; !isASCIIAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isASCIIAlnum(c byte) bool {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

// url checks a URL that may be absent.
func (v *inputValidator) url(path, text string) {
	if text == "" {
		return
	}
	if problem := urlProblem(text); problem != "" {
		v.add(path, "%s", problem)
	}
}

// urlProblem says what is wrong with a URL. It never repeats the URL: one with a password in it would then stand in
// the failure and in the logs.
func urlProblem(text string) string {
	if len(text) > maxURL {
		return "must have at most " + strconv.Itoa(maxURL) + " characters, has " + strconv.Itoa(len(text))
	}
	for _, r := range text {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return "must not contain spaces or control characters: write them percent-encoded"
		}
	}
	u, err := url.Parse(text)
	if err != nil { // its text repeats the URL
		return "is not a URL that can be read: write it as https://host/path"
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "must start with http:// or https://"
	case u.User != nil:
		return "must not contain a user name or password: it would stay readable in the run's history"
	case u.Hostname() == "":
		return "has no host: write it as https://host/path"
	case u.Port() != "" && !validPort(u.Port()):
		return "has a port that is not from 1 to 65535"
	case strings.Contains(text, "#"):
		return "must not contain a fragment: leave out \"#\" and what follows, it is never sent"
	default:
		return ""
	}
}

func validPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// addressProblem says what is wrong with the host:port of a tcp check.
func addressProblem(text string) string {
	const want = "must be host:port, such as web01.example.com:5432 or [2001:db8::1]:5432"
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return want
	}
	host, port := text[:colon], text[colon+1:]
	if !validPort(port) {
		return want + ", with a port from 1 to 65535"
	}
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		if !closed || err != nil || !ip.Is6() || ip.Zone() != "" { // a zone is a name on one machine
			return want + ": what stands in brackets is not an IPv6 address"
		}
		return ""
	}
	if !validHost(host) {
		return want + ": the host is not a name or an address"
	}
	return ""
}

// validHost accepts host names and IPv4 addresses. An international name is written in its ASCII form.
func validHost(host string) bool {
	if host == "" || len(host) > 253 || !isASCIIAlnum(host[0]) {
		return false
	}
	for i := range len(host) {
		if c := host[i]; !isASCIIAlnum(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// indexed is the path of a list's element.
func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
