package config

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// bounds are wide on purpose: they catch a slip of the pen (a missing unit, a zero too many), not an opinion.
type bounds struct {
	least, most time.Duration
	example     string
}

var durationBounds = map[string]bounds{
	// A write must be answered within 30 seconds of its own anyhow; two minutes are for slow lists.
	"VPS_REQUEST_TIMEOUT": {10 * time.Millisecond, 2 * time.Minute, "30s"},
	// Snapshots take minutes: looking less often than every ten minutes would only make every wait longer.
	"VPS_POLL_INTERVAL": {10 * time.Millisecond, 10 * time.Minute, "10s"},
	// 0s trusts the API's lists to be current at once.
	"VPS_SETTLE": {0, time.Hour, "30s"},
}

// Requests a second: one in a hundred seconds to far more than the API can want.
const (
	leastRate = 0.01
	mostRate  = 10000
)

// maxTaskQueue leaves room for the "-wait" of the second queue below the server's limit of 1000.
const maxTaskQueue = 200

// wanted says what may stand in a variable.
func wanted(variable string) string {
	if b, ok := durationBounds[variable]; ok {
		return fmt.Sprintf("give a time from %s to %s, such as %s", contract.Duration(b.least), contract.Duration(b.most), b.example)
	}
	switch variable {
	case "VPS_RATE_LIMIT":
		return fmt.Sprintf("give a number of requests a second from %v to %v, such as 5", leastRate, mostRate)
	case "SAFEPOINT_LOG_LEVEL":
		return "give debug, info, warn or error"
	case "SAFEPOINT_LOG_FORMAT":
		return "give text or json"
	case "SAFEPOINT_LISTEN":
		return "give a host and a port, such as 127.0.0.1:9464"
	case "SAFEPOINT_VERSIONING_BEHAVIOR":
		return "give pinned or auto-upgrade"
	default: // the other variables are texts, which can always be read
		return "give another value"
	}
}

// check looks at everything that could be read.
func (p *problemSet) check(c Config) {
	p.checkToken(c)
	p.checkURL(c.APIURL)
	p.checkDuration("VPS_REQUEST_TIMEOUT", c.RequestTimeout)
	p.checkRate(c.RateLimit)
	p.checkDuration("VPS_POLL_INTERVAL", c.PollInterval)
	p.checkDuration("VPS_SETTLE", c.Settle)
	p.checkPowerPath(c.PowerPath)
	p.checkTaskQueue(c.TaskQueue)
	p.checkListen(c.Listen)
	if c.LogFormat != LogText && c.LogFormat != LogJSON {
		p.add("SAFEPOINT_LOG_FORMAT", quote(string(c.LogFormat))+" is not a format; "+wanted("SAFEPOINT_LOG_FORMAT"))
	}
}

func (p *problemSet) checkToken(c Config) {
	if p.has("VPS_API_TOKEN_FILE") {
		return // said already
	}
	name := "VPS_API_TOKEN"
	if c.APITokenFile != "" {
		name = "VPS_API_TOKEN_FILE"
	}
	token := c.APIToken.Reveal()
	switch {
	case token == "":
		p.add(name, "it is not set; make a token on the account's Developers page, or name a file that holds it in VPS_API_TOKEN_FILE")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		p.add(name, `the token holds a space, a line break or another character that no token has; copy it again, without "Bearer"`)
	default: // the client has the last word; its messages do not hold the token
		o := good()
		o.Token = token
		p.askClient(name, "", o)
	}
}

// checkURL never repeats the value: a URL may hold a password.
func (p *problemSet) checkURL(raw string) {
	const name = "VPS_API_URL"
	const example = "give one such as https://admin.vps.org/api/v1"
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		p.add(name, "it is not an absolute URL; "+example)
		return
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme != "http":
		p.add(name, "the scheme must be https; "+example)
	case !isLoopback(u.Hostname()):
		p.add(name, "plain http would send the token in clear text; use https (http is for a loopback host only)")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") {
		p.add(name, "take the user name, the query (from the ?) and the fragment (from the #) out; "+example)
	}
	o := good()
	o.BaseURL = raw
	p.askClient(name, "", o) // its messages do not repeat the value either
}

// isLoopback takes "localhost" at its word, as every HTTP tool does; other names are not resolved.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func (p *problemSet) checkDuration(name string, value time.Duration) {
	if b := durationBounds[name]; !p.has(name) && (value < b.least || value > b.most) {
		p.add(name, fmt.Sprintf("%s is out of bounds; %s", value, wanted(name)))
	}
}

func (p *problemSet) checkRate(value float64) {
	const name = "VPS_RATE_LIMIT"
	if !p.has(name) && (math.IsNaN(value) || value < leastRate || value > mostRate) {
		p.add(name, fmt.Sprintf("%v is out of bounds; %s", value, wanted(name)))
	}
}

// checkPowerPath leaves the judgement to the API's client, which is strict: the path must not lead anywhere else.
func (p *problemSet) checkPowerPath(value string) {
	o := good()
	o.PowerPath = value
	p.askClient("VPS_POWER_PATH", quote(value)+" cannot be used: ", o)
}

// good are options that the API's client takes. A check puts one value of the settings into them, so that what the
// client says is about that one.
func good() vpsorg.Options {
	return vpsorg.Options{BaseURL: "https://localhost", Token: "x"}
}

// askClient runs the client's own checks, unless the variable has a problem already. Nothing is contacted.
func (p *problemSet) askClient(name, start string, o vpsorg.Options) {
	if p.has(name) {
		return
	}
	if _, err := vpsorg.New(o); err != nil {
		p.add(name, start+strings.ReplaceAll(err.Error(), "\n", "; "))
	}
}

func (p *problemSet) checkTaskQueue(value string) {
	if len(value) > maxTaskQueue || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		p.add("SAFEPOINT_TASK_QUEUE", fmt.Sprintf("give a name of up to %d printable characters without spaces, such as safepoint", maxTaskQueue))
	}
}

// checkListen allows port 0: the system picks a free one, which tests use.
func (p *problemSet) checkListen(value string) {
	host, port, err := net.SplitHostPort(value)
	_, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || strings.ContainsAny(host, " /@") {
		p.add("SAFEPOINT_LISTEN", fmt.Sprintf("%s is not an address; %s", quote(value), wanted("SAFEPOINT_LISTEN")))
	}
}
