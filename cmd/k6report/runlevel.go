package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// level is a level of the suite: a script and how it is told its part.
type level struct {
	name, script string
	env          []string
	// heavy levels load more than baseline does.
	heavy bool
}

// The two levels that are more than others: ultimate is meant to overload, and
// breakpoint goes on until something breaks.
const (
	levelUltimate   = "ultimate"
	levelBreakpoint = "breakpoint"
)

// levels are those of the suite, in the order of its ladder.
func levels() []level {
	stress := func(name string, heavy bool) level {
		return level{name: name, script: "execution-stress.js", env: []string{"TEST_MODE=" + name}, heavy: heavy}
	}
	return []level{
		{name: "smoke", script: "smoke-test.js"},
		stress("baseline", false),
		stress("load", true),
		stress("stress", true),
		stress("spike", true),
		{name: "chaos", script: "production-chaos.js", heavy: true},
		{name: "db", script: "db-contention.js", heavy: true},
		stress("soak", true),
		stress(levelUltimate, true),
		stress(levelBreakpoint, true),
	}
}

// wholeLadder is the name of all levels one after the other. Breakpoint is no
// rung: it ends when the system is broken.
const wholeLadder = "all"

func ladder() []level {
	return slices.DeleteFunc(levels(), func(l level) bool { return l.name == levelBreakpoint })
}

// levelNames are what the run verb takes for a LEVEL.
func levelNames() []string {
	var names []string
	for _, l := range levels() {
		names = append(names, l.name)
	}
	return append(names, wholeLadder)
}

// suiteLevels finds the levels of a name, with the paths of their scripts.
func (f *runFlags) suiteLevels(name string) ([]level, error) {
	chosen := ladder()
	if name != wholeLadder {
		chosen = slices.DeleteFunc(levels(), func(l level) bool { return l.name != name })
	}
	if len(chosen) == 0 {
		return nil, usageError{hinted{fmt.Errorf("there is no level %q", name), "levels: " + strings.Join(levelNames(), ", ")}}
	}
	for i, l := range chosen {
		script := filepath.Join(f.scenarios, l.script)
		if !isFile(script) {
			return nil, usageError{hinted{fmt.Errorf("level %s: there is no %s", l.name, filepath.ToSlash(script)), "name the folder of the suite with --scenarios"}}
		}
		chosen[i].script = script
	}
	return chosen, nil
}

// arguments are those of k6 after its name.
func (l level) arguments(f *runFlags) []string {
	args := []string{"run"}
	for _, e := range l.env {
		args = append(args, "-e", e)
	}
	if f.url != "" {
		args = append(args, "-e", "BASE_URL="+f.url)
	}
	return append(args, l.script)
}

// defaultTarget is where the suite looks for the engine by itself.
const defaultTarget = "http://127.0.0.1:8080"

// target is the system that a level will load: scripts see the environment, too.
func (a *app) target(f *runFlags) (*url.URL, error) {
	fromEnv, _ := a.getenv("BASE_URL")
	text := cmp.Or(f.url, fromEnv, defaultTarget)
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return nil, usageError{hinted{
			fmt.Errorf("the system under test is at %q, which is no URL of one", publicURL(text)),
			"--url takes http://HOST:PORT or https://HOST, without a user or password",
		}}
	}
	return u, nil
}

// isLoopback reports whether a URL leads to this machine.
func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// mayLoad asks before ultimate always, and before any level above baseline
// where the target is another machine.
func (a *app) mayLoad(f *runFlags, chosen []level, target *url.URL) error {
	var ask []string
	for _, l := range chosen {
		if l.name == levelUltimate || l.heavy && !isLoopback(target) {
			ask = append(ask, l.name)
		}
	}
	switch {
	case f.yes || len(ask) == 0:
		return nil
	case len(ask) == 1:
		return a.confirm(fmt.Sprintf("Level %s puts a heavy load on %s. Go on?", ask[0], target))
	}
	return a.confirm(fmt.Sprintf("Levels %s put a heavy load on %s. Go on?", strings.Join(ask, ", "), target))
}

// confirm asks on the terminal.
func (a *app) confirm(question string) error {
	refused := usageError{hinted{errors.New("not started: " + question), "--yes starts it without asking"}}
	if !a.stderrTerminal {
		return refused
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	var answer string
	if _, err := fmt.Fscanln(a.stdin, &answer); err != nil || !strings.HasPrefix(strings.ToLower(answer), "y") {
		return refused
	}
	return nil
}
