package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf16"
)

// Dialect is the version of JSON Schema that is written.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// Schema is a JSON Schema, as far as inputs need one. The order of its fields is the order in which people read it.
type Schema struct {
	Dialect     string `json:"$schema,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	// Type is object, array, string, integer or boolean; empty where several fit.
	Type    string   `json:"type,omitempty"`
	Enum    []string `json:"enum,omitempty"`
	Const   any      `json:"const,omitempty"`
	Default any      `json:"default,omitempty"`

	Minimum   *int64 `json:"minimum,omitempty"`
	Maximum   *int64 `json:"maximum,omitempty"`
	MinLength *int   `json:"minLength,omitempty"`
	MaxLength *int   `json:"maxLength,omitempty"`
	// Pattern keeps to what RE2 and ECMA-262 both read, because editors and Go programs use it.
	Pattern string `json:"pattern,omitempty"`

	Items       *Schema `json:"items,omitempty"`
	MinItems    *int    `json:"minItems,omitempty"`
	MaxItems    *int    `json:"maxItems,omitempty"`
	UniqueItems bool    `json:"uniqueItems,omitempty"`

	Properties Properties `json:"properties,omitempty"`
	Required   []string   `json:"required,omitempty"`
	// AdditionalProperties is false for every object whose fields are known.
	AdditionalProperties *bool `json:"additionalProperties,omitempty"`

	AllOf []*Schema `json:"allOf,omitempty"`
	AnyOf []*Schema `json:"anyOf,omitempty"`
	OneOf []*Schema `json:"oneOf,omitempty"`
	Not   *Schema   `json:"not,omitempty"`
	If    *Schema   `json:"if,omitempty"`
	Then  *Schema   `json:"then,omitempty"`
	Else  *Schema   `json:"else,omitempty"`

	// never makes a schema that nothing fits.
	never bool
}

// MarshalJSON writes the schema that nothing fits as false.
func (s *Schema) MarshalJSON() ([]byte, error) {
	if s.never {
		return []byte("false"), nil
	}
	type plain Schema
	return unescaped((*plain)(s))
}

// Properties are an object's fields, in the order of the Go type.
type Properties []Property

// Property is one field.
type Property struct {
	Name   string
	Schema *Schema
}

// MarshalJSON writes an object whose fields keep their order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := unescaped(one.Schema)
		if err != nil {
			return nil, fmt.Errorf("write the schema of %s: %w", one.Name, err)
		}
		fmt.Fprintf(&b, "%q:%s", one.Name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Text is the schema as people read it.
func (s *Schema) Text() ([]byte, error) {
	raw, err := unescaped(s)
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// unescaped writes JSON without the escapes that only HTML needs: patterns are hard enough to read. What cannot be seen is
// escaped: a schema is printed on terminals, and the patterns hold such characters.
func unescaped(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return visible(bytes.TrimRight(b.Bytes(), "\n")), nil
}

// visible escapes what cannot be seen. In JSON it only stands inside of strings, where an escape says the same.
func visible(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, "\\u%04X", unit)
		}
	}
	return b.Bytes()
}

// field is a direct field of an object; nil when there is none.
func (s *Schema) field(name string) *Schema {
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	return nil
}

// at is a field below an object, by names; nil when there is none.
func (s *Schema) at(names ...string) *Schema {
	for _, name := range names {
		if s = s.field(name); s == nil {
			return nil
		}
	}
	return s
}

// without is the object without some of its fields.
func (s *Schema) without(names ...string) {
	for _, name := range names {
		for i, p := range s.Properties {
			if p.Name == name {
				s.Properties = append(s.Properties[:i:i], s.Properties[i+1:]...)
				break
			}
		}
		for i, required := range s.Required {
			if required == name {
				s.Required = append(s.Required[:i:i], s.Required[i+1:]...)
				break
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }
