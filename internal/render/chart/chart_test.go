package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"k6report/internal/component"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

// Titles are bold: a font that is not there would be replaced by the plain one.
func TestTitlesAreBold(t *testing.T) {
	plain, bold := lettering(titleSize, false, strong).Width("Latency"), lettering(titleSize, true, strong).Width("Latency")
	if !(bold > plain && plain > 0) {
		t.Errorf("plain letters are %v wide, bold ones %v", plain, bold)
	}
}

// A colour stands for one component. What a later version, or another program, may
// name has one, too.
func TestComponentColours(t *testing.T) {
	seen := map[string]string{}
	for _, name := range component.Names(nil) {
		class, colour := ComponentColour(name)
		if other, taken := seen[colour]; taken || class == "" {
			t.Errorf("%s has the colour %s (%q) of %s", name, colour, class, other)
		}
		seen[colour] = name
	}
	if class, _ := ComponentColour("unheard of"); class == "" {
		t.Error("what is unheard of has no colour")
	}
}

func TestPicturesOfSamples(t *testing.T) {
	for name, r := range sample.All() {
		if testing.Short() && name != "full" && name != "hostile" {
			continue
		}
		for _, p := range Pictures(r) {
			t.Run(name+"/"+p.ID, func(t *testing.T) {
				if !slices.Contains(IDs(), p.ID) || p.Title == "" || p.Text == "" {
					t.Errorf("id %q, title %q, text %q", p.ID, p.Title, p.Text)
				}
				checkPNG(t, &p)
				checkData(t, &p)
				var file bytes.Buffer
				if err := p.WriteSVG(&file); err != nil {
					t.Fatal(err)
				}
				checkSVG(t, file.String())
				checkSVG(t, p.SVG())
				if again := p.SVG(); again != p.SVG() {
					t.Error("two drawings differ")
				}
			})
		}
	}
}

// checkPNG decodes a picture: it has its size, something is drawn, and nothing
// touches the borders, where it would be clipped.
func checkPNG(t *testing.T, p *Picture) {
	t.Helper()
	var b bytes.Buffer
	if err := p.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	w, h := float64(p.width), float64(p.height)
	h += headHeight + footHeight
	if got := img.Bounds().Size(); got.X != int(math.Round(w*3)) || got.Y != int(math.Round(h*3)) {
		t.Errorf("size is %v, want three pixels for each of %v by %v points", got, w, h)
	}
	edge, inside := painted(img, 6)
	if edge > 0 {
		t.Errorf("%d pixels at the borders are drawn on", edge)
	}
	if inside < 3000 {
		t.Errorf("only %d pixels are drawn on", inside)
	}
}

// checkData holds that there is a value of each line for each x, and that they stand
// within the picture.
func checkData(t *testing.T, p *Picture) {
	t.Helper()
	d := p.Data
	if d == nil {
		return
	}
	for _, s := range d.Series {
		if len(s.Y) != len(d.X) {
			t.Errorf("%d values of %.60q for %d points", len(s.Y), s.Name, len(d.X))
		}
	}
	if n := len(d.Labels); n != 0 && n != len(d.X) {
		t.Errorf("%d labels for %d points", n, len(d.X))
	}
	p.SVG()
	w, h := PageWidth, float64(p.height)
	if a := d.Area; !(0 < a[0] && a[0] < a[2] && a[2] < float64(w) && 0 < a[1] && a[1] < a[3] && a[3] < h) || !(d.XRange[0] < d.XRange[1]) {
		t.Errorf("values of %v stand at %v in a picture of %d by %v", d.XRange, a, w, h)
	}
}

// painted counts pixels that aren't white, near the borders and inside.
func painted(img image.Image, border int) (edge, inside int) {
	b := img.Bounds()
	inner := b.Inset(border)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y > 250 {
				continue
			}
			if (image.Point{X: x, Y: y}).In(inner) {
				inside++
			} else {
				edge++
			}
		}
	}
	return edge, inside
}

