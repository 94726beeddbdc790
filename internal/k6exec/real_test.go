package k6exec

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// realScript needs no network: it only emits a metric of its own.
const realScript = `
import { Trend } from 'k6/metrics';
import { sleep } from 'k6';
const work = new Trend('work_ms', true);
export const options = {
  tags: { suite: 'own' },
  scenarios: { s: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: __ENV.LENGTH || '1s', preAllocatedVUs: 2 } },
  thresholds: { work_ms: ['max<0'] },
};
export default function () { work.add(1); }
export function teardown() { console.log('torn down'); }
`

// TestRealK6 holds what the fake assumes against the pinned k6.
func TestRealK6(t *testing.T) {
	if testing.Short() {
		t.Skip("end to end")
	}
	k6 := pinnedK6(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.js"), []byte(realScript), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "HOME="+dir)

	t.Run("inspect follows the command line", func(t *testing.T) {
		plan := struct {
			TotalDuration string
			MaxVUs        int
			Scenarios     map[string]struct{ Executor string }
		}{}
		b, err := Inspect(t.Context(), InspectOptions{
			K6: k6, Dir: dir, Env: env, Command: mustParse(t, "run", "-u", "3", "-s", "2s:4,1s:0", "s.js"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &plan); err != nil {
			t.Fatal(err)
		}
		if plan.Scenarios["default"].Executor != "ramping-vus" || plan.MaxVUs != 4 || plan.TotalDuration != "33s" {
			t.Errorf("plan %+v", plan)
		}
	})

	t.Run("run to a failed threshold", func(t *testing.T) {
		c := mustParse(t, "run", "-e", "LENGTH=1s", "s.js")
		plan, err := Inspect(t.Context(), InspectOptions{K6: k6, Dir: dir, Env: env, Command: c})
		if err != nil {
			t.Fatal(err)
		}
		var progress bytes.Buffer
		res, err := Run(t.Context(), RunOptions{
			K6: k6, Dir: dir, Env: env, Command: c, Plan: plan, Now: time.Now, Progress: &progress,
			Samples: "out.json.gz", Summary: "summary.json", Log: "k6.log", Tags: map[string]string{"testid": "t 1"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if ex := res.Execution; ex.ExitCode != ExitThresholds || ex.CPUSeconds <= 0 || ex.WallSeconds < 1 {
			t.Errorf("execution %+v\n%s", ex, &progress)
		}
		if !res.Tagged || filepath.Base(res.Summary) != "summary.json" {
			t.Errorf("result %+v", res)
		}
		samples := gunzip(t, res.Samples)
		for _, want := range []string{`"suite":"own"`, `"testid":"t 1"`, `"work_ms"`} {
			if !strings.Contains(samples, want) {
				t.Errorf("samples without %s", want)
			}
		}
		log, err := os.ReadFile(filepath.Join(dir, "k6.log"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(log), "torn down") || !strings.Contains(string(log), "thresholds") {
			t.Errorf("log %s", log)
		}
	})

	t.Run("interrupt keeps what was measured", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		out := newWatcher()
		go func() {
			defer cancel()
			out.await(t, "complete") // the first line of progress, one second in
		}()
		res, err := Run(ctx, RunOptions{
			K6: k6, Dir: dir, Env: env, Command: mustParse(t, "run", "-e", "LENGTH=10m", "s.js"), Now: time.Now,
			Progress: out, Samples: "cut.json.gz", Summary: "cut-summary.json", Log: "cut.log",
		})
		if err != nil {
			t.Fatal(err)
		}
		if ex := res.Execution; ex.ExitCode != ExitAborted || !ex.Interrupted {
			t.Errorf("execution %+v\n%s", ex, out)
		}
		if !strings.Contains(gunzip(t, res.Samples), `"work_ms"`) || res.Summary == "" {
			t.Errorf("result %+v", res)
		}
	})

	t.Run("bad script", func(t *testing.T) {
		c := mustParse(t, "run", "absent.js")
		if _, err := Inspect(t.Context(), InspectOptions{K6: k6, Dir: dir, Env: env, Command: c}); err == nil ||
			!strings.Contains(err.Error(), "absent.js") {
			t.Errorf("inspect of an absent script: %v", err)
		}
		res, err := Run(t.Context(), RunOptions{
			K6: k6, Dir: dir, Env: env, Command: c, Now: time.Now, Samples: "none.json",
		})
		if err != nil || res.Execution.ExitCode != 255 || res.Samples != "" {
			t.Errorf("run of an absent script: %+v, %v", res, err)
		}
	})
}

// pinnedK6 finds the k6 that tools/install.sh put into place.
func pinnedK6(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	path, _ := lookupEnv(os.Environ(), "PATH")
	k6, err := Find(Search{Path: path, ToolsDir: filepath.Join(root, ".tools", "bin")})
	if err != nil {
		if os.Getenv("K6REPORT_REQUIRE_ALL") == "1" {
			t.Fatalf("%v; run `make tools`", err)
		}
		t.Skipf("%v; run `make tools`", err)
	}
	v, err := ReadVersion(t.Context(), k6, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	if v.Text != PinnedVersion {
		t.Logf("%s is %s, not the pinned %s", k6, v, PinnedVersion)
	}
	return k6
}

// TestPinnedVersion holds the pin of the tools and that of the program together.
func TestPinnedVersion(t *testing.T) {
	pins, err := os.ReadFile(filepath.Join("..", "..", "tools", "versions.env"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nK6_VERSION=" + PinnedVersion + "\n"; !strings.Contains(string(pins), want) {
		t.Errorf("tools/versions.env has no line %q", strings.TrimSpace(want))
	}
}

func gunzip(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
