package schedule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Difference is one value that is not as the file says.
type Difference struct {
	// Path is where in the file, such as "input.policy.keep_last".
	Path string `json:"path"`
	// Old and New are JSON; empty where there is none.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// differences compares two settings value by value, in the order of their paths. The order of an object's fields and the
// spelling of a text do not count, the digits of a number do.
func differences(old, wanted settings) ([]Difference, error) {
	before, err := flatten(old)
	if err != nil {
		return nil, err
	}
	after, err := flatten(wanted)
	if err != nil {
		return nil, err
	}
	paths := maps.Clone(before)
	maps.Copy(paths, after)
	var all []Difference
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if before[path] != after[path] {
			all = append(all, Difference{Path: path, Old: before[path], New: after[path]})
		}
	}
	return all, nil
}

// flatten writes settings as their JSON leaves by path.
func flatten(s settings) (map[string]string, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("compare the schedules: %w", err)
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // an id must not lose digits
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("compare the schedules: %w", err)
	}
	leaves := map[string]string{}
	collect(leaves, "", tree)
	return leaves, nil
}

func collect(leaves map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			collect(leaves, join(path, name), inner)
		}
		if len(v) == 0 {
			leaves[path] = "{}"
		}
	case []any:
		for i, inner := range v {
			collect(leaves, fmt.Sprintf("%s[%d]", path, i), inner)
		}
		if len(v) == 0 {
			leaves[path] = "[]"
		}
	case nil: // the same as not given
	default: // text, number, bool
		data, err := json.Marshal(v)
		if err != nil {
			data = []byte(fmt.Sprint(v)) // not reached: it came out of JSON
		}
		leaves[path] = string(data)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
