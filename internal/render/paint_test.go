package render

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"k6report/internal/render/view"
)

func TestSpark(t *testing.T) {
	nan := math.NaN()
	for _, tc := range []struct {
		name  string
		y     []float64
		width int
		ascii bool
		want  string
	}{
		{"from nothing to the maximum", []float64{0, 1, 2, 3, 4, 5, 6, 7, 8}, 9, false, "▁▂▃▄▅▆▇██"},
		{"flat is flat", []float64{690, 700, 695}, 9, false, "███"},
		{"gaps stay empty", []float64{1, nan, 1}, 9, false, "█ █"},
		{"nothing at all", []float64{0, 0}, 9, false, "▁▁"},
		{"peaks survive", []float64{1, 8, 1, 1, 1, 1}, 3, false, "█▂▂"},
		{"ASCII", []float64{0, 4, 8}, 9, true, "_=#"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPainter(TerminalOptions{ASCII: tc.ascii})
			if got := p.spark(&view.Spark{Y: tc.y}, tc.width); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestSqueeze(t *testing.T) {
	nan := math.NaN()
	y := []float64{5, 1, nan, nan, 2, 9, nan, 3}
	for _, tc := range []struct {
		lowest bool
		want   []float64
	}{
		{false, []float64{5, nan, 9, 3}},
		{true, []float64{1, nan, 2, 3}},
	} {
		if diff := cmp.Diff(tc.want, squeeze(y, 4, tc.lowest), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("lowest %v: %s", tc.lowest, diff)
		}
	}
}

func TestWrap(t *testing.T) {
	p := newPainter(TerminalOptions{})
	parts := []view.Cell{{Text: "planned 500/s"}, {Text: "offered 499.9/s"}, {Text: ""}, {Text: "a sentence that is longer than a line"}}
	for _, tc := range []struct {
		width, most int
		want        []string
	}{
		{100, 3, []string{"planned 500/s · offered 499.9/s · a sentence that is longer than a line"}},
		{31, 9, []string{"planned 500/s · offered 499.9/s", "a sentence that is longer than", "a line"}},
		{20, 9, []string{"planned 500/s", "offered 499.9/s", "a sentence that is", "longer than a line"}},
		{20, 3, []string{"planned 500/s", "offered 499.9/s", "a sentence… longer …"}},
		{20, 1, []string{"planned 500/s"}},
	} {
		if diff := cmp.Diff(tc.want, p.wrap(parts, tc.width, tc.most)); diff != "" {
			t.Errorf("%d columns, %d lines:\n%s", tc.width, tc.most, diff)
		}
	}
}

// Columns give way in the order that the table states, names before them.
func TestTableFits(t *testing.T) {
	p := newPainter(TerminalOptions{})
	table := &view.Table{
		Columns: []view.Column{{Name: "endpoint", Flex: true}, {Name: "count", Right: true, Drop: 1}, {Name: "p95 ms", Right: true}, {Name: "max ms", Right: true, Drop: 2}},
		Rows: [][]view.Cell{
			{{Text: "a_rather_long_name_of_an_endpoint"}, {Text: "1,000"}, {Text: "71.4"}, {Text: "5,006"}},
			{{Text: "short"}, {Text: "7"}, {Text: "812"}, {Text: "–"}},
		},
	}
	for _, tc := range []struct {
		width int
		want  []string
	}{
		{80, []string{
			"ENDPOINT                           COUNT  P95 ms  MAX ms",
			"a_rather_long_name_of_an_endpoint  1,000    71.4   5,006",
			"short                                  7   812         –",
		}},
		{36, []string{
			"ENDPOINT       COUNT  P95 ms  MAX ms",
			"a_rath…dpoint  1,000    71.4   5,006",
			"short              7   812         –",
		}},
		{20, []string{
			"ENDPOINT      P95 ms",
			"a_rath…point    71.4",
			"short          812",
		}},
	} {
		got, err := p.table(table, tc.width)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%d columns:\n%s", tc.width, diff)
		}
	}
	if table.Rows[0][0].Text != "a_rather_long_name_of_an_endpoint" || len(table.Columns) != 4 {
		t.Error("drawing changed the table")
	}
}