// checkSVG holds a drawing to what pages allow: well-formed, a few elements,
// no style, no script, no reference, and only letters that fonts hold.
func checkSVG(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %.300s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if !slices.Contains([]string{"svg", "title", "desc", "path", "text"}, e.Name.Local) {
				t.Errorf("element %s", e.Name.Local)
			}
			for _, a := range e.Attr {
				if a.Name.Local == "style" || a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			for _, r := range string(e) {
				if r != '\n' && !drawable(r) {
					t.Errorf("letter %U in %q", r, e)
				}
			}
		}
	}
}

// A picture shows where the data are: their lowest and highest value lie on the
// line's lowest and highest point.
func TestALineIsWhereItsValuesAre(t *testing.T) {
	r := sample.Minimal()
	r.Charts = []report.Chart{{
		ID: report.ChartLatency, Kind: report.KindLine, Unit: report.UnitMS, XUnit: report.UnitS,
		X: report.Points{0, 1, 2, 3}, Series: []report.Series{{Name: "p95", Y: report.Points{0, 100, 50, math.NaN()}}},
	}}
	p := Pictures(r)[0]
	svg := p.SVG()
	at := strings.Index(svg, `class="s-c4 n0"`)
	if at < 0 {
		t.Fatalf("no line in %s", svg)
	}
	d := svg[at:]
	d = d[strings.Index(d, ` d="`)+4:]
	d = d[:strings.IndexByte(d, '"')]
	left, top, right, bottom := p.Data.Area[0], p.Data.Area[1], p.Data.Area[2], p.Data.Area[3]
	if !strings.HasPrefix(d, "M"+tenth(vg.Length(left))+" "+tenth(vg.Length(bottom))+"L") {
		t.Errorf("%q begins elsewhere than at %v, %v", d, left, bottom)
	}
	points := strings.Fields(strings.NewReplacer("M", " ", "L", " ").Replace(d))
	if len(points) != 6 {
		t.Fatalf("%q has %d numbers; a gap must not be drawn", d, len(points))
	}
	if want := tenth(vg.Length(left + (right-left)/3)); points[2] != want {
		t.Errorf("the second point is at x %s, want %s", points[2], want)
	}
	if want := tenth(vg.Length(bottom - (bottom-top)/1.04)); points[3] != want {
		t.Errorf("the highest point is at y %s, want %s", points[3], want)
	}
}

// What comes after the last latency, as iterations that end late, stays within
// the picture.
func TestLoadAndLatencyShareTheirTime(t *testing.T) {
	x := timeScale(&report.Chart{X: report.Points{1, 2, 3}}, nil, &report.Chart{X: report.Points{0, 1, 2, 3, 9}})
	if want := (scale{min: 0, max: 9}); x != want {
		t.Errorf("%+v, want %+v", x, want)
	}
	r := sample.Minimal()
	series := []report.Series{{Name: "p95", Y: report.Points{1, 2, 3}}}
	r.Charts = []report.Chart{
		{ID: report.ChartLatency, Kind: report.KindLine, Unit: report.UnitMS, XUnit: report.UnitS, X: report.Points{0, 1, 2}, Series: series},
		{ID: report.ChartThroughput, Kind: report.KindLine, Unit: report.UnitPerS, XUnit: report.UnitS, X: report.Points{0, 1, 8}, Series: series},
	}
	p := Pictures(r)[0]
	svg := p.SVG()
	if !strings.Contains(svg, ">8 s<") {
		t.Errorf("the axis ends before the load: %s", svg)
	}
	load := regexp.MustCompile(` n1"[^>]* d="([^"]*)"`).FindStringSubmatch(svg)
	if load == nil {
		t.Fatalf("no line of the load in %s", svg)
	}
	for _, number := range regexp.MustCompile(`[ML]([\d.]+) `).FindAllStringSubmatch(load[1], -1) {
		if at, err := strconv.ParseFloat(number[1], 64); err != nil || at > p.Data.Area[2]+0.1 {
			t.Errorf("the load reaches %s, beyond %v (%v)", number[1], p.Data.Area[2], err)
		}
	}
}

