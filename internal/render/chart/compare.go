package chart

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"

	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// shiftPicture is the shift function of the endpoint that moved most: the
// change at each quantile with its interval.
func shiftPicture(r *report.Report) *Picture {
	if r.Comparison == nil {
		return nil
	}
	endpoint := mostShifted(r)
	var list []report.Shift
	for _, s := range r.Comparison.Shift {
		if s.Endpoint == endpoint && s.Change != nil {
			list = append(list, s)
		}
	}
	if len(list) < 2 {
		return nil
	}
	var x, change, low, high report.Points
	var labels []string
	for i, s := range list {
		x = append(x, float64(i))
		labels = append(labels, report.StatisticName("p("+view.PercentNumber(s.Quantile)+")"))
		change = append(change, *s.Change)
		l, h := *s.Change, *s.Change
		if s.Interval != nil {
			l, h = valueOr(s.Interval.Low, l), valueOr(s.Interval.High, h)
		}
		low, high = append(low, l), append(high, h)
	}
	bottom, top, _ := extent(low, high, []float64{-0.05, 0.05})
	y := scale{min: bottom - (top-bottom)*0.08, max: top + (top-bottom)*0.08}
	p := &Picture{
		ID: Shift, Title: "Change at each quantile: " + orWhole(nameOf(r, endpoint)), height: 220,
		Text:   "From " + view.Change(change[0]) + " at " + labels[0] + " to " + view.Change(change[len(change)-1]) + " at " + labels[len(labels)-1] + pooledWords(r),
		Data:   &Data{X: x, Labels: labels, Series: []DataSeries{{Name: "change", Unit: "change", Y: change}, {Name: "from", Unit: "change", Y: low}, {Name: "to", Unit: "change", Y: high}}},
		legend: []entry{{name: "change against the baseline", ink: blue}, {name: "90 % interval", ink: sky, area: true}},
	}
	p.paint = func(s *sheet) {
		var ticks []tick
		for i, l := range labels {
			ticks = append(ticks, tick{x[i], l})
		}
		panel := s.panel(s.Min.Y, s.Max.Y, panelOptions{
			x: scale{min: -0.3, max: float64(len(list)) - 0.7}, y: y, yUnit: report.UnitShare,
			yTicks: 5, left: leftWidth(y, report.UnitShare, 5), xTicks: ticks,
		})
		zero := panel.py(0)
		panel.StrokeLine2(line(rule, 1), panel.area.Min.X, zero, panel.area.Max.X, zero)
		panel.band(ink{sky.NRGBA, "c4 soft"}.faded(), x, low, high)
		panel.curve(line(blue.as(seriesClass(0)), lineWidth), x, change)
		for i := range x {
			panel.dot(blue, vg.Point{X: panel.px(x[i]), Y: panel.py(change[i])}, 3)
		}
		s.place(panel, panel.area.Min.Y, p.height)
	}
	return p
}

// pooledWords say why a quantile is not just what the gate on it has.
func pooledWords(r *report.Report) string {
	if r.Comparison.Baseline.Runs < 2 && len(r.Comparison.Candidate) < 2 {
		return ""
	}
	return "; of the requests of all runs together, where the gates take the mean of the runs"
}

func orWhole(name string) string {
	if name == "" {
		return "all requests"
	}
	return name
}

// mostShifted is the endpoint whose distribution is shown, or else the one of
// which a quantile moved most.
func mostShifted(r *report.Report) string {
	list := r.Comparison.Shift
	if c := r.Chart(report.ChartDistribution); c != nil && c.Endpoint != "" &&
		slices.ContainsFunc(list, func(s report.Shift) bool { return s.Endpoint == c.Endpoint }) {
		return c.Endpoint
	}
	name, most := "", -1.0
	for _, s := range list {
		if s.Change != nil && math.Abs(*s.Change) > most {
			name, most = s.Endpoint, math.Abs(*s.Change)
		}
	}
	return name
}

// mostTrends is how many gates one picture shows.
const mostTrends = 6

