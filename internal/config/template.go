package config

import _ "embed"

//go:embed template.yaml
var template string

// Template returns a commented k6report.yaml that sets nothing, for a new
// project. Taking out the "#" before a word turns a setting on; a "#" before a
// blank is prose.
func Template() string { return template }