// What was planned is dashed, and nothing else, whatever a line is called.
func TestOnlyAPlanIsDashed(t *testing.T) {
	r := sample.Minimal()
	x, y := report.Points{0, 1, 2}, report.Points{1, 2, 3}
	r.Charts = []report.Chart{
		{ID: report.ChartLatency, Kind: report.KindLine, Unit: report.UnitMS, XUnit: report.UnitS, X: x, Series: []report.Series{{Name: "p95", Y: y}}},
		{ID: report.ChartThroughput, Kind: report.KindLine, Unit: report.UnitPerS, XUnit: report.UnitS, X: x, Series: []report.Series{
			{Name: "requests", Y: y}, {Name: "target_service", Y: y}, {Name: "iterations", Y: y, Planned: true},
		}},
	}
	svg := Pictures(r)[0].SVG()
	for line, dashed := range map[string]bool{"n1": false, "n2": false, "n3": true} {
		path := regexp.MustCompile(`<path class="[^"]* ` + line + `"[^>]*>`).FindString(svg)
		if path == "" || strings.Contains(path, "stroke-dasharray") != dashed {
			t.Errorf("line %s, dashed %t: %s", line, dashed, path)
		}
	}
	if n := strings.Count(svg, "stroke-dasharray"); n != 2 { // the line and its stroke in the legend
		t.Errorf("%d broken strokes", n)
	}
}

