package temporalclient

import (
	"errors"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
)

// Refused says whether an answer of Temporal is a definite no that neither waiting nor another try can change: wrong
// credentials, or a namespace that does not exist.
func Refused(err error) bool {
	var namespace *serviceerror.NamespaceNotFound
	return err != nil && (errors.As(err, &namespace) || isDenied(err))
}

// Unusable says whether a failed dial never got as far as the network: the settings themselves cannot be used.
func Unusable(err error) bool { return hasCode(err, codes.Unknown) }
