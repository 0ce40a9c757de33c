package vpsorg

import "encoding/json"

// unwrap takes the object that an answer is about out of an envelope such as {"status": "success", "snapshot": {...}}:
// the restore's answer is known to have one, the shapes of a create's and of a single server's are not known. An answer
// with an id of its own is the object itself. Where the envelope holds the object's server beside it, as the restore's
// does, the two are put together.
func unwrap(raw json.RawMessage, key string) json.RawMessage {
	var envelope map[string]json.RawMessage
	if json.Unmarshal(raw, &envelope) != nil || envelope["id"] != nil {
		return raw
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(envelope[key], &inner) != nil || inner == nil {
		return raw
	}
	if server := envelope["server"]; key != "server" && inner["server"] == nil && server != nil {
		inner["server"] = server
	}
	joined, err := json.Marshal(inner)
	if err != nil {
		return raw // the caller finds it malformed
	}
	return joined
}
