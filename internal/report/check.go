package report

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// MaxPoints is the most points that a chart's series may have.
const MaxPoints = 300

// Check says what is wrong with the document itself: a number that isn't
// finite, a share outside 0 … 1, a status that doesn't exist, a chart whose
// series don't fit its x. Nil means that every renderer can show it. At most
// ten faults are named.
func (r *Report) Check() error {
	var c checker
	if r == nil {
		return errors.New("there is no report")
	}
	c.head(r)
	c.rates(&r.Run)
	for i := range r.Charts {
		c.chart(fmt.Sprintf("charts[%d]", i), &r.Charts[i])
	}
	if r.Trend != nil {
		c.trend(r.Trend)
	}
	c.finite("", reflect.ValueOf(*r))
	return errors.Join(c.faults...)
}

type checker struct{ faults []error }

func (c *checker) addf(format string, args ...any) {
	if len(c.faults) < 10 {
		c.faults = append(c.faults, fmt.Errorf(format, args...))
	}
}

func (c *checker) head(r *Report) {
	if r.Schema != SchemaID {
		c.addf("schema is %.60q, want %s", r.Schema, SchemaID)
	}
	for i, s := range append([]Status{r.Verdict.Status}, r.Verdict.Also...) {
		if !slices.Contains(Statuses(), s) {
			c.addf("verdict has the unknown status %.60q", string(s))
		}
		if i > 0 && s == r.Verdict.Status {
			c.addf("verdict.also repeats the status %s", s)
		}
	}
	for i, n := range r.Notes {
		if n.Code == "" || strings.Trim(n.Code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			c.addf("notes[%d] has the code %.60q, want lower case, digits and underscores", i, n.Code)
		}
		if !slices.Contains([]Severity{Info, Warning, Error, Invalid}, n.Severity) {
			c.addf("notes[%d] has the unknown severity %.60q", i, string(n.Severity))
		}
	}
}

func (c *checker) rates(r *Run) {
	fraction := func(where string, v *float64) {
		if v != nil && (*v < 0 || *v > 1) {
			c.addf("%s is %v, want a fraction of 0 … 1", where, *v)
		}
	}
	fraction("run.load.error_rate", r.Load.ErrorRate)
	fraction("run.load.timeout_rate", r.Load.TimeoutRate)
	fraction("run.load.drop_share", r.Load.DropShare)
	for i, e := range r.Endpoints {
		fraction(fmt.Sprintf("run.endpoints[%d].error_rate", i), e.ErrorRate)
		fraction(fmt.Sprintf("run.endpoints[%d].timeout_rate", i), e.TimeoutRate)
	}
}

func (c *checker) chart(where string, ch *Chart) {
	if ch.Kind != KindLine && ch.Kind != KindBar {
		c.addf("%s has the unknown kind %.60q", where, ch.Kind)
	}
	if n := len(ch.X); n > MaxPoints {
		c.addf("%s has %d points, want at most %d", where, n, MaxPoints)
	}
	if n := len(ch.XLabels); n != 0 && n != len(ch.X) {
		c.addf("%s has %d labels for %d points", where, n, len(ch.X))
	}
	for i, x := range ch.X {
		if math.IsNaN(x) || i > 0 && x < ch.X[i-1] {
			c.addf("%s.x is not ascending at point %d", where, i)
			break
		}
	}
	for _, s := range ch.Series {
		if len(s.Y) != len(ch.X) {
			c.addf("%s has %d values in series %.60q for %d points", where, len(s.Y), s.Name, len(ch.X))
		}
	}
}

func (c *checker) trend(t *Trend) {
	for i, s := range t.Series {
		if len(s.Y) != len(t.Runs) {
			c.addf("trend.series[%d] has %d values for %d runs", i, len(s.Y), len(t.Runs))
		}
		for _, ch := range s.Changes {
			if ch.Index < 0 || ch.Index >= len(t.Runs) {
				c.addf("trend.series[%d] has a change point at run %d of %d", i, ch.Index, len(t.Runs))
			}
		}
	}
}

// finite walks the document for numbers and times that JSON can't hold.
func (c *checker) finite(path string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case time.Time:
		if y := x.UTC().Year(); y < 0 || y > 9999 {
			c.addf("%s is in the year %d", path, y)
		}
		return
	case Points:
		if i := slices.IndexFunc(x, func(f float64) bool { return math.IsInf(f, 0) }); i >= 0 {
			c.addf("%s[%d] is infinite", path, i)
		}
		return
	}
	switch v.Kind() {
	case reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			c.addf("%s is %v, want a finite number", path, f)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			c.finite(path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.finite(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			c.finite(strings.TrimPrefix(path+"."+name, "."), v.Field(i))
		}
	}
}
