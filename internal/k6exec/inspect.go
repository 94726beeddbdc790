package k6exec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k6report/internal/redact"
)

// InspectOptions says what to inspect and with which environment.
type InspectOptions struct {
	K6      string   // path of the program
	Command Command  // the run whose plan is wanted
	Dir     string   // working directory, "" for the process's own
	Env     []string // the whole environment, as os.Environ gives it
	// Redactor masks what errors show; nil knows only what tokens look like.
	Redactor *redact.Redactor
}

// ErrNoScript is returned by Inspect for a command whose script can't be read
// beforehand: it comes from standard input, or is not known.
var ErrNoScript = errors.New("the script comes from standard input or is not named")

// Inspect returns the JSON of `k6 inspect --execution-requirements`: the plan of
// the run that Command would make. k6's inspect ignores by itself what changes
// the plan on a command line, so it is given -e and the like as they are, the
// environment as the script would see it, and --vus, --duration, --iterations,
// --stage and the segments as the variables that mean the same.
// The bytes are k6's own, checked to be one JSON object.
func Inspect(ctx context.Context, o InspectOptions) ([]byte, error) {
	c := o.Command
	if c.Script == "" || c.Script == "-" {
		return nil, fmt.Errorf("inspect the script: %w", ErrNoScript)
	}
	plan, err := output(ctx, o.K6, o.Dir, inspectEnv(c, o.Env), inspectArgs(c)...)
	if err != nil {
		return nil, fmt.Errorf("inspect %s: %w", c.Script, o.Redactor.Error(err))
	}
	plan = bytes.TrimSpace(plan)
	if len(plan) == 0 || plan[0] != '{' || !json.Valid(plan) {
		return nil, fmt.Errorf("inspect %s: k6 printed no JSON object", c.Script)
	}
	return plan, nil
}

func inspectArgs(c Command) []string {
	args := []string{"inspect", "--execution-requirements"}
	// A script that runs sees the system's variables unless told otherwise; one
	// that is inspected doesn't.
	systemEnv := "true"
	if c.Has("include-system-env-vars") {
		systemEnv = c.Last("include-system-env-vars")
	}
	args = append(args, "--include-system-env-vars="+systemEnv)
	for _, flag := range []string{"compatibility-mode", "type", "config"} {
		if c.Has(flag) {
			args = append(args, "--"+flag+"="+c.Last(flag))
		}
	}
	for _, flag := range []string{"env", "secret-source"} {
		for _, value := range c.All(flag) {
			args = append(args, "--"+flag+"="+value)
		}
	}
	if c.Has("no-thresholds") {
		args = append(args, "--no-thresholds="+c.Last("no-thresholds"))
	}
	return append(args, "--", c.Script)
}

func inspectEnv(c Command, env []string) []string {
	env = quietEnv(env)
	env = setEnv(env, "K6_LOG_OUTPUT", "stderr") // a log on standard output would break the JSON
	for _, v := range [][2]string{
		{"vus", "K6_VUS"},
		{"duration", "K6_DURATION"},
		{"iterations", "K6_ITERATIONS"},
		{"execution-segment", "K6_EXECUTION_SEGMENT"},
		{"execution-segment-sequence", "K6_EXECUTION_SEGMENT_SEQUENCE"},
	} {
		if c.Has(v[0]) {
			env = setEnv(env, v[1], c.Last(v[0]))
		}
	}
	if c.Has("stage") {
		var stages []byte
		for _, s := range c.All("stage") {
			if len(stages) > 0 {
				stages = append(stages, ',')
			}
			stages = append(stages, s...)
		}
		env = setEnv(env, "K6_STAGES", string(stages))
	}
	return env
}

// planTags returns the tags of the whole run in a plan: the script's options, or
// K6_TAGS, which k6 puts in their place.
func planTags(plan []byte) (map[string]string, error) {
	var p struct {
		Tags map[string]string `json:"tags"`
	}
	if err := json.Unmarshal(plan, &p); err != nil {
		return nil, fmt.Errorf("read the tags of the plan: %w", err)
	}
	return p.Tags, nil
}