// trendPicture has a small panel for each gate over the runs of the baseline,
// with its change points.
func trendPicture(r *report.Report) *Picture {
	t := r.Trend
	if t == nil || len(t.Runs) < fewPoints || len(t.Series) == 0 {
		return nil
	}
	list := t.Series[:min(len(t.Series), mostTrends)]
	const each = 92
	p := &Picture{
		ID: Trend, Title: "Trend of " + lettersOnly(t.Baseline) + ": " + view.Plural(len(t.Runs), "run", "runs"),
		height: vg.Length(len(list)*each) + 40,
		Text:   trendText(t, list),
		Data:   trendData(r, list),
	}
	x := p.Data.X
	p.paint = func(s *sheet) {
		var left vg.Length
		scales := make([]scale, len(list))
		for i, series := range list {
			low, high, ok := extent(series.Y)
			if !ok {
				low, high = 0, 1
			}
			pad := math.Max((high-low)*0.15, math.Abs(high)*0.02)
			scales[i] = scale{min: low - pad, max: high + pad}
			if pad == 0 { // nothing but zeros
				scales[i] = scale{max: 1}
				if series.Unit == report.UnitShare {
					scales[i].max = 0.01
				}
			}
			left = max(left, leftWidth(scales[i], series.Unit, 2))
		}
		style := lettering(labelSize, true, strong)
		step := (s.Max.Y - s.Min.Y - 18) / vg.Length(len(list))
		var first, lowest *panel
		for i, series := range list {
			top := s.Max.Y - step*vg.Length(i)
			last := i == len(list)-1
			bottom := top - step
			if last {
				bottom -= 18
			}
			s.text(style, s.Min.X, top-12, s.fit(style, p.Data.Series[i].Name, s.Max.X-s.Min.X))
			panel := s.panel(bottom+4, top-24, panelOptions{
				x: scale{min: 0.5, max: float64(len(x)) + 0.5}, y: scales[i], yUnit: series.Unit, yTicks: 2, left: left, noX: !last, xTicks: runTicks(t),
			})
			if first == nil {
				first = panel
			}
			lowest = panel
			for _, c := range series.Changes {
				at := panel.px(float64(c.Index) + 0.5)
				panel.StrokeLine2(line(orange, 1.4), at, panel.area.Min.Y, at, panel.area.Max.Y)
			}
			panel.curve(line(blue, 1.3), x, series.Y)
			for j, v := range series.Y {
				if v == v {
					panel.dot(blue, vg.Point{X: panel.px(x[j]), Y: panel.py(v)}, 2)
				}
			}
		}
		s.place(first, lowest.area.Min.Y, p.height)
	}
	p.legend = []entry{{name: "a run", ink: blue}}
	if changes(list) > 0 {
		p.legend = append(p.legend, entry{name: "change point", ink: orange})
	}
	return p
}

// trendText says what was found in the gates that are shown.
func trendText(t *report.Trend, list []report.TrendSeries) string {
	if t.Needed > 0 {
		return fmt.Sprintf("Too few values for change points: %d are needed", t.Needed)
	}
	return view.Plural(changes(list), "change point", "change points") + " in " + view.Plural(len(list), "gate", "gates")
}

// trendData are the values of gates at each run, which is told by its name and when
// it was made.
func trendData(r *report.Report, list []report.TrendSeries) *Data {
	d := &Data{}
	for i, run := range r.Trend.Runs {
		const longest = 40
		label := plain.Short(lettersOnly(run.ID), longest)
		if label == "" {
			label = "run " + view.Count(int64(i+1))
		}
		if !run.Started.IsZero() {
			label += ", " + run.Started.UTC().Format("2 Jan 15:04")
		}
		d.X, d.Labels = append(d.X, float64(i+1)), append(d.Labels, label)
	}
	for _, s := range list {
		name := report.GateName(lettersOnly(s.Metric), nameOf(r, s.Endpoint), lettersOnly(s.Statistic))
		d.Series = append(d.Series, DataSeries{Name: name, Unit: shortLabel(lettersOnly(s.Unit)), Y: s.Y})
	}
	return d
}

// runTicks name some of the runs by their day, and by their time where they are
// of few days; one name stands once.
func runTicks(t *report.Trend) []tick {
	var out []tick
	const fewDays = 3
	layout := "2 Jan"
	if span := t.Runs[len(t.Runs)-1].Started.Sub(t.Runs[0].Started); span < fewDays*24*time.Hour {
		layout = "2 Jan 15:04"
	}
	step := max(1, len(t.Runs)/5)
	for i := 0; i < len(t.Runs); i += step {
		label := view.Count(int64(i + 1))
		if started := t.Runs[i].Started; !started.IsZero() {
			label = started.UTC().Format(layout)
		}
		if n := len(out); n == 0 || out[n-1].label != label {
			out = append(out, tick{float64(i + 1), label})
		}
	}
	return out
}

func changes(list []report.TrendSeries) int {
	n := 0
	for _, s := range list {
		n += len(s.Changes)
	}
	return n
}
