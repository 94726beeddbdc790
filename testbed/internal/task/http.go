package task

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k6report/testbed/internal/outbound"
	"k6report/testbed/internal/runner"
	"k6report/testbed/internal/template"
)

// outboundCall calls the service behind c.
func outboundCall(c *outbound.Client) runner.Kind {
	return func(ctx context.Context, with map[string]any) (map[string]any, error) {
		path, query, err := request(with)
		if err != nil {
			return nil, err
		}
		status, body, err := c.Call(ctx, path, query)
		if err != nil {
			return nil, fmt.Errorf("http: %w", err)
		}
		return map[string]any{"status": float64(status), "body": body}, nil
	}
}

// outboundDry calls nobody: it answers what it would have asked for, with an
// empty body.
func outboundDry(_ context.Context, with map[string]any) (map[string]any, error) {
	path, query, err := request(with)
	if err != nil {
		return nil, err
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return map[string]any{"dryRun": true, "request": "GET " + path, "body": map[string]any{}}, nil
}

func request(with map[string]any) (string, url.Values, error) {
	path, ok := with["path"].(string)
	if !ok || path == "" || path[0] != '/' {
		return "", nil, fmt.Errorf("http: path is %s; want a text that begins with /", template.Print(with["path"]))
	}
	query := url.Values{}
	given, isMap := with["query"].(map[string]any)
	if with["query"] != nil && !isMap {
		return "", nil, fmt.Errorf("http: query is %s; want names with values", template.Print(with["query"]))
	}
	for name, value := range given {
		query.Set(name, template.Print(value))
	}
	return path, query, nil
}

// Info describes a kind of task to users.
type Info struct {
	Kind        string            `json:"kind"`
	Description string            `json:"description"`
	Parameters  map[string]string `json:"parameters"` // what they mean, by name
}

// Catalogue describes all kinds, by name.
func Catalogue() []Info {
	list := []Info{
		{"compute", "hashes a value again and again", map[string]string{
			"value": "what is hashed", "rounds": fmt.Sprintf("how often, 1 to %d; 1 without", MaxRounds),
		}},
		{"transform", "answers its parameters with their templates filled in", map[string]string{}},
		{"assert", "fails unless two values are equal", map[string]string{
			"value": "what is", "equals": "what should be", "message": "what to say otherwise",
		}},
		{"http", "sends a GET to the engine's downstream service", map[string]string{
			"path": "path of the service, such as /quote", "query": "names with values",
		}},
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Kind, b.Kind) })
	return list
}
