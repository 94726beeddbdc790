package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k6report/internal/run"
)

// aGenerator is what one k6 writes in some seconds: virtual users and requests
// whose times tell its samples from those of others.
func aGenerator(vus, seconds int, shift float64, tags string) string {
	var b strings.Builder
	for i := range seconds {
		b.WriteString(aPoint("vus", at(i*1000), fmt.Sprint(vus), tags))
		b.WriteString(aRequest(at(i*1000+500), aTags, 12.5+shift+float64(i)/7))
	}
	return b.String()
}

func problem(r *run.Run, code string) (run.Problem, bool) {
	i := slices.IndexFunc(r.Problems, func(p run.Problem) bool { return p.Code == code })
	if i < 0 {
		return run.Problem{}, false
	}
	return r.Problems[i], true
}

// TestGenerators: several load generators of one test add up, with and without
// an instance tag; what is missing is said.
func TestGenerators(t *testing.T) {
	for name, tags := range map[string][2]string{
		"told by time": {`{}`, `{}`}, "told by tag": {`{"instance":"1"}`, `{"instance":"2"}`}, "one of them tagged": {`{"instance":"1"}`, `{}`},
	} {
		a, b := aGenerator(3, 10, 0, tags[0]), aGenerator(4, 10, 0.3, tags[1])
		for _, c := range []struct {
			instances int
			code      string
			count     uint64
		}{{0, "", 0}, {2, "", 0}, {5, "instances_missing", 3}, {1, "instances_unexpected", 1}} {
			r := read(t, Options{Instances: c.instances}, Source{Name: "a", Reader: strings.NewReader(a)}, Source{Name: "b", Reader: strings.NewReader(b)})
			if v := r.Select("vus", nil).Value; v != 7 {
				t.Errorf("%s: %v virtual users, want 7", name, v)
			}
			if p, _ := problem(r, codeAdded); !strings.Contains(p.Message, "those of 2 load generators added up") {
				t.Errorf("%s: %+v", name, p)
			}
			if n := r.Select("http_reqs", nil).Count; n != 20 {
				t.Errorf("%s: %d requests, want 20", name, n)
			}
			p, said := problem(r, "instances_missing")
			if !said {
				p, said = problem(r, "instances_unexpected")
			}
			if said != (c.code != "") || p.Code != c.code || p.Count != c.count {
				t.Errorf("%s, %d instances: %+v, want %s", name, c.instances, p, c.code)
			}
			if err := r.Check(); err != nil {
				t.Error(err)
			}
		}
		// Snapshots of the parts give the same.
		one, other := read(t, Options{}, Source{Name: "a", Reader: strings.NewReader(a)}), read(t, Options{}, Source{Name: "b", Reader: strings.NewReader(b)})
		r := read(t, Options{Instances: 2}, Source{Name: "a", Reader: bytes.NewReader(encoded(t, one))}, Source{Name: "b", Reader: bytes.NewReader(encoded(t, other))})
		if v := r.Select("vus", nil).Value; v != 7 || len(r.Problems) != 1 || r.Problems[0].Code != codeAdded {
			t.Errorf("%s: snapshots give %v virtual users, problems %+v", name, v, r.Problems)
		}
	}
	// The parts of one generator's file are one generator.
	text := aGenerator(3, 20, 0, `{}`)
	cut := strings.Index(text[len(text)/2:], "\n") + len(text)/2 + 1
	r := read(t, Options{Instances: 1}, Source{Name: "a", Reader: strings.NewReader(text[:cut])}, Source{Name: "b", Reader: strings.NewReader(text[cut:])})
	if v := r.Select("vus", nil).Value; v != 3 || len(r.Problems) != 0 {
		t.Errorf("parts of one file give %v virtual users, problems %+v", v, r.Problems)
	}
}

// TestSummaryOfOneGenerator: it says nothing of the whole.
func TestSummaryOfOneGenerator(t *testing.T) {
	summary := `{"root_group":{},"metrics":{"http_reqs":{"count":10,"rate":1},"http_req_duration":{"max":13,"thresholds":{"max<1":false}}}}`
	r := read(t, Options{}, Source{Name: "a", Reader: strings.NewReader(aGenerator(3, 10, 0, `{}`))}, Source{Name: "b", Reader: strings.NewReader(aGenerator(3, 10, 0.3, `{}`))}, Source{Name: "s", Reader: strings.NewReader(summary)})
	if _, said := problem(r, "summary_of_part"); !said || r.Reported != nil {
		t.Errorf("problems %+v, summary %+v", r.Problems, r.Reported)
	}
}

