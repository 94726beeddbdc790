package k6exec

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k6report/internal/needs"
	"k6report/internal/redact"
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
	needs.Time(t, "end to end")
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
	path, _ := LookupEnv(os.Environ(), "PATH")
	k6, err := Find(Search{Path: path, ToolsDir: filepath.Join(root, ".tools", "bin")})
	if err != nil {
		needs.LeaveOut(t, "%v; run `make tools`", err)
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

// secretScript sends secrets, all with "opaque" in them, and shows what it has sent.
const secretScript = `
import http from 'k6/http';
export const options = { vus: 1, iterations: 1 };
export default function () {
  const headers = {
    Authorization: 'Bearer opaque1', 'X-Api-Key': 'opaque2', 'Private-Token': 'opaque3', Q: 'glpat-opaque4-0123456789',
    Cookie: 'sid=opaque5; p={"a":"b"}; q=opaque6',
  };
  const r = http.post(__ENV.URL + '/x?page=2&access_token=opaque7&n=1', '{"a":"<b>"}', { headers, cookies: { c: 'opaque8' } });
  const digest = { authorization: 'Digest username="opaque9", realm="t@h", response="opaque10"' };
  http.get(__ENV.URL.replace('//', '//me:opaque11@') + '/y?token=opaque12', { headers: digest });
  http.get(__ENV.URL, { headers: { Authorization: 'ApiKey opaque13 opaque14=' } });
  console.log('Authorization: ApiKey opaque15=');
  console.log(JSON.stringify(r.request.headers), JSON.stringify(headers, null, 2));
  console.log({ Authorization: 'ApiKey opaque18', 'Set-Cookie': ['a=opaque19', 'b=opaque20'] });
  console.log(JSON.stringify({ password: __ENV.DB_PASSWORD }), __ENV.DB_PASSWORD);
}
`

// TestRealK6LogHoldsNoSecret: in none of its formats, whatever k6 and scripts log.
func TestRealK6LogHoldsNoSecret(t *testing.T) {
	needs.Time(t, "end to end")
	k6 := pinnedK6(t)
	const password = `p"opaque<w>&\1`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "sid=opaque16; Path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "glpat-x=opaque17")
	}))
	defer server.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.js"), []byte(secretScript), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"text", "json", "raw"} {
		_, err := Run(t.Context(), RunOptions{
			K6: k6, Dir: dir, Command: mustParse(t, "run", "--http-debug=full", "--log-format", format, "s.js"),
			Env: append(os.Environ(), "HOME="+dir, "URL="+server.URL, "DB_PASSWORD="+password), Now: time.Now,
			Log: "k6.log", Redactor: redact.New([]string{password + "\n"}),
		})
		if err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(filepath.Join(dir, "k6.log"))
		if err != nil {
			t.Fatal(err)
		}
		masked := 0
		for line := range strings.Lines(string(log)) {
			if strings.Contains(line, "opaque") {
				t.Errorf("%s: %s", format, line)
			}
			if format == "json" && !json.Valid([]byte(line)) {
				t.Errorf("no JSON: %s", line)
			}
			masked += strings.Count(line, redact.Mask)
		}
		if masked < 20 || !strings.Contains(string(log), "Request") || !strings.Contains(string(log), "User-Agent") {
			t.Errorf("%s: %d are masked in\n%s", format, masked, log)
		}
	}
}
