package api

import (
	"reflect"
	"strings"
	"time"

	"reconciler/desired"
	"reconciler/engine"
	"reconciler/reconcile"
	"reconciler/reconcile/plan"
)

// schema is a JSON Schema as OpenAPI 3.0 has it.
type schema map[string]any

// oneOf is a body that is of one of these types.
type oneOf []any

// The schemas of what isn't a Go type.
var (
	stateSchema  = enum(desired.States())
	statusSchema = enum(plan.Statuses())
	fileSchema   = schema{"type": "object", "description": "the document as GET /v1/schema describes it"}
)

// problemTypes are the types of problems, a closed set.
var problemTypes = []string{
	"busy", "by_file_only", "credentials_in_query", "engine_unavailable", "forwarded", "host", "internal", "invalid_state", "malformed",
	"media_type", "method_not_allowed", "no_host", "no_space", "not_acceptable", "not_alive", "not_found", "origin", "query",
	"reason", "refused", "role", "stale", "state_blocked", "state_invalid", "state_owner", "state_read_only", "state_shape",
	"state_unheld", "tokens_unreadable",
	"too_large", "too_many_failures", "too_many_logs", "too_many_streams", "transfer_encoding", "unauthorized", "unknown_container",
	"unknown_group", "unknown_revision", "unknown_service", "unsuitable_state",
}

// closed are the types that are closed sets of words.
var closed = map[reflect.Type]schema{
	reflect.TypeFor[desired.State]():     stateSchema,
	reflect.TypeFor[plan.Status]():       statusSchema,
	reflect.TypeFor[engine.Verb]():       enum(engine.Verbs()),
	reflect.TypeFor[plan.Cause]():        enum(plan.Causes()),
	reflect.TypeFor[reconcile.Kind]():    enum(reconcile.Kinds()),
	reflect.TypeFor[reconcile.Outcome](): enum(reconcile.Outcomes()),
	reflect.TypeFor[reconcile.Trigger](): enum(reconcile.Triggers()),
	reflect.TypeFor[engine.State]():      enum(engine.States()),
	reflect.TypeFor[engine.Health]():     enum(engine.Healths()),
}

// words are the fields whose type says less than what they hold, by type and
// JSON name.
var words = map[string]schema{
	"Service.desired":      stateSchema,
	"Service.definition":   enum([]string{"none", "assumed", "matches", "differs"}),
	"ServicePlan.desired":  stateSchema,
	"Condition.type":       enum([]string{reconcile.Ready, reconcile.Reconciling, reconcile.Stalled}),
	"Condition.status":     enum([]string{"True", "False"}),
	"Revision.kind":        enum([]string{desired.KindState}),
	"problem.type":         enum(problemTypes),
	"serviceBody.replicas": {"type": "integer", "minimum": 1, "maximum": 1000},
	"Problem.line":         {"type": "integer", "minimum": 1},
	"Problem.column":       {"type": "integer", "minimum": 1},
}

func enum[T ~string](set []T) schema {
	all := make([]string, len(set))
	for i, w := range set {
		all[i] = string(w)
	}
	return schema{"type": "string", "enum": all}
}

// schemas makes schemas of Go types, and keeps those of structs by their name.
type schemas map[string]any

// of returns the schema of the value's type; nil: text.
func (s schemas) of(v any) schema {
	switch v := v.(type) {
	case nil:
		return schema{"type": "string"}
	case schema:
		return v
	case oneOf:
		var all []schema
		for _, one := range v {
			all = append(all, s.of(one))
		}
		return schema{"oneOf": all}
	}
	return s.reflect(reflect.TypeOf(v))
}

func (s schemas) reflect(t reflect.Type) schema {
	if set, ok := closed[t]; ok {
		return set
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.reflect(t.Elem()))
	case reflect.Slice:
		return schema{"type": "array", "items": s.reflect(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.reflect(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer", "format": "int64"}
	case reflect.String:
		return schema{"type": "string"}
	}
	if t == reflect.TypeFor[time.Time]() {
		return schema{"type": "string", "format": "date-time"}
	}
	return s.named(t)
}

// nullable is the schema, or null.
func nullable(of schema) schema {
	if _, ref := of["$ref"]; ref {
		return schema{"allOf": []schema{of}, "nullable": true} // beside a $ref nothing counts
	}
	return schema{"type": of["type"], "format": of["format"], "nullable": true}.trimmed()
}

// trimmed leaves out what isn't said.
func (s schema) trimmed() schema {
	for key, value := range s {
		if value == nil {
			delete(s, key)
		}
	}
	return s
}

// named refers to the schema of a struct, which is made once.
func (s schemas) named(t reflect.Type) schema {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if t == reflect.TypeFor[problem]() {
		name = "Refusal" // desired.Problem is one of its errors
	}
	if _, known := s[name]; !known {
		s[name] = schema{} // ends the recursion of a type that holds itself
		s[name] = s.object(t)
	}
	return schema{"$ref": "#/components/schemas/" + name}
}

// object is the schema of a struct as encoding/json writes it: what is always
// there is required, and nothing else is there.
func (s schemas) object(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		name, option, _ := strings.Cut(tag, ",")
		if f.Anonymous || !f.IsExported() || name == "-" || name == "" {
			continue // the fields of one that is embedded are visible themselves
		}
		if said, ok := words[owner(t, f)+"."+name]; ok {
			properties[name] = said
		} else {
			properties[name] = s.reflect(f.Type)
		}
		if option != "omitempty" {
			required = append(required, name)
		}
	}
	return schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// owner is the name of the struct in which the field stands, t or one that it
// embeds.
func owner(t reflect.Type, f reflect.StructField) string {
	for _, i := range f.Index[:len(f.Index)-1] {
		t = t.Field(i).Type
	}
	return t.Name()
}
