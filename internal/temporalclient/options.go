package temporalclient

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// SettingsError is a TEMPORAL_* variable, or the file or profile it names, that cannot be used. Waiting does not help.
type SettingsError struct {
	Variable string
	Text     string
}

// Error names the variable and what to write instead.
func (e *SettingsError) Error() string { return e.Variable + ": " + e.Text }

// LoadRequest says where the settings come from.
type LoadRequest struct {
	// Environ has the form of os.Environ.
	Environ []string
	// NoFile leaves out the temporal.toml in the user's config folder, which is otherwise read silently. For tests.
	NoFile bool
}

// LoadOptions reads the connection settings from TEMPORAL_* variables and the config file, exactly as the temporal CLI
// does. Every problem is reported at once, each as a *SettingsError. Nothing is contacted.
func LoadOptions(request LoadRequest) (client.Options, error) {
	env := lookup(request.Environ)
	problems := checkVariables(env)
	profile, err := loadProfile(env, request.NoFile)
	if err != nil {
		return client.Options{}, errors.Join(append(problems, err)...)
	}
	if err := checkAddress(profile.Address); err != nil {
		problems = append(problems, err)
	}
	if strings.ContainsFunc(profile.APIKey, unprintable) {
		problems = append(problems, &SettingsError{"TEMPORAL_API_KEY",
			"the key holds a space, a line break or another character no key has; copy it again"})
	}
	halves := checkPairs(profile.TLS)
	problems = append(problems, halves...)
	options, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil && len(halves) == 0 {
		// What goes wrong here are certificates and keys. The text names files and never holds their content.
		problems = append(problems, &SettingsError{"TEMPORAL_TLS_*", err.Error()})
	}
	if err := errors.Join(problems...); err != nil {
		return client.Options{}, err
	}
	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	if config := options.ConnectionOptions.TLS; config != nil && config.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS12
	}
	return options, nil
}

// checkVariables finds what envconfig would silently ignore: a worker that talks in clear text because of
// TEMPORAL_TLS=yes, or to localhost because its config file is gone, is worse than one that does not start.
func checkVariables(env lookup) []error {
	var problems []error
	for _, name := range []string{"TEMPORAL_TLS", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION"} {
		value, set := env.LookupEnv(name)
		if set && value != "" && !slices.Contains([]string{"0", "1", "true", "false"}, strings.ToLower(value)) {
			problems = append(problems, &SettingsError{name, fmt.Sprintf("%q is neither yes nor no; give true or false", value)})
		}
	}
	if path, _ := env.LookupEnv("TEMPORAL_CONFIG_FILE"); path != "" {
		if _, err := os.Stat(path); err != nil {
			problems = append(problems, &SettingsError{"TEMPORAL_CONFIG_FILE",
				err.Error() + "; name a file that this user may read, or unset it"})
		}
	}
	return problems
}

// loadProfile reads the file first and alone, so that a problem can be told apart from an unknown profile by where it
// came from and not by its text.
func loadProfile(env lookup, noFile bool) (envconfig.ClientConfigProfile, error) {
	if !noFile {
		if _, err := envconfig.LoadClientConfig(envconfig.LoadClientConfigOptions{EnvLookup: env}); err != nil {
			return envconfig.ClientConfigProfile{}, &SettingsError{"TEMPORAL_CONFIG_FILE",
				"the file cannot be read as a Temporal config" + tomlPlace(err) + "; mend it, or name another one"}
		}
	}
	profile, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: env, DisableFile: noFile})
	if err != nil {
		return envconfig.ClientConfigProfile{}, &SettingsError{"TEMPORAL_PROFILE",
			err.Error() + "; name a profile of the config file, or unset it"}
	}
	return profile, nil
}

var tomlPosition = regexp.MustCompile(`line \d+( \(last key "[\w.-]+"\))?`)

// tomlPlace takes only the place out of a parser's message, whose rest may repeat an API key.
func tomlPlace(err error) string {
	if place := tomlPosition.FindString(err.Error()); place != "" {
		return " at " + place
	}
	return ""
}

// checkPairs finds a client certificate without its key and the other way round.
func checkPairs(tls *envconfig.ClientConfigTLS) []error {
	if tls == nil || tls.Disabled {
		return nil
	}
	var problems []error
	half := func(have, missing string) {
		problems = append(problems, &SettingsError{missing, "it is not set, but " + have + " is; give both, or neither"})
	}
	for _, pair := range []struct {
		suffix    string
		cert, key bool
	}{
		{"_PATH", tls.ClientCertPath != "", tls.ClientKeyPath != ""},
		{"_DATA", len(tls.ClientCertData) > 0, len(tls.ClientKeyData) > 0},
	} {
		cert, key := "TEMPORAL_TLS_CLIENT_CERT"+pair.suffix, "TEMPORAL_TLS_CLIENT_KEY"+pair.suffix
		switch {
		case pair.cert && !pair.key:
			half(cert, key)
		case pair.key && !pair.cert:
			half(key, cert)
		}
	}
	return problems
}

// checkAddress lets a target with a scheme (dns:///host:7233) through: that is gRPC's own business.
func checkAddress(address string) error {
	if address == "" || strings.Contains(address, ":///") {
		return nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" || strings.Contains(address, "/") {
		return &SettingsError{"TEMPORAL_ADDRESS",
			fmt.Sprintf("%q is not an address; give a host and a port without a scheme, such as localhost:7233", address)}
	}
	return nil
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }

// lookup is an environment of the form of os.Environ. As with a process, the last entry of a name counts.
type lookup []string

func (l lookup) Environ() []string { return l }

func (l lookup) LookupEnv(name string) (string, bool) {
	for _, entry := range slices.Backward(l) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