// TestRepeated: samples that are given twice are refused, also where the one
// file is only a part of the other, or has lost some.
func TestRepeated(t *testing.T) {
	text := aGenerator(3, 20, 0, `{}`)
	half := text[:strings.Index(text[len(text)*2/3:], "\n")+len(text)*2/3+1]
	for name, again := range map[string]string{"the first part": half, "lost one": strings.Replace(text, `"value":14.5`, `"value":1`, 1)} {
		_, err := Read(context.Background(), []Source{{Name: "a", Reader: strings.NewReader(text)}, {Name: "b", Reader: strings.NewReader(again)}}, Options{})
		if err == nil || !strings.Contains(err.Error(), "holds samples that a holds too") && !strings.Contains(err.Error(), "holds samples that b holds too") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTwoForms: the same run as JSON and as CSV counts once, and what differs is
// said.
func TestTwoForms(t *testing.T) {
	json := unpack(t, testdata(t, "k6csv.json.gz")[0])
	rows := unpack(t, testdata(t, "k6.csv.gz")[0])
	want := read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader(json)})
	r := read(t, Options{Instances: 1}, Source{Name: "a", Reader: bytes.NewReader(json)}, Source{Name: "b", Reader: bytes.NewReader(rows)})
	if _, differ := problem(r, "sources_differ"); differ || r.Select("http_reqs", nil).Count != 124 || r.Started != want.Started {
		t.Errorf("problems %+v, %d requests from %d", r.Problems, r.Select("http_reqs", nil).Count, r.Started)
	}
	requests := func(r *run.Run) (n uint64) {
		for _, t := range r.Requests.Tables {
			for _, b := range t.Blocks {
				n += b.Count
			}
		}
		return n
	}
	if requests(r) != requests(want) || len(r.Sources) != 2 {
		t.Errorf("%d requests in tables, want %d; sources %+v", requests(r), requests(want), r.Sources)
	}
	// Of a form that lost one sample the other is used.
	one := bytes.Index(rows, []byte("\nhttp_reqs,"))
	lost := append(bytes.Clone(rows[:one]), rows[one+1+bytes.IndexByte(rows[one+1:], '\n'):]...)
	r = read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader(json)}, Source{Name: "b", Reader: bytes.NewReader(lost)})
	if p, _ := problem(r, "sources_differ"); !strings.Contains(p.Message, "http_reqs has 124 samples in a and 123 in b: a is used") || p.Count != 1 {
		t.Errorf("problems %+v", r.Problems)
	}
	// Of a form that breaks off, too, though it is the more exact one.
	cut := bytes.LastIndexByte(json[:len(json)*3/4], '\n') + 1
	r = read(t, Options{}, Source{Name: "a", Reader: bytes.NewReader(json[:cut])}, Source{Name: "b", Reader: bytes.NewReader(rows)})
	if p, _ := problem(r, "sources_differ"); !strings.Contains(p.Message, "b is used") || r.Select("http_reqs", nil).Count != 124 {
		t.Errorf("problems %+v, %d requests", r.Problems, r.Select("http_reqs", nil).Count)
	}
	if m, _ := r.Metric("queue_depth"); m.Type != run.Gauge { // which only the JSON tells
		t.Errorf("metric %+v", m)
	}
}

// TestSummaryOfAnotherRun is refused, and a run of which samples are missing is
// not.
func TestSummaryOfAnotherRun(t *testing.T) {
	rows := unpack(t, testdata(t, "k6.csv.gz")[0])
	with := func(rows []byte, summary string) (*run.Run, error) {
		return Read(context.Background(), append(testdata(t, summary), Source{Name: "x", Reader: bytes.NewReader(rows)}), Options{})
	}
	for _, own := range []string{"summary-legacy.json", "summary-data.json"} {
		for _, part := range []int{1, 2, 3} {
			cut := bytes.LastIndexByte(rows[:len(rows)*part/3], '\n') + 1
			if _, err := with(rows[:cut], own); err != nil {
				t.Errorf("%s with %d/3 of the samples: %v", own, part, err)
			}
		}
	}
	_, err := with(rows, "summary-new.json")
	var hint interface{ Hint() string }
	if err == nil || !strings.Contains(err.Error(), "the summary is of another run than the samples") || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "k6report compare") {
		t.Errorf("%v", err)
	}
	if _, err := Read(context.Background(), append(testdata(t, "summary.json"), Source{Name: "x", Reader: bytes.NewReader(rows)}), Options{}); err == nil {
		t.Error("the summary of another script was taken")
	}
}

// TestDifferentRunsPointToCompare: the error says which verb is meant.
func TestDifferentRunsPointToCompare(t *testing.T) {
	_, err := Read(context.Background(), []Source{{Name: "a", Reader: strings.NewReader(vus(0))}, {Name: "b", Reader: strings.NewReader(vus(60_000))}}, Options{})
	var hint interface{ Hint() string }
	if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "k6report compare OLD NEW") {
		t.Errorf("%v", err)
	}
}
