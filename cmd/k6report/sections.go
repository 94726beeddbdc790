package main

import "fmt"

// section begins a part of the job's log that GitLab folds, and returns what
// ends it. Elsewhere there are none.
func (a *app) section(name, title string, collapsed bool) (end func()) {
	if !a.folds {
		return func() {}
	}
	options := ""
	if collapsed {
		options = "[collapsed=true]"
	}
	fmt.Fprintf(a.stderr, "\x1b[0Ksection_start:%d:k6report_%s%s\r\x1b[0K%s\n", a.now().Unix(), name, options, visible(title))
	return func() {
		fmt.Fprintf(a.stderr, "\x1b[0Ksection_end:%d:k6report_%s\r\x1b[0K\n", a.now().Unix(), name)
	}
}
