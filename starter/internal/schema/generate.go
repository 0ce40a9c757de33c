package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/schedule"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Schedule is the kind of a schedule file, beside the runbooks' workflow types.
const Schedule = "Schedule"

// source is where the schema of a kind comes from.
type source struct {
	kind  string
	goes  reflect.Type
	adapt func(*Schema)
}

// sourcesOfKinds are in the order of workflows.Runbooks; the schedule file is last.
func sourcesOfKinds() []source {
	return []source{
		{workflows.TypeSnapshotUpdateVerify, reflect.TypeFor[workflows.SnapshotUpdateVerifyInput](), adaptUpdate},
		{workflows.TypeRollbackByRestore, reflect.TypeFor[workflows.RollbackByRestoreInput](), adaptRollback},
		{workflows.TypeSnapshotRotation, reflect.TypeFor[workflows.SnapshotRotationInput](), adaptRotation},
		{workflows.TypeFleetUpdate, reflect.TypeFor[workflows.FleetUpdateInput](), adaptFleet},
		{workflows.TypeSnapshotAudit, reflect.TypeFor[workflows.SnapshotAuditInput](), adaptAudit},
		{Schedule, reflect.TypeFor[schedule.File](), adaptSchedule},
	}
}

// Kinds are what there are schemas of: the runbooks that people start, and Schedule.
func Kinds() []string {
	var kinds []string
	for _, s := range sourcesOfKinds() {
		kinds = append(kinds, s.kind)
	}
	return kinds
}

// For is the schema of a runbook's input, by its workflow type, or of a schedule file. The error names what there is.
func For(kind string) (*Schema, error) {
	all := sourcesOfKinds()
	at := slices.IndexFunc(all, func(s source) bool { return s.kind == kind })
	if at < 0 {
		return nil, fmt.Errorf("there is no schema of %q: name one of %s", kind, strings.Join(Kinds(), ", "))
	}
	s, err := inputOf(all[at])
	if err != nil {
		return nil, err
	}
	s.Dialect, s.Title = Dialect, kind
	return s, nil
}

// inputOf makes the schema of one kind.
func inputOf(from source) (*Schema, error) {
	w, err := sources()
	if err != nil {
		return nil, fmt.Errorf("read the words of the schemas, which are part of this program: %w", err)
	}
	s := generator{words: w}.object(from.goes)
	s.Description = renamed(w.Comments[typeName(from.goes)], map[string]string{from.goes.Name(): "This"})
	from.adapt(s)
	return s, nil
}

// generator makes schemas of Go types.
type generator struct{ words words }

var (
	durationType = reflect.TypeFor[contract.Duration]()
	amountType   = reflect.TypeFor[workflows.Amount]()
	choiceType   = reflect.TypeFor[workflows.SnapshotChoice]()
	timeType     = reflect.TypeFor[time.Time]()
	rawType      = reflect.TypeFor[json.RawMessage]()
)

// object is the schema of a struct. Fields that are not known are refused, as the runbooks do.
func (g generator) object(t reflect.Type) *Schema {
	s := &Schema{Type: "object", AdditionalProperties: ptr(false)}
	for i := range t.NumField() {
		field := t.Field(i)
		name := jsonName(field)
		if name == "" {
			continue
		}
		one := g.value(field.Type)
		one.Description = g.words.comment(t, field)
		rule := rules[t.Name()+"."+name]
		for _, set := range rule.sets {
			set(one)
		}
		if rule.required {
			s.Required = append(s.Required, name)
		}
		s.Properties = append(s.Properties, Property{name, one})
	}
	if across := acrossFields[typeName(t)]; across != nil {
		across(s)
	}
	return s
}

// value is the schema of a type, without what the rules say of the field that has it. A type of Go that inputs do not use
// is a mistake in the program, which the tests find: it gets the schema that nothing fits.
func (g generator) value(t reflect.Type) *Schema {
	switch t {
	case durationType:
		return &Schema{Type: "string", Pattern: durationPattern}
	case amountType:
		return &Schema{AnyOf: []*Schema{{Type: "integer"}, {Type: "string"}}}
	case choiceType:
		return snapshotChoice()
	case timeType:
		return &Schema{Type: "string", Pattern: momentPattern}
	case rawType:
		return &Schema{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.value(t.Elem())
	case reflect.Struct:
		return g.object(t)
	case reflect.Slice:
		return &Schema{Type: "array", Items: g.value(t.Elem())}
	case reflect.String:
		return &Schema{Type: "string", Enum: g.words.Constants[typeName(t)]}
	case reflect.Bool:
		return &Schema{Type: "boolean", Default: false}
	case reflect.Int, reflect.Int64:
		return &Schema{Type: "integer"}
	default: // no input has one
		return &Schema{never: true}
	}
}
