package k6exec

import (
	"slices"
	"strings"
	"testing"
)

func TestParseRun(t *testing.T) {
	tests := []struct {
		line   string
		script string
		run    int
		flags  map[string][]string
	}{
		{"run x.js", "x.js", 0, nil},
		{"run -", "-", 0, nil},
		{"run", "", 0, nil},
		{"-q run x.js", "x.js", 1, map[string][]string{"quiet": {"true"}}},
		{"-c run run x.js", "x.js", 2, map[string][]string{"config": {"run"}}},
		{
			"run -e A=1 --env=B=2 -eC=3 x.js --env D=4=5", "x.js", 0,
			map[string][]string{"env": {"A=1", "B=2", "C=3", "D=4=5"}},
		},
		{
			"run -qu 5 -d10s x.js -o json=a.json --out csv=b", "x.js", 0,
			map[string][]string{
				"quiet": {"true"}, "vus": {"5"}, "duration": {"10s"}, "out": {"json=a.json", "csv=b"},
			},
		},
		{"run --no-setup=false x.js", "x.js", 0, map[string][]string{"no-setup": {"false"}}},
		{"run --http-debug x.js", "x.js", 0, map[string][]string{"http-debug": {"headers"}}},
		{"run --features freeze-env x.js", "x.js", 0, map[string][]string{"features": {"freeze-env"}}},
		{"run x.js --from-the-future", "x.js", 0, nil},
		{"run --from-the-future=1 x.js", "x.js", 0, nil},
		{"--from-the-future run x.js", "x.js", 1, nil},
		{"run -- x.js", "x.js", 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			args := strings.Fields(tt.line)
			c, err := ParseRun(args)
			if err != nil {
				t.Fatal(err)
			}
			if c.Script != tt.script || c.run != tt.run {
				t.Errorf("script %q, run at %d; want %q, %d", c.Script, c.run, tt.script, tt.run)
			}
			if len(c.flags) != len(tt.flags) {
				t.Errorf("flags %q, want %q", c.flags, tt.flags)
			}
			for flag, want := range tt.flags {
				if got := c.All(flag); !slices.Equal(got, want) {
					t.Errorf("--%s %q, want %q", flag, got, want)
				}
			}
			wantArgs(t, c.args, args...)
			wantArgs(t, c.with(), args...)
		})
	}
}

// The command lines of k6 2.x: what it added takes values or not as it does.
func TestParseRunOfLaterVersions(t *testing.T) {
	for line, want := range map[string]map[string][]string{
		"run --summary-mode full --features x,y script.js":                           {"summary-mode": {"full"}, "features": {"x,y"}},
		"run --new-machine-readable-summary --summary-export s.json script.js":       {"summary-export": {"s.json"}},
		"run --secret-source mock=a=b --traces-output otel script.js":                {"traces-output": {"otel"}},
		"run --js-profiling-enabled --js-profile-id p --profiling-enabled script.js": {"js-profile-id": {"p"}},
		"-a :0 run -l -w --no-color script.js":                                       {"address": {":0"}, "linger": {"true"}},
	} {
		c := mustParse(t, strings.Fields(line)...)
		if c.Script != "script.js" {
			t.Errorf("%s: script %q", line, c.Script)
		}
		for flag, values := range want {
			if got := c.All(flag); !slices.Equal(got, values) {
				t.Errorf("%s: --%s %q, want %q", line, flag, got, values)
			}
		}
	}
}

func TestWithComesBeforeTheUsersOwn(t *testing.T) {
	c, err := mustParse(t, "-q", "run", "-e", "A=1", "x.js").With("-e", "A=0", "-e", "B=2")
	if err != nil {
		t.Fatal(err)
	}
	wantArgs(t, c.args, "-q", "run", "-e", "A=0", "-e", "B=2", "-e", "A=1", "x.js")
	if got := c.All("env"); !slices.Equal(got, []string{"A=0", "B=2", "A=1"}) || c.Script != "x.js" || !c.Has("quiet") {
		t.Errorf("env %q, script %q", got, c.Script)
	}
}

func TestParseRunRefuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                                  "only `k6 run`",
		"cloud run x.js":                    "only `k6 run`",
		"archive x.js":                      "only `k6 run`",
		"inspect run":                       "only `k6 run`",
		"run x.js --out":                    "flag needs an argument",
		"archive -e API_TOKEN=geheim x.js":  "API_TOKEN=***",
		"run -e API_TOKEN=geheim x.js -d":   "API_TOKEN=***",
		"run --vus=1 x.js --no-setup=maybe": "", // k6 refuses the value itself
	} {
		_, err := ParseRun(strings.Fields(line))
		if want == "" {
			if err != nil {
				t.Errorf("ParseRun(%q): %v", line, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseRun(%q): error %v, want one with %q", line, err, want)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("ParseRun(%q): the error shows a secret: %v", line, err)
		}
	}
}

func TestExplain(t *testing.T) {
	seen := map[string]int{}
	for _, code := range []int{-1, 0, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 255, 42} {
		meaning, remedy := Explain(code)
		if other, ok := seen[meaning]; ok || meaning == "" {
			t.Errorf("Explain(%d) says %q, as for %d", code, meaning, other)
		}
		seen[meaning] = code
		if (remedy == "") != (code == 0) {
			t.Errorf("Explain(%d): remedy %q", code, remedy)
		}
	}
	if unknown, _ := Explain(42); unknown != firstOf(Explain(111)) {
		t.Error("unknown codes are not explained alike")
	}
}

func firstOf(s, _ string) string { return s }

// FuzzParseRun: what can be read stays as it is, takes more arguments without meaning
// anything else, and no error shows a secret.
func FuzzParseRun(f *testing.F) {
	for _, line := range []string{"run x.js", "-q run -e A=1 x.js", "-c run run x.js", "run -- x.js", "run x.js --out", "--from=x run -qu 5", "run --=x", "run -"} {
		f.Add(line)
	}
	const secret = "s3cr3t-s3cr3t"
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Fields(line)
		if _, err := ParseRun(append(slices.Clone(args), "-e", "API_TOKEN="+secret)); err != nil && strings.Contains(err.Error(), secret) {
			t.Fatalf("ParseRun(%q) shows a secret: %v", args, err)
		}
		c, err := ParseRun(args)
		if err != nil {
			return
		}
		wantArgs(t, c.args, args...)
		more, err := c.With("-e", "ADDED=1")
		if err != nil || more.Script != c.Script || !slices.Contains(more.All("env"), "ADDED=1") || len(more.args) != len(args)+2 {
			t.Fatalf("ParseRun(%q) has script %q, with more %q, env %q, %v", args, c.Script, more.Script, more.All("env"), err)
		}
	})
}