// What a page hides when a stretch is shown alone has the class that it looks for:
// marks and the ticks of the x axis.
func TestMarksHaveTheirClass(t *testing.T) {
	svg := Pictures(sample.Full())[0].SVG()
	for _, want := range []string{
		`<text class="f-t1 xt"[^>]*>end of warm-up<`,
		`<path class="s-t3 xt"[^>]* stroke-dasharray="3 3"`,
		`<text class="f-t1 xt"[^>]*>2m<`,
		`<path class="s-t3 xt"[^>]* stroke-width="0.8" d=`,
	} {
		if !regexp.MustCompile(want).MatchString(svg) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
}

// The values of a trend are told run by run.
func TestTrendsTellTheirValues(t *testing.T) {
	r := sample.Full()
	pictures := Pictures(r)
	d := pictures[slices.IndexFunc(pictures, func(p Picture) bool { return p.ID == Trend })].Data
	if d == nil || len(d.X) != len(r.Trend.Runs) || d.Labels[8] != "load-9, 9 Nov 03:00" {
		t.Fatalf("the runs are %+v", d)
	}
	if s := d.Series[0]; s.Name != "execute_workflow p95" || s.Unit != report.UnitMS || s.Y[8] != r.Trend.Series[0].Y[8] {
		t.Errorf("the gate is %+v", s)
	}
}

// What is told of a picture is a sentence.
func TestTextsBeginWithACapital(t *testing.T) {
	for _, p := range Pictures(sample.Full()) {
		if p.Text != report.Sentence(p.Text) {
			t.Errorf("%s: %s", p.ID, p.Text)
		}
	}
}

func TestScales(t *testing.T) {
	for _, tt := range []struct {
		s    scale
		n    int
		want []float64
	}{
		{scale{min: 0, max: 850}, 5, []float64{0, 200, 400, 600, 800}},
		{scale{min: 0, max: 1.04}, 5, []float64{0, 0.5, 1}},
		{scale{min: 0, max: 416}, 2, []float64{0, 200, 400}},
		{scale{min: 0.8, max: 2500, log: true}, 6, []float64{1, 10, 100, 1000}},
		{scale{min: 9, max: 55, log: true}, 5, []float64{10, 20, 50}},
		{scale{min: 9, max: 45, log: true}, 5, []float64{10, 15, 20, 30, 40}},
	} {
		got := tt.s.ticks(tt.n)
		if len(got) != len(tt.want) {
			t.Errorf("%+v has ticks %v, want %v", tt.s, got, tt.want)
			continue
		}
		for i := range got {
			if math.Abs(got[i]-tt.want[i]) > 1e-9*math.Abs(tt.want[i]) {
				t.Errorf("%+v has ticks %v, want %v", tt.s, got, tt.want)
			}
		}
	}
	if got := (scale{min: 0, max: 600}).times(6); !slices.Equal(got, []float64{0, 120, 240, 360, 480, 600}) {
		t.Errorf("ten minutes have ticks %v", got)
	}
}

func TestTicksOfWhatIsCounted(t *testing.T) {
	if got := span(1).ticksOf(report.UnitCount, 4); !slices.Equal(got, []float64{0, 1}) {
		t.Errorf("one user has ticks %v", got)
	}
	if got := span(1).ticksOf(report.UnitMS, 4); !slices.Equal(got, []float64{0, 0.5, 1}) {
		t.Errorf("a millisecond has ticks %v", got)
	}
}

// Whatever is asked of a logarithmic axis, 0 and nothing included, it stays
// within itself.
func TestLogarithmsOfNothing(t *testing.T) {
	for _, s := range []scale{decades(0, 0), decades(0, 10), decades(-1, -1), decades(1e-9, 1e12), decades(5, 5), span(0)} {
		for _, v := range []float64{0, -1, 1, 1e300, math.Inf(1)} {
			if at := s.at(v); math.IsNaN(at) {
				t.Errorf("%+v puts %v at %v", s, v, at)
			}
		}
		if n := len(s.ticks(6)); n > 100 {
			t.Errorf("%+v has %d ticks", s, n)
		}
	}
}

func TestNamesThatFontsLackHaveKeys(t *testing.T) {
	for name, want := range map[string]string{
		"list_workflows": "list_workflows",
		"Список":         "Список",
		"ワークフロー":         "E7",
		"a\xffb":         "E7",
		"":               "E7",
		"🙂":              "E7",
	} {
		if got := keyed(name, 6); got != want {
			t.Errorf("keyed(%q) = %q, want %q", name, got, want)
		}
	}
}

// Keys are those of the report's table, also where some of its rows have no
// latency to be drawn.
func TestKeysAreThoseOfTheTable(t *testing.T) {
	r := sample.Minimal()
	long := strings.Repeat("/a/long/way", 9)
	for _, name := range []string{"without", "GET" + long + "/one" + long, "GET" + long + "/two" + long, "ワークフロー", "short"} {
		e := report.Endpoint{Name: name, Protocol: "http", Count: 100}
		if name != "without" {
			e.DurationMS = report.Durations{Med: report.Num(10), P95: report.Num(20), P99: report.Num(30)}
		}
		r.Run.Endpoints = append(r.Run.Endpoints, e)
	}
	svg := Pictures(r)[0].SVG()
	for _, want := range []string{">E2 GET/a/", ">E3 GET/a/", ">E4<", ">short<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
}

// The steps of a waterfall are told as people would: a change that rounds to
// nothing is none.
func TestWaterfall(t *testing.T) {
	r := sample.Full()
	pictures := Pictures(r)
	i := slices.IndexFunc(pictures, func(p Picture) bool { return p.ID == Delta })
	if i < 0 {
		t.Fatal("no waterfall")
	}
	svg := pictures[i].SVG()
	for _, want := range []string{">±0 ms<", ">−0.40 ms<", ">+58.2 ms<", ">+60.8 ms<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
}

// What is shown beside each other is of one endpoint.
func TestShiftIsOfTheEndpointOfTheDistribution(t *testing.T) {
	r := sample.Full()
	r.Comparison.Shift = nil
	for _, endpoint := range []string{"list_workflows", "execute_workflow"} {
		for _, q := range []float64{0.5, 0.95} {
			change := 0.1
			if endpoint == "list_workflows" {
				change = 3
			}
			r.Comparison.Shift = append(r.Comparison.Shift, report.Shift{Endpoint: endpoint, Quantile: q, Baseline: 1, Candidate: 1 + change, Change: &change})
		}
	}
	for _, endpoint := range []string{"execute_workflow", "list_workflows"} {
		for _, p := range Pictures(r) {
			if p.ID == Shift && p.Title != "Change at each quantile: "+endpoint {
				t.Errorf("title %q, want that of %s", p.Title, endpoint)
			}
		}
		r.Chart(report.ChartDistribution).Endpoint = ""
	}
}

func BenchmarkPictures(b *testing.B) {
	r := sample.Full()
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range Pictures(r) {
			if err := p.WritePNG(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	}
}
