package temporalclient

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestHalfAPairOfCertificateAndKeyNamesBothVariables(t *testing.T) {
	for set, missing := range map[string]string{
		"TEMPORAL_TLS_CLIENT_CERT_PATH": "TEMPORAL_TLS_CLIENT_KEY_PATH",
		"TEMPORAL_TLS_CLIENT_KEY_PATH":  "TEMPORAL_TLS_CLIENT_CERT_PATH",
		"TEMPORAL_TLS_CLIENT_CERT_DATA": "TEMPORAL_TLS_CLIENT_KEY_DATA",
		"TEMPORAL_TLS_CLIENT_KEY_DATA":  "TEMPORAL_TLS_CLIENT_CERT_DATA",
	} {
		_, err := LoadOptions(LoadRequest{NoFile: true, Environ: []string{set + "=/nowhere"}})
		assert.EqualError(t, err, missing+": it is not set, but "+set+" is; give both, or neither")
	}
}

func TestADefiniteNoIsToldFromAnOutage(t *testing.T) {
	for _, no := range []error{
		serviceerror.NewPermissionDenied("no", ""), serviceerror.NewNamespaceNotFound("prod"), status.Error(codes.Unauthenticated, "no"),
	} {
		assert.True(t, Refused(no), "%v", no)
	}
	for _, other := range []error{nil, serviceerror.NewUnavailable("away"), serviceerror.NewNotFound("no such run"), status.Error(codes.DeadlineExceeded, "slow")} {
		assert.False(t, Refused(other), "%v", other)
	}
}
