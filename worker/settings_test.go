package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEverySettingThatCannotBeUsedIsNamedAtOnceWhoeverFindsIt(t *testing.T) {
	_, err := loadSettings([]string{
		"TEMPORAL_CONFIG_FILE=/dev/null", "TEMPORAL_TLS_CLIENT_CERT_PATH=/nowhere",
		"VPS_POWER_PATH=/../{server_id}/{action}/", "VPS_API_URL=https://example.com:99999", "VPS_SETTLE=soon",
	}, io.Discard)
	require.Error(t, err)
	for _, variable := range []string{"TEMPORAL_TLS_CLIENT_KEY_PATH: ", "VPS_POWER_PATH: ", "VPS_API_URL: ", "VPS_SETTLE: ", "VPS_API_TOKEN: "} {
		assert.ErrorContains(t, err, variable)
	}
}
