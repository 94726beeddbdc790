package gitlabtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/goccy/go-yaml"
)

// Where GitLab's description of its API is, from the project's root.
const (
	DescriptionFolder = "../shared/gitlab"
	fileV2            = "openapi-v2.yaml"
	fileV3            = "openapi-v3-mr-notes.yaml"
)

const (
	v2            = "/api/v4/projects/{id}"
	v3notes       = v2 + "/merge_requests/{noteable_id}/notes"
	v3discussions = v2 + "/merge_requests/{noteable_id}/discussions"
)

// spec is GitLab's description of the paths that we use; nil without it.
type spec struct {
	docs []*openapi3.T
}

// described is the description, read once: it is large. Its error says why
// there is none.
var described = sync.OnceValues(readDescription)

func description() *spec {
	s, err := described()
	if err != nil {
		return nil
	}
	return s
}

// Described reports whether requests are held against GitLab's description; the
// error says why not: fs.ErrNotExist where the folder is absent.
func Described() error {
	_, err := described()
	return err
}

func readDescription() (*spec, error) {
	root, err := projectRoot()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, filepath.FromSlash(DescriptionFolder))
	old, err := os.ReadFile(filepath.Join(dir, fileV2))
	if err != nil {
		return nil, err
	}
	first, err := convert(prune(old))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", fileV2, err)
	}
	notes, err := os.ReadFile(filepath.Join(dir, fileV3))
	if err != nil {
		return nil, err
	}
	second, err := openapi3.NewLoader().LoadFromData(notes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", fileV3, err)
	}
	return &spec{docs: []*openapi3.T{first, second}}, nil
}

// projectRoot is the folder of go.mod above the test.
func projectRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fs.ErrNotExist
		}
		dir = up
	}
}

// used are the paths of the old description that routes name.
func used() []string {
	var paths []string
	for _, r := range (&Server{}).routes() {
		if r.describedAs != "" && !strings.HasPrefix(r.describedAs, v3notes) && !strings.HasPrefix(r.describedAs, v3discussions) {
			paths = append(paths, r.describedAs)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(paths)))
}

var (
	topKey    = regexp.MustCompile(`^[a-zA-Z]+:`)
	blockHead = regexp.MustCompile(`^  "?([^ "][^"]*?)"?:\s*$`)
	reference = regexp.MustCompile(`"#/definitions/([^"]+)"`)
)

// prune leaves of the description what we use: 2 MB of YAML take seconds, and
// some of it is not valid.
func prune(text []byte) []byte {
	paths, definitions := blocks(text, "paths:"), blocks(text, "definitions:")
	var out bytes.Buffer
	out.WriteString("swagger: '2.0'\ninfo: {title: GitLab, version: v4}\nhost: gitlab.com\nconsumes: [application/json]\nproduces: [application/json]\npaths:\n")
	var wanted []string
	seen := make(map[string]bool)
	note := func(block string) {
		for _, m := range reference.FindAllStringSubmatch(block, -1) {
			if !seen[m[1]] {
				seen[m[1]] = true
				wanted = append(wanted, m[1])
			}
		}
	}
	for _, path := range used() {
		out.WriteString(paths[path])
		note(paths[path])
	}
	out.WriteString("definitions:\n")
	for i := 0; i < len(wanted); i++ {
		out.WriteString(definitions[wanted[i]])
		note(definitions[wanted[i]])
	}
	return out.Bytes()
}

// blocks are the entries below a key at the document's top.
func blocks(text []byte, key string) map[string]string {
	out := make(map[string]string)
	within, name := false, ""
	for line := range strings.Lines(string(text)) {
		switch {
		case topKey.MatchString(line):
			within, name = strings.TrimSpace(line) == key, ""
		case !within:
		default:
			if m := blockHead.FindStringSubmatch(line); m != nil {
				name = m[1]
			}
			out[name] += line
		}
	}
	return out
}

func convert(text []byte) (*openapi3.T, error) {
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	var old openapi2.T
	if err := json.Unmarshal(asJSON, &old); err != nil {
		return nil, err
	}
	for _, item := range old.Paths {
		for _, op := range item.Operations() {
			op.Responses = openapi2.NewResponsesWithCapacity(1) // not looked at: lists are declared as single objects
			op.Responses.Set("200", &openapi2.Response{Description: "OK"})
			for _, p := range op.Parameters {
				if p.Type != nil && p.Type.Is("array") && p.Items == nil { // a known defect
					p.Items = &openapi2.SchemaRef{Value: &openapi2.Schema{Type: &openapi3.Types{"string"}}}
				}
			}
		}
	}
	doc, err := openapi2conv.ToV3(&old)
	if err != nil {
		return nil, err
	}
	// GitLab splits such texts itself; its own description has only what comes
	// of it.
	for _, schema := range doc.Components.Schemas {
		for _, property := range schema.Value.Properties {
			if v := property.Value; v != nil && v.Type.Is("array") && strings.HasPrefix(v.Description, "Comma-separated") {
				v.Type, v.Items = &openapi3.Types{"string"}, nil
			}
		}
	}
	return doc, nil
}

// check holds a request against the description; "" is no problem.
func (s *spec) check(method, template string, r *http.Request, body []byte) string {
	if s == nil || template == "" {
		return ""
	}
	for _, doc := range s.docs {
		item := doc.Paths.Value(template)
		if item == nil {
			continue
		}
		op := item.GetOperation(method)
		if op == nil {
			return "the description has no such method"
		}
		route := &routers.Route{Spec: doc, Path: template, PathItem: item, Method: method, Operation: op}
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
			Request: again, Route: route, PathParams: parameters(template, r.URL.EscapedPath()), QueryParams: plainNames(r),
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		})
		if err != nil {
			return err.Error()
		}
		return unknownNames(item, op, r, body)
	}
	return "the description has no path " + template
}

// plainNames are the query without the [] that Rails wants of lists.
func plainNames(r *http.Request) map[string][]string {
	out := make(map[string][]string)
	for name, values := range r.URL.Query() {
		out[strings.TrimSuffix(name, "[]")] = values
	}
	return out
}

// parameters are the values of a path's placeholders.
func parameters(template, path string) map[string]string {
	out := make(map[string]string)
	values := strings.Split(path, "/")
	for i, part := range strings.Split(template, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok && i < len(values) {
			out[strings.TrimSuffix(name, "}")] = values[i]
		}
	}
	return out
}

// unknownNames are what the description does not know, which GitLab would
// silently ignore.
func unknownNames(item *openapi3.PathItem, op *openapi3.Operation, r *http.Request, body []byte) string {
	known := make(map[string]bool)
	for _, list := range []openapi3.Parameters{item.Parameters, op.Parameters} {
		for _, p := range list {
			known[p.Value.Name] = true
		}
	}
	var unknown []string
	for name := range plainNames(r) {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	if len(body) > 0 && op.RequestBody != nil {
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) == nil {
			media := op.RequestBody.Value.Content.Get("application/json")
			for name := range fields {
				if media != nil && media.Schema != nil && media.Schema.Value.Properties[name] == nil {
					unknown = append(unknown, name)
				}
			}
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	slices.Sort(unknown)
	return "the description does not know " + strings.Join(unknown, ", ")
}

// NoDescription reports whether an error of [Described] means that the folder
// is absent, which no setting makes a failure.
func NoDescription(err error) bool { return errors.Is(err, fs.ErrNotExist) }
