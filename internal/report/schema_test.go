package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"k6report/internal/report"
	"k6report/internal/report/sample"
)

var update = flag.Bool("update", false, "write docs/report.schema.json and the samples' goldens anew")

const schemaFile = "../../docs/report.schema.json"

// The published schema is made from the types and their comments, so each
// field is in both and says the same in both.
func TestSchemaFollowsTheTypes(t *testing.T) {
	want := makeSchema(t)
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("docs/report.schema.json is not what the types say; run this test with -update")
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSamplesMatchTheSchema(t *testing.T) {
	schema := compileSchema(t)
	for name, r := range sample.All() {
		t.Run(name, func(t *testing.T) {
			data := encoded(t, r)
			kept := name == "full" || name == "minimal"
			golden := filepath.Join("testdata", name+".json")
			if *update && kept {
				if err := os.WriteFile(golden, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); kept && (err != nil || !bytes.Equal(data, want)) {
				t.Errorf("not the bytes of %s (%v)", golden, err)
			}
			inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(inst); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compileSchema(t)
	ok := string(encoded(t, sample.Full()))
	for old, bad := range map[string]string{
		`"` + report.SchemaID + `"`: `"k6report.report/v2"`,
		`"status": "regressed"`:     `"status": "slow"`,
		`"severity": "info"`:        `"severity": "mild"`,
		`"verdict": "suspected"`:    `"verdict": "hm"`,
		`"exit_code": 3`:            `"exit_code": "3"`,
		`"interval": [`:             `"interval": [1,`,
		`"ok": true`:                `"ok": 1`,
		`"code": "short_run"`:       `"code": "Short run"`,
		`"headline"`:                `"head_line"`,
		`"started": "2026-11-23T`:   `"started": "23.11.2026`,
	} {
		if strings.Count(ok, old) == 0 {
			t.Fatalf("the full sample has no %s", old)
		}
		inst, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(ok, old, bad, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(inst) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}

// The full sample leaves no field out, else the schema's test says little.
func TestFullSampleIsFull(t *testing.T) {
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(path, v.Elem())
			}
		case reflect.Slice:
			if v.Len() > 0 {
				walk(path+"[0]", v.Index(0))
			}
		case reflect.Struct:
			if _, ok := v.Interface().(time.Time); ok {
				return
			}
			for i := range v.NumField() {
				name := path + "." + v.Type().Field(i).Name
				// A reason or a list of differences excludes what is beside it, a constant
				// load that fails its targets one that is raised until it does.
				free := slices.Contains([]string{"Reason", "StartS", "Index", "FromS", "High", "X", "LowerIsWorse", "CandidateName"}, v.Type().Field(i).Name) ||
					slices.Contains([]string{"Report.Verdict.Told", "Report.Charts[0].Series[0].Planned", "Report.Run.Load.Raised", "Report.Run.Load.Plan.Changes", "Report.Attribution.ReasonCode", "Report.Attribution.Needed", "Report.Trend.Needed"}, name)
				if v.Field(i).IsZero() && !free {
					t.Errorf("%s is empty", name)
				}
				walk(name, v.Field(i))
			}
		}
	}
	walk("Report", reflect.ValueOf(*sample.Full()))
}

// node keeps the keys of a schema in order.
type node struct {
	keys []string
	vals []any
}

func (n *node) set(key string, val any) *node {
	n.keys, n.vals = append(n.keys, key), append(n.vals, val)
	return n
}

func (n *node) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, k := range n.keys {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		if err := writeJSON(&b, k); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := writeJSON(&b, n.vals[i]); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

type schemaMaker struct {
	comments map[string]string // "Type" and "Type.Field"
	defs     map[string]*node
}

// enums are the fields that hold one of some words, "Type.Field".
func enums() map[string][]string {
	return map[string][]string{
		"Attribution.Status":   {report.AttrConfirmed, report.AttrLikely, report.AttrNone, report.AttrInconclusive, report.AttrNoData},
		"Attribution.Question": {report.QuestionRegression, report.QuestionLoad},
		"Attribution.Join":     {report.JoinRequest, report.JoinWindow},
		"Attribution.ReasonCode": {
			report.ReasonUncertain, report.ReasonFewData, report.ReasonCoverage, report.ReasonServerTimes, report.ReasonGenerator,
			report.ReasonHostWide, report.ReasonUnattributed, report.ReasonSpread, report.ReasonConfidence, report.ReasonCollapse,
			report.ReasonTargets, report.ReasonNotTime, report.ReasonNoReference,
		},
		"Chart.Kind":        {report.KindLine, report.KindBar},
		"Failure.Kind":      {report.KindError, report.KindTimeout},
		"Gate.Verdict":      {report.GateRegressed, report.GateSuspected, report.GateAccepted, report.GateNotComparable, report.GateInconclusive, report.GateImproved, report.GateOK},
		"Saturation.Status": {report.SatPeak, report.SatNoPeak, report.SatFewLevels},
	}
}

func makeSchema(t *testing.T) []byte {
	t.Helper()
	m := &schemaMaker{comments: readComments(t), defs: map[string]*node{}}
	root := new(node).
		set("$schema", "https://json-schema.org/draft/2020-12/schema").
		set("$id", "urn:"+strings.ReplaceAll(report.SchemaID, "/", ":")).
		set("title", report.SchemaID).
		set("description", "The report of k6report about one run. Times are milliseconds, points in time seconds since the run's start, sizes bytes, shares and changes fractions (0.1 = 10 %). A number that does not exist is absent or null, never 0. Later versions may add fields.")
	m.object(root, reflect.TypeFor[report.Report]())
	defs := new(node)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for k := range m.defs {
			if !yield(k) {
				return
			}
		}
	}) {
		defs.set(name, m.defs[name])
	}
	root.set("$defs", defs)
	var raw, b bytes.Buffer
	if err := writeJSON(&raw, root); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&b, raw.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func (m *schemaMaker) object(n *node, typ reflect.Type) {
	props, required := new(node), []string{}
	for f := range typ.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := m.schema(f.Type, typ.Name()+"."+f.Name, opts)
		if typ == reflect.TypeFor[report.Report]() && f.Name == "Schema" {
			p = new(node).set("const", report.SchemaID)
		}
		if typ == reflect.TypeFor[report.Note]() && f.Name == "Code" {
			p.set("pattern", "^[a-z0-9_]+$")
		}
		if c := m.comments[typ.Name()+"."+f.Name]; c != "" {
			p.set("description", c)
		}
		props.set(name, p)
		if opts == "" {
			required = append(required, name)
		}
	}
	n.set("type", "object").set("required", required).set("properties", props)
}

func (m *schemaMaker) schema(typ reflect.Type, field, opts string) *node {
	word := func(w string, null bool) any {
		if null {
			return []string{w, "null"}
		}
		return w
	}
	null := typ.Kind() == reflect.Pointer
	if null {
		typ = typ.Elem()
	}
	n := new(node)
	if words := enums()[field]; words != nil {
		return n.set("enum", words)
	}
	switch typ {
	case reflect.TypeFor[time.Time]():
		return n.set("type", "string").set("format", "date-time")
	case reflect.TypeFor[report.Status]():
		return n.set("enum", report.Statuses())
	case reflect.TypeFor[report.Severity]():
		return n.set("enum", []report.Severity{report.Info, report.Warning, report.Error, report.Invalid})
	case reflect.TypeFor[report.Values]():
		return n.set("type", "object").set("additionalProperties", new(node).set("type", "number"))
	case reflect.TypeFor[report.Points]():
		return n.set("type", "array").set("items", new(node).set("type", []string{"number", "null"}))
	case reflect.TypeFor[report.Interval]():
		return n.set("type", word("array", null)).set("minItems", 2).set("maxItems", 2).
			set("items", new(node).set("type", []string{"number", "null"}))
	}
	switch typ.Kind() {
	case reflect.String:
		return n.set("type", "string")
	case reflect.Bool:
		return n.set("type", word("boolean", null))
	case reflect.Int, reflect.Int64:
		return n.set("type", word("integer", null))
	case reflect.Float64:
		return n.set("type", word("number", null))
	case reflect.Map:
		return n.set("type", "object").set("additionalProperties", new(node).set("type", "string"))
	case reflect.Slice:
		return n.set("type", "array").set("items", m.schema(typ.Elem(), "", ""))
	}
	if m.defs[typ.Name()] == nil {
		def := new(node)
		m.defs[typ.Name()] = def
		if c := m.comments[typ.Name()]; c != "" {
			def.set("description", c)
		}
		m.object(def, typ)
	}
	ref := new(node).set("$ref", "#/$defs/"+typ.Name())
	if !null {
		return ref
	}
	return n.set("anyOf", []any{ref, new(node).set("type", "null")})
}

// readComments collects the comments of the package's types and fields.
func readComments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	out := map[string]string{}
	text := func(groups ...*ast.CommentGroup) string {
		var words []string
		for _, g := range groups {
			words = append(words, strings.Fields(g.Text())...)
		}
		return strings.Join(words, " ")
	}
	for _, name := range files {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, s := range g.Specs {
				spec := s.(*ast.TypeSpec)
				st, ok := spec.Type.(*ast.StructType)
				if !ok {
					continue
				}
				out[spec.Name.Name] = new(doc.Package).Synopsis(text(g.Doc))
				for _, field := range st.Fields.List {
					for _, id := range field.Names {
						out[spec.Name.Name+"."+id.Name] = text(field.Doc, field.Comment)
					}
				}
			}
		}
	}
	return out
}

func writeJSON(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func encoded(t *testing.T, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Encode(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
