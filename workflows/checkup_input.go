package workflows

import (
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// CheckupInput is the one JSON object that starts Checkup; no input at all is one too.
type CheckupInput struct {
	// ServerID is the server that the checkup is about; without it all that the worker may touch.
	ServerID int64 `json:"server_id,omitempty"`
}

// exampleCheckup asks about one server.
const exampleCheckup = `{"server_id": 12345}`

// decodeCheckup reads and validates the input of Checkup. Nothing at all means {}.
func decodeCheckup(raw converter.RawValue) (CheckupInput, error) {
	encoding := string(raw.Payload().GetMetadata()[converter.MetadataEncoding])
	if raw.Payload() == nil || encoding == converter.MetadataEncodingNil {
		return CheckupInput{}, nil
	}
	return decodeInput(raw, CheckupInput{}, validateCheckup, exampleCheckup)
}

func validateCheckup(in *CheckupInput, decoded []strictjson.Problem) []strictjson.Problem {
	v := &inputValidator{decoded: decoded}
	if in.ServerID < 0 {
		v.add("server_id", "must be the server's number at VPS.org, got %d; leave it out for all of them", in.ServerID)
	}
	return v.problems
}
