package target

import (
	"fmt"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// valueOf is what a field becomes for a server. The second result says why the server has nothing that may be put in;
// empty means that it has.
//
// An IPv6 address is always put in brackets, because that is how it stands in a URL and in a host:port.
func valueOf(f field, s contract.Server) (value, problem string) {
	switch f {
	case fieldServerID:
		if s.ID < 1 {
			return "", fmt.Sprintf("the server's id %d is not above 0", s.ID)
		}
		return strconv.FormatInt(s.ID, 10), ""
	case fieldName:
		return word(s, "name", "Name", s.Name)
	case fieldHostname:
		return word(s, "hostname", "Hostname", s.Hostname)
	case fieldLocation:
		return word(s, "location", "Location", s.Location)
	case fieldIPAddress:
		return address(s)
	default: // not reached: parseText lets only these through
		return "", fmt.Sprintf("the field %q is not known", string(f))
	}
}

func address(s contract.Server) (value, problem string) {
	if s.IPAddress == "" {
		return "", none(s, "IP address", "IPAddress")
	}
	ip, err := netip.ParseAddr(s.IPAddress)
	if err != nil || ip.Zone() != "" { // a zone is a name on one machine
		return "", fmt.Sprintf("the IP address of server %d is not one: exclude the server, or use another field than {{.IPAddress}}", s.ID)
	}
	if ip = ip.Unmap(); ip.Is6() {
		return "[" + ip.String() + "]", ""
	}
	return ip.String(), ""
}

// word takes ^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$ and nothing else: such a text means the same in a URL, in an address,
// in a command line and in JSON, and can end none of them.
func word(s contract.Server, what, name, text string) (value, problem string) {
	if text == "" {
		return "", none(s, what, name)
	}
	if len(text) > contract.MaxServerText {
		return "", fmt.Sprintf("the %s of server %d has more than %d bytes%s", what, s.ID, contract.MaxServerText, mend(what, name))
	}
	for i, r := range text {
		alphanumeric := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		switch {
		case alphanumeric, i > 0 && (r == '.' || r == '_' || r == '-'):
		case i == 0 && (r == '.' || r == '_' || r == '-'):
			return "", fmt.Sprintf("the %s of server %d starts with %q, and must start with a letter or a digit%s", what, s.ID, r, mend(what, name))
		default:
			return "", fmt.Sprintf("the %s of server %d contains %s: put into a template it could change what the text means%s",
				what, s.ID, character(r), mend(what, name))
		}
	}
	return text, ""
}

func none(s contract.Server, what, name string) string {
	return fmt.Sprintf("server %d has no %s%s", s.ID, what, mend(what, name))
}

func mend(what, name string) string {
	return fmt.Sprintf(". Mend its %s at VPS.org (letters, digits, \".\", \"_\" and \"-\"), exclude the server, or use another field than {{.%s}}", what, name)
}

// character names one without writing it.
func character(r rune) string {
	switch r {
	case ' ':
		return "a space"
	case utf8.RuneError:
		return "bytes that are no text"
	default:
		return fmt.Sprintf("%U", r)
	}
}
