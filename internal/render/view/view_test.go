package view_test

import (
	"slices"
	"strings"
	"testing"

	"k6report/internal/render/view"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

func section(t *testing.T, r *report.Report, id string, all bool) view.Section {
	t.Helper()
	for _, s := range view.Sections(r, view.Options{All: all}) {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no section %s", id)
	return view.Section{}
}

func TestEveryRowHasItsCells(t *testing.T) {
	for name, r := range sample.All() {
		for _, all := range []bool{false, true} {
			for _, s := range view.Sections(r, view.Options{All: all}) {
				if s.Table == nil {
					continue
				}
				for i, row := range s.Table.Rows {
					if len(row) != len(s.Table.Columns) {
						t.Errorf("%s, %s: row %d has %d cells for %d columns", name, s.ID, i, len(row), len(s.Table.Columns))
					}
				}
				for _, c := range s.Table.Columns {
					if n := len(c.Numbers); all && n > 0 && n != len(s.Table.Rows) || n > 0 && n < len(s.Table.Rows) {
						t.Errorf("%s, %s: %s has %d numbers for %d rows", name, s.ID, c.Name, n, len(s.Table.Rows))
					}
				}
			}
		}
	}
}

func TestSectionsOnlyWhereThereIsSomething(t *testing.T) {
	var ids []string
	for _, s := range view.Sections(sample.Minimal(), view.Options{}) {
		ids = append(ids, s.ID)
	}
	if !slices.Equal(ids, []string{"load"}) {
		t.Errorf("sections %v of an empty report", ids)
	}
}

func TestWhatFailedComesFirst(t *testing.T) {
	s := section(t, sample.ThresholdFailed(), "thresholds", true)
	signs := ""
	for _, row := range s.Table.Rows {
		signs += row[0].Text
	}
	if signs != "✗✗✗?✓✓✓✓✓" {
		t.Errorf("in the order %s", signs)
	}
	if got := section(t, sample.Healthy(), "thresholds", false); got.Table != nil {
		t.Error("thresholds that were all met take more than a line")
	}
}

// Where rows have units of their own, each is sorted by its own number.
func TestNumbersAreThoseOfTheirRows(t *testing.T) {
	r := sample.ThresholdFailed()
	for _, id := range []string{"thresholds", "service_levels"} {
		table := section(t, r, id, true).Table
		i := slices.IndexFunc(table.Columns, func(c view.Column) bool { return c.Name == "observed" })
		for k, row := range table.Rows {
			v := table.Columns[i].Numbers[k]
			if (v == nil) != (row[i].Text == view.Absent) {
				t.Errorf("%s, row %d: the number of %q is %v", id, k, row[i].Text, v)
			}
			if v != nil && !slices.Contains([]string{view.Measure(*v, report.UnitMS), view.Measure(*v, report.UnitShare), view.Measure(*v, report.UnitCount)}, row[i].Text) {
				t.Errorf("%s, row %d: %v stands for %q", id, k, *v, row[i].Text)
			}
		}
	}
}

func TestUnjudgedIsNeverMet(t *testing.T) {
	s := section(t, sample.NoData(), "thresholds", false)
	for _, c := range s.Summary {
		if c.Tone == view.Good || strings.Contains(c.Text, "✓") {
			t.Errorf("an unjudged threshold reads %q", c.Text)
		}
	}
	if view.Mark(nil).Tone == view.Good {
		t.Error("what could not be judged looks good")
	}
}

func TestProtocolOnlyWhereItDiffers(t *testing.T) {
	has := func(r *report.Report) bool {
		return slices.ContainsFunc(section(t, r, "endpoints", false).Table.Columns, func(c view.Column) bool { return c.Name == "protocol" })
	}
	if has(sample.Healthy()) {
		t.Error("all is HTTP and it is said in every row")
	}
	if !has(sample.Full()) {
		t.Error("websocket sessions aren't told apart")
	}
}

func TestBaselineShortOfRuns(t *testing.T) {
	r := sample.Full()
	r.Comparison.Baseline.Runs = 2
	if got := section(t, r, "comparison", false).Summary[0]; got.Text != "2 of 5 baseline runs" || got.Tone != view.Warn {
		t.Errorf("two of five runs read %+v", got)
	}
}

func TestAttributionSaysWhatItIs(t *testing.T) {
	for status, want := range map[string]string{
		report.AttrConfirmed:    "database: pool exhaustion",
		report.AttrLikely:       "database: pool exhaustion",
		report.AttrNone:         "no bottleneck",
		report.AttrInconclusive: "can't tell",
		report.AttrNoData:       "no component data",
	} {
		r := sample.ThresholdFailed()
		r.Attribution.Status = status
		if got := section(t, r, "attribution", false).Summary[0].Text; got != want {
			t.Errorf("%s reads %q, want %q", status, got, want)
		}
	}
}

func TestNoSteadyStateOnlyWhereItWasLookedFor(t *testing.T) {
	says := func(r *report.Report) bool {
		for _, l := range section(t, r, "load", false).Lines {
			for _, c := range l.Parts {
				if c.Text == "no steady state" {
					return true
				}
			}
		}
		return false
	}
	r := sample.Invalid()
	if !says(r) {
		t.Error("what the notes say is not in the line on the load")
	}
	r.Notes = nil
	if says(r) {
		t.Error("it is said of a run that was too short to look for one")
	}
}

// Few runs have no change points, which is no good news.
func TestTrendOfFewRuns(t *testing.T) {
	r := sample.Full()
	r.Trend.Series[0].Changes = nil
	for needed, want := range map[int]view.Cell{
		0:  {Text: "no change point in 1 gate", Tone: view.Good},
		15: {Text: "too few values for change points: 15 are needed", Tone: view.Dim},
	} {
		r.Trend.Needed = needed
		if got := section(t, r, "trend", true).Summary; !slices.Contains(got, want) {
			t.Errorf("%d are needed: %+v, want %+v", needed, got, want)
		}
	}
}
