package temporalclient

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// variablesOf returns the variable of every problem.
func variablesOf(t *testing.T, err error) []string {
	t.Helper()
	require.Error(t, err)
	var names []string
	var walk func(error)
	walk = func(err error) {
		var many interface{ Unwrap() []error }
		if errors.As(err, &many) {
			for _, one := range many.Unwrap() {
				walk(one)
			}
			return
		}
		var one *SettingsError
		require.ErrorAs(t, err, &one)
		names = append(names, one.Variable)
	}
	walk(err)
	return names
}

func TestWithoutSettingsTheLocalServerIsMeant(t *testing.T) {
	options, err := LoadOptions(LoadRequest{NoFile: true})
	require.NoError(t, err)
	assert.Equal(t, "localhost:7233", options.HostPort)
	assert.Equal(t, "default", options.Namespace)
	assert.Nil(t, options.ConnectionOptions.TLS)
}

func TestAnAPIKeyTurnsTLSOnAndTheVariableTurnsItOffAgain(t *testing.T) {
	options, err := LoadOptions(LoadRequest{NoFile: true, Environ: []string{"TEMPORAL_API_KEY=abc", "TEMPORAL_ADDRESS=eu.example.com:7233"}})
	require.NoError(t, err)
	assert.NotNil(t, options.ConnectionOptions.TLS)
	assert.NotNil(t, options.Credentials)

	options, err = LoadOptions(LoadRequest{NoFile: true, Environ: []string{"TEMPORAL_API_KEY=abc", "TEMPORAL_TLS=false"}})
	require.NoError(t, err)
	assert.Nil(t, options.ConnectionOptions.TLS)
	assert.True(t, options.ConnectionOptions.TLSDisabled)
}

func TestProblemsOfTheConnectionAreReportedAtOnceByName(t *testing.T) {
	_, err := LoadOptions(LoadRequest{NoFile: true, Environ: []string{
		"TEMPORAL_TLS=yes", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION=no", "TEMPORAL_ADDRESS=localhost",
		"TEMPORAL_API_KEY=key with spaces", "TEMPORAL_TLS_CLIENT_CERT_PATH=/nowhere/cert.pem", "TEMPORAL_TLS_CLIENT_KEY_PATH=/nowhere/key.pem",
	}})
	assert.Equal(t, []string{"TEMPORAL_TLS", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "TEMPORAL_ADDRESS", "TEMPORAL_API_KEY", "TEMPORAL_TLS_*"},
		variablesOf(t, err))
	assert.NotContains(t, err.Error(), "key with spaces")
}

func TestAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"localhost:7233": true, "[::1]:7233": true, "dns:///temporal:7233": true, "": true,
		"localhost": false, "https://localhost:7233": false, "localhost:": false, "a:b:c": false,
	} {
		_, err := LoadOptions(LoadRequest{NoFile: true, Environ: []string{"TEMPORAL_ADDRESS=" + address}})
		assert.Equal(t, good, err == nil, "%q: %v", address, err)
	}
}

func TestAProfileOfTheConfigFileIsUsedAndAnUnknownOneIsAProblem(t *testing.T) {
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.prod]\naddress = \"prod.example.com:7233\"\nnamespace = \"ops\"\n"), 0o600))
	options, err := LoadOptions(LoadRequest{Environ: []string{"TEMPORAL_CONFIG_FILE=" + file, "TEMPORAL_PROFILE=prod"}})
	require.NoError(t, err)
	assert.Equal(t, "prod.example.com:7233", options.HostPort)
	assert.Equal(t, "ops", options.Namespace)

	_, err = LoadOptions(LoadRequest{Environ: []string{"TEMPORAL_CONFIG_FILE=" + file, "TEMPORAL_PROFILE=staging"}})
	assert.Equal(t, []string{"TEMPORAL_PROFILE"}, variablesOf(t, err))
	assert.ErrorContains(t, err, "staging")
}

func TestAConfigFileThatCannotBeReadIsAProblemThatShowsNoSecret(t *testing.T) {
	_, err := LoadOptions(LoadRequest{Environ: []string{"TEMPORAL_CONFIG_FILE=/nowhere/temporal.toml"}})
	assert.Equal(t, []string{"TEMPORAL_CONFIG_FILE"}, variablesOf(t, err), "envconfig alone would silently use localhost")

	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.default]\napi_key = topsecret\n"), 0o600))
	_, err = LoadOptions(LoadRequest{Environ: []string{"TEMPORAL_CONFIG_FILE=" + file}})
	assert.Equal(t, []string{"TEMPORAL_CONFIG_FILE"}, variablesOf(t, err))
	assert.ErrorContains(t, err, "line 2")
	assert.NotContains(t, err.Error(), "topsecret")
}
