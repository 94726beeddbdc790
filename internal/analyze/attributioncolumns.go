package analyze

import (
	"k6report/internal/report"
	"k6report/internal/run"
)

// components are the columns of all questions, that of the regression as it is
// explained.
func (a *attributor) components(explained *excess) []report.Component {
	group := a.partition.componentOf()
	mean := grouped(a.share.hard, group)
	all := total(mean)
	tail, load := a.tail.column(&a.tail.components, bounds{}), a.load.column(&a.load.components, a.load.certain.bounds)
	var regression []float64
	if explained != nil {
		regression = explained.column(&explained.components, explained.certain.bounds)
	}
	var out []report.Component
	for i := range components {
		c := report.Component{Name: components[i].Name, MeanMS: mean[i], Parts: report.Values{}}
		if all > 0 {
			c.Share = mean[i] / all
		}
		c.Tail, c.Load, c.Regression = at(tail, i), at(load, i), at(regression, i)
		wait, waits := 0.0, false
		for j, p := range a.partition.parts {
			if p.component != components[i].Name {
				continue
			}
			if p.wait {
				wait += a.share.hard[j]
				waits = true
			}
			if a.share.hard[j] > 0 {
				c.Parts = append(c.Parts, report.Value{Name: p.name, Value: a.share.hard[j]})
			}
		}
		if waits {
			c.WaitMS = report.Num(wait)
		}
		moved := func(v *float64) bool { return v != nil && *v != 0 }
		if c.MeanMS > 0 || moved(c.Tail) || moved(c.Load) || moved(c.Regression) {
			out = append(out, c)
		}
	}
	return out
}

// column is a question's shares of a change within bounds; nil where there are none
// to tell: the change may be none, or time did not grow enough with the load. Slow
// requests are slower than ordinary ones by choice.
func (q *question) column(c *contrast, within bounds) []float64 {
	switch {
	case !q.asked:
		return nil
	case q.name == report.QuestionTail:
	case within.holdZero():
		return nil
	case q.name == report.QuestionLoad && c.change() < enoughGrowth*total(c.reference):
		return nil
	}
	return c.shares()
}

func at(list []float64, i int) *float64 {
	if list == nil {
		return nil
	}
	return report.Num(list[i])
}

// endpoints fills in where the time of each endpoint goes.
func (a *attributor) endpoints(out *report.Report) {
	group, groups := a.partition.componentOf(), len(components)
	flatShare := a.all.flatten(group, groups)
	sums := make([]float64, len(a.cells.keys)*flatShare.width)
	flatShare.addUp(nil, sums)
	for i := range out.Run.Endpoints {
		e := &out.Run.Endpoints[i]
		key := run.Endpoint{Protocol: e.Protocol, Name: e.Name, Method: e.Method}
		cell, ok := a.cells.of[cellKey{key, 0}]
		if !ok {
			continue
		}
		row := sums[cell*flatShare.width : (cell+1)*flatShare.width]
		all := total(row[1:])
		column := func(q *question) []float64 {
			if !q.asked {
				return nil
			}
			c, ok := q.contrast(group, groups, func(k cellKey) bool { return k.Endpoint == key })
			if !ok {
				return nil
			}
			return q.column(&c, q.certain.endpoints[key])
		}
		tail, load, regression := column(&a.tail), column(&a.load), column(&a.regression)
		for j := range components {
			if row[1+j] == 0 && all > 0 || row[0] == 0 {
				if v := at(load, j); (v == nil || *v == 0) && (at(regression, j) == nil || *at(regression, j) == 0) {
					continue
				}
			}
			share := report.Share{Component: components[j].Name, MeanMS: row[1+j] / row[0], Tail: at(tail, j), Load: at(load, j), Regression: at(regression, j)}
			if all > 0 {
				share.Share = row[1+j] / all
			}
			e.Attribution = append(e.Attribution, share)
		}
	}
}
