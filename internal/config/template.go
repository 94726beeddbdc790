package config

import (
	_ "embed"
	"strings"

	"k6report/internal/component"
)

//go:embed template.yaml
var template string

// Template returns a commented k6report.yaml that sets nothing, for a new
// project. Taking out the "#" before a word turns a setting on; a "#" before a
// blank is prose.
func Template() string {
	return strings.NewReplacer(
		"{{components}}", strings.Join(component.Names(nil), ", "),
		"{{counted}}", strings.Join(countedComponents(), ", "),
	).Replace(template)
}

// countedComponents are those whose servers have a number.
func countedComponents() []string {
	return component.Names(func(c component.Component) bool { return c.Counted })
}
