package main

import "fmt"

// section begins a part of the job's log that the forge folds, and returns what
// ends it. Elsewhere there are none.
func (a *app) section(name, title string, collapsed bool) (end func()) {
	if a.folding.begin == nil {
		return func() {}
	}
	fmt.Fprint(a.stderr, a.folding.begin(a.now(), name, visible(title), collapsed))
	return func() { fmt.Fprint(a.stderr, a.folding.end(a.now(), name)) }
}
