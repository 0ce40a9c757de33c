package config

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// LogFormat is how log lines are written.
type LogFormat string

const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Config holds every setting of the worker. The defaults live in its tags and nowhere else; a variable that is set to
// nothing counts as not set, because compose files and CI systems cannot leave one out.
type Config struct {
	// APIToken is sent to the API only. It comes from VPS_API_TOKEN or from the file that VPS_API_TOKEN_FILE names.
	APIToken     Token  `env:"VPS_API_TOKEN" help:"API token, made on the account's Developers page (required)"`
	APITokenFile string `env:"VPS_API_TOKEN_FILE" help:"file that holds the API token, instead of VPS_API_TOKEN"`
	APIURL       string `env:"VPS_API_URL" envDefault:"https://admin.vps.org/api/v1" help:"base URL of the API; plain http for a loopback host only"`
	// RequestTimeout bounds one request to the API, answer included.
	RequestTimeout time.Duration `env:"VPS_REQUEST_TIMEOUT" envDefault:"30s" help:"longest time one API request may take"`
	// RateLimit is in requests a second, shared by everything in the process.
	RateLimit float64 `env:"VPS_RATE_LIMIT" envDefault:"5" help:"API requests a second, for the whole worker"`
	// PollInterval passes between two looks at the API while something is waited for.
	PollInterval time.Duration `env:"VPS_POLL_INTERVAL" envDefault:"10s" help:"time between two looks while something is waited for"`
	// Settle is how far the API's lists and statuses may lag behind its answers.
	Settle time.Duration `env:"VPS_SETTLE" envDefault:"30s" help:"how far the API's lists may lag behind its answers"`
	// PowerPath is a setting because the vendor's paths of the power actions are assumed, not known.
	PowerPath string `env:"VPS_POWER_PATH" envDefault:"/servers/{server_id}/{action}/" help:"path of the power actions below the base URL"`

	TaskQueue string `env:"SAFEPOINT_TASK_QUEUE" envDefault:"safepoint" help:"Temporal task queue; long waits use <queue>-wait"`
	// Listen is where /healthz and /readyz are served. Loopback by default: nobody else needs them.
	Listen    string     `env:"SAFEPOINT_LISTEN" envDefault:"127.0.0.1:9464" help:"address of /healthz and /readyz"`
	LogLevel  slog.Level `env:"SAFEPOINT_LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
	LogFormat LogFormat  `env:"SAFEPOINT_LOG_FORMAT" envDefault:"text" help:"text or json"`

	// AllowServers, AllowURLs and AllowSSH bound what the runbooks of this worker may reach: whoever may start workflows
	// must not get the worker's network or keys by it. See Servers and internal/egress for what an entry may be.
	AllowServers []string `env:"SAFEPOINT_ALLOW_SERVERS" help:"server ids and ranges such as 12345,200-299; empty allows all of the account"`
	AllowURLs    []string `env:"SAFEPOINT_ALLOW_URLS" help:"URLs, hosts, *.globs, IPs and CIDRs of checks and webhooks; empty allows public addresses"`
	AllowSSH     []string `env:"SAFEPOINT_ALLOW_SSH" help:"hosts, host:ports, *.globs, IPs and CIDRs of ssh; empty turns ssh off"`
	// SSHKeyFile and SSHKnownHosts are paths. Both are needed, and looked at, only when AllowSSH is set.
	SSHKeyFile    string `env:"SAFEPOINT_SSH_KEY_FILE" help:"private key of ssh, readable by the worker's user only"`
	SSHUser       string `env:"SAFEPOINT_SSH_USER" envDefault:"root" help:"user of ssh"`
	SSHKnownHosts string `env:"SAFEPOINT_SSH_KNOWN_HOSTS" help:"known_hosts file of ssh"`

	// DeploymentName and BuildID turn worker versioning on: both are set, or neither. See Versioned.
	DeploymentName     string             `env:"SAFEPOINT_DEPLOYMENT_NAME" help:"Worker Deployment of this worker; turns worker versioning on, with SAFEPOINT_BUILD_ID"`
	BuildID            string             `env:"SAFEPOINT_BUILD_ID" help:"build of this worker in its Worker Deployment, another for each change of its code"`
	VersioningBehavior VersioningBehavior `env:"SAFEPOINT_VERSIONING_BEHAVIOR" envDefault:"pinned" help:"pinned or auto-upgrade: where a run goes on when another build becomes current"`

	// Warnings are about variables that look like settings of the worker and are none. They do not stop it: another
	// program may own them.
	Warnings []string `env:"-"`
}

// Load reads the settings from environ, which has the form of os.Environ. The error is an *Error with every problem;
// the Config it comes with is good for its Warnings only.
func Load(environ []string) (Config, error) {
	values := toMap(environ)
	var c Config
	problems := parse(&c, values)
	problems.loadTokenFile(&c)
	c.AllowServers, c.AllowURLs, c.AllowSSH = entries(c.AllowServers), entries(c.AllowURLs), entries(c.AllowSSH)
	problems.check(c)
	problems.checkPolicy(c)
	problems.checkVersioning(c)
	for _, warning := range append(unknownVariables(values), sshOffWarnings(c)...) {
		c.Warnings = append(c.Warnings, c.APIToken.blank(warning)) // it may stand in a name, too
	}
	return c, problems.err(c.APIToken)
}

// ListenAddress reads only SAFEPOINT_LISTEN: a health probe must not need the token.
func ListenAddress(environ []string) (string, error) {
	var c Config
	parse(&c, toMap(environ)) // the problems of other variables are for Load
	var problems problemSet
	problems.checkListen(c.Listen)
	return c.Listen, problems.err(c.APIToken)
}

// Usage lists every variable with its default, one a line.
func Usage() string {
	var b strings.Builder
	for field := range reflect.TypeFor[Config]().Fields() {
		name := field.Tag.Get("env")
		if name == "-" {
			continue
		}
		b.WriteString("  " + name + strings.Repeat(" ", max(1, 31-len(name))) + field.Tag.Get("help"))
		if value := field.Tag.Get("envDefault"); value != "" {
			b.WriteString(" (" + value + ")")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// parse fills c and returns what could not be read, by variable.
func parse(c *Config, values map[string]string) *problemSet {
	problems := &problemSet{}
	err := env.ParseWithOptions(c, env.Options{Environment: values})
	if err == nil {
		return problems
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		problems.add("settings", "they cannot be read: "+err.Error())
		return problems
	}
	for _, one := range all.Errors {
		var bad env.ParseError
		if !errors.As(one, &bad) {
			problems.add("settings", "they cannot be read: "+one.Error())
			continue
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(bad.Name)
		name := field.Tag.Get("env")
		problems.add(name, quote(values[name])+" cannot be read; "+wanted(name))
	}
	return problems
}

func toMap(environ []string) map[string]string {
	values := make(map[string]string, len(environ))
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok {
			values[name] = value
		}
	}
	return values
}
