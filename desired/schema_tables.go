package desired

// The keys of the file, by place: what the schema says of them, and with their
// names what the parser knows.

const nameError = "a name is 1 to 63 of a-z 0-9 _ . - and begins with a letter or digit"

var (
	one, most, none = 1, maxReplicas, 0

	// The file may say a name that YAML reads as a number: a service called 7.
	nameSchema = jsonSchema{Type: types{"string", "integer"}, Pattern: nameForm.String(), PatternError: nameError, Minimum: &none}
	textSchema = jsonSchema{Type: types{"string", "number"}, Pattern: `^[^\x00-\x1f\x7f-\x9f]*$`, PatternError: lineForm}
	standard   = defaultService("")
)

var documentTable = keys{
	{"version", jsonSchema{Description: "The version of this format: 1.", Type: types{"integer"}, Const: 1}},
	{"project", nameSchema.saying("The Compose project: `docker compose ls` lists them. It is read when reconciler starts.")},
	// compose comes here once it is supported. Until then the parser refuses it
	// in its own words.
	{"container_name", jsonSchema{
		Description: "How containers that were made by hand are called; {service} stands for compose_service.",
		Type:        types{"string"}, Pattern: `^([a-zA-Z0-9][a-zA-Z0-9_.-]*)?[{]service[}][a-zA-Z0-9_.-]*$`,
		PatternError: "a container's name with {service} in it once", Examples: []any{"tg2em-{service}"},
	}},
	{"groups", jsonSchema{
		Description: "Sets of services, to be flipped together.", Type: types{"object"}, Names: &nameSchema,
		Additional: &jsonSchema{
			Description: "The services of the group.", Type: types{"array"}, UniqueItems: true, Items: &nameSchema, Examples: []any{[]string{"web", "db"}},
		},
	}},
	{"defaults", object("What holds for each service that doesn't say otherwise itself.", settingsTable)},
	{"services", jsonSchema{
		Description: "What each service should be. One that is not listed is never touched.", Type: types{"object"}, Names: &nameSchema,
		Additional: &jsonSchema{AnyOf: []jsonSchema{shortForm, longForm}},
	}},
}

// serviceStates are the states that this version accepts. Absent comes here
// once there are definitions; until then the parser refuses it.
var serviceStates = []State{Running, Stopped, Completed}

var shortForm = jsonSchema{
	Title:       "the state",
	Description: "running, stopped, or completed: a job, which runs until it exits with 0.",
	Type:        types{"string"}, Enum: wordsOf(serviceStates),
}

// longForm is a service in the long form, with what its keys say of each other.
var longForm = jsonSchema{
	Title: "the state and more", Type: types{"object"}, Required: []string{"state"},
	Properties: serviceTable, Additional: &never,
	AllOf: []jsonSchema{
		{
			If:   &jsonSchema{Required: []string{"job"}, Properties: keys{{"job", jsonSchema{Const: true}}}},
			Then: &jsonSchema{Properties: keys{{"state", jsonSchema{Enum: []string{"completed", "stopped"}}}, {"replicas", never}}},
			Else: &jsonSchema{Properties: keys{{"state", jsonSchema{Enum: []string{"running", "stopped"}}}}},
		},
		{
			If:   &jsonSchema{Required: []string{"container"}},
			Then: &jsonSchema{Properties: keys{{"replicas", jsonSchema{Maximum: &one}}}},
		},
	},
}

var serviceTable = append(keys{
	{"state", jsonSchema{
		Description: "What it should be: running or stopped; a job: completed (run until it exits with 0) or stopped.",
		Type:        types{"string"}, Enum: wordsOf(serviceStates),
	}},
	{"job", jsonSchema{Description: "Whether it runs to completion.", Type: types{"boolean"}}},
	{"compose_service", nameSchema.saying("Its name in Compose's labels and in container_name. Default: the same name.")},
	{"container", jsonSchema{
		Description: "The name of the one container that it is. Default: found by Compose's labels and by name.",
		Type:        types{"string"}, Pattern: containerForm.String(), PatternError: "no name that a container can have",
	}},
	{"suspend", jsonSchema{
		Description: "Nothing is done to it as long as this holds; its status is still told.",
		AnyOf: []jsonSchema{
			{Title: "until resumed", Type: types{"boolean"}},
			object("", suspendTable),
		},
	}},
}, settingsTable...)

var settingsTable = keys{
	{"replicas", jsonSchema{
		Description: "How many containers of it should run. Default: as many as ran when it was first observed; none ran: as many as there are.",
		Type:        types{"integer"}, Minimum: &one, Maximum: &most,
	}},
	{"on_unhealthy", word(unhealthyChoices, "What to do with a container that was healthy once and stays unhealthy.")},
	{"unhealthy_grace", lasting(standard.UnhealthyGrace, "How long a container may be unhealthy before it is restarted.")},
	{"on_paused", word(pausedChoices, "What to do with a container that somebody paused.")},
	{"settle", lasting(standard.Settle, "How long to wait after somebody else stopped or created a container.")},
	{"restart_backoff", object("How fast a crashing container is started again: the first time at once.", backoffTable)},
	{"retry", object("How fast a failed call is tried again.", retryTable)},
	{"stop_grace_period", lasting(standard.StopGracePeriod, "How long a stop waits before SIGKILL. Default: the container's own.")},
	{"progress_deadline", lasting(standard.ProgressDeadline, "How long it may take to get there before it counts as stalled. Longer than 0s.")},
}

var backoffTable = keys{
	{"initial", lasting(standard.RestartBackoff.Initial, "The first wait; then it doubles. Longer than 0s.")},
	{"max", lasting(standard.RestartBackoff.Max, "The longest wait.")},
	{"reset_after", lasting(standard.RestartBackoff.ResetAfter, "How long it must run for the waits to be forgotten.")},
}

var retryTable = keys{
	{"initial", lasting(standard.Retry.Initial, "The first wait; then it doubles. Longer than 0s.")},
	{"max", lasting(standard.Retry.Max, "The longest wait.")},
}

var suspendTable = keys{
	{"until", jsonSchema{
		Description: "When it ends. Default: when somebody resumes it.",
		Type:        types{"string"}, Format: "date-time",
		Pattern:      `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`,
		PatternError: "write it like 2026-12-01T18:00:00Z",
	}},
	{"reason", textSchema.saying("Why.")},
	{"by", textSchema.saying("Who did it.")},
}

// saying is s with a description.
func (s jsonSchema) saying(description string) jsonSchema {
	s.Description = description
	return s
}
