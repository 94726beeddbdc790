package k6exec

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/needs"
	"k6report/internal/redact"
)

func TestFind(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.LeaveOut(t, "makes programs without .exe")
	}
	onPath, tools, other := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{onPath, tools, other} {
		if err := os.Symlink(self(t), filepath.Join(dir, "k6")); err != nil {
			t.Fatal(err)
		}
	}
	empty := t.TempDir()
	if err := os.WriteFile(filepath.Join(empty, "k6"), nil, 0o600); err != nil { // not executable
		t.Fatal(err)
	}
	t.Chdir(other) // a relative PATH entry must not find it
	path := func(dirs ...string) string { return strings.Join(dirs, string(os.PathListSeparator)) }
	tests := []struct {
		name string
		in   Search
		want string // "" is not found
	}{
		{"explicit wins", Search{Explicit: filepath.Join(other, "k6"), Path: onPath, ToolsDir: tools}, filepath.Join(other, "k6")},
		{"explicit or nothing", Search{Explicit: filepath.Join(empty, "k6"), Path: onPath, ToolsDir: tools}, ""},
		{"explicit name", Search{Explicit: "k6", Path: path(empty, onPath)}, filepath.Join(onPath, "k6")},
		{"path before tools", Search{Path: path("", ".", empty, onPath), ToolsDir: tools}, filepath.Join(onPath, "k6")},
		{"tools last", Search{Path: path(".", empty), ToolsDir: tools}, filepath.Join(tools, "k6")},
		{"nowhere", Search{Path: path(".", empty), ToolsDir: empty}, ""},
		{"no tools", Search{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Find(tt.in)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("Find = %q, %v; want %q", got, err, tt.want)
			}
			if err == nil {
				return
			}
			if nf := (*NotFoundError)(nil); !errors.As(err, &nf) || len(nf.Tried) == 0 || !strings.Contains(nf.Hint(), PinnedVersion) {
				t.Errorf("error %#v says neither where nor what to do", err)
			}
		})
	}
}

func TestReadVersion(t *testing.T) {
	for text, want := range map[string]Version{
		"k6 v1.8.1 (go1.26.8, linux/amd64)":                          {1, 8, 1, "v1.8.1"},
		"k6 v2.0.0-rc1 (commit/abc, go1.26, linux/arm64)\n  xk6-sql": {2, 0, 0, "v2.0.0-rc1"},
		"k6.exe v2.10.3 (go1.27, windows/amd64)":                     {2, 10, 3, "v2.10.3"},
		"some other program 1.0":                                     {},
		"":                                                           {},
		"k6 v99999999999999999999.0.0":                               {},
	} {
		got, err := ReadVersion(t.Context(), self(t), fake("", "FAKE_VERSION="+text))
		if got != want || (err != nil) != (want == Version{}) {
			t.Errorf("version of %q = %+v, %v; want %+v", text, got, err, want)
		}
	}
	if _, err := ReadVersion(t.Context(), filepath.Join(t.TempDir(), "k6"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("version of nothing: %v", err)
	}
}

func TestVersionsThatAreKnown(t *testing.T) {
	for version, want := range map[Version]struct{ ok, unknown bool }{
		{0, 59, 0, "v0.59.0"}:     {},
		{1, 0, 0, "v1.0.0"}:       {ok: true},
		{1, 8, 1, PinnedVersion}:  {ok: true},
		{2, 0, 0, "v2.0.0-rc1"}:   {ok: true},
		{3, 1, 0, "v3.1.0-alpha"}: {ok: true, unknown: true},
	} {
		err := version.Check("/opt/k6")
		if (err == nil) != want.ok || version.Unknown() != want.unknown {
			t.Errorf("%s: %v, unknown %v", version, err, version.Unknown())
		}
		if err == nil {
			continue
		}
		tooOld := (*VersionError)(nil)
		if !errors.As(err, &tooOld) || !strings.Contains(err.Error(), "/opt/k6 is k6 "+version.Text) || !strings.Contains(tooOld.Hint(), PinnedVersion) {
			t.Errorf("%v says neither which k6 nor what to do", err)
		}
	}
}

func TestInspectArguments(t *testing.T) {
	record := filepath.Join(t.TempDir(), "invocation")
	got, err := Inspect(t.Context(), InspectOptions{
		K6: self(t),
		Command: mustParse(t, "--config", "c.json", "run", "-e", "A=1", "--vus", "3", "-d", "5s", "-i", "9", "-s", "1s:2,1s:3",
			"-s", "4s:5", "--execution-segment=0:1/2", "--tag", "x=y", "-o", "csv=f", "-tjs", "--no-thresholds", "x.js"),
		Env: fake("print", "FAKE_RECORD="+record, `FAKE_STDOUT= {"maxVUs":1} `, "K6_VUS=7", "K6_LOG_OUTPUT=stdout"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != `{"maxVUs":1}` {
		t.Errorf("plan %q", got)
	}
	inv := readInvocation(t, record)
	wantArgs(t, inv.Args, "inspect", "--execution-requirements", "--include-system-env-vars=true", "--type=js",
		"--config=c.json", "--env=A=1", "--no-thresholds=true", "--", "x.js")
	for _, v := range []string{
		"K6_VUS=3", "K6_DURATION=5s", "K6_ITERATIONS=9", "K6_STAGES=1s:2,1s:3,4s:5", "K6_EXECUTION_SEGMENT=0:1/2",
		"K6_LOG_OUTPUT=stderr", "K6_AUTO_EXTENSION_RESOLUTION=false", "K6_NO_USAGE_REPORT=true",
	} {
		if !slices.Contains(inv.Env, v) {
			t.Errorf("inspected without %s", v)
		}
	}
}

func TestInspectErrors(t *testing.T) {
	inspect := func(env []string, args ...string) error {
		_, err := Inspect(t.Context(), InspectOptions{
			K6: self(t), Command: mustParse(t, args...), Env: env, Redactor: redact.New([]string{"hunter2"}),
		})
		return err
	}
	for _, args := range [][]string{{"run", "-"}, {"run"}} {
		if err := inspect(fake("print"), args...); !errors.Is(err, ErrNoScript) {
			t.Errorf("%q: %v, want ErrNoScript", args, err)
		}
	}
	err := inspect(fake("refuse"), "run", "x.js")
	if err == nil || !strings.Contains(err.Error(), "x.js") || !strings.Contains(err.Error(), "msg=refused") {
		t.Errorf("error %v names neither the script nor k6's reason", err)
	}
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows a secret: %v", err)
	}
	for _, out := range []string{"", "[1]", `{"a":`, "text"} {
		if err := inspect(fake("print", "FAKE_STDOUT="+out), "run", "x.js"); err == nil {
			t.Errorf("%q was taken for a plan", out)
		}
	}
}

func TestInspectHonoursContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := Inspect(ctx, InspectOptions{K6: self(t), Command: mustParse(t, "run", "x.js"), Env: fake("stubborn")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
}

func TestInstall(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.LeaveOut(t, "makes programs without .exe")
	}
	gobin := t.TempDir()
	if err := os.Symlink(self(t), filepath.Join(gobin, "go")); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new", "bin")
	var said bytes.Buffer
	o := InstallOptions{Version: "v1.8.1", Dir: dir, Progress: &said, Env: []string{fakeEnv + "=go", noRaceWait, "PATH=" + gobin}}
	got, err := Install(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if got != filepath.Join(dir, "k6") {
		t.Errorf("installed %s", got)
	}
	if want := "go install go.k6.io/k6@v1.8.1 CGO_ENABLED=0\n"; said.String() != want {
		t.Errorf("ran %q, want %q", &said, want)
	}

	said.Reset()
	o.Env = fake("", "FAKE_VERSION=k6 v1.8.1 (go1.26.8, linux/amd64)") // no PATH: go can't be run
	if _, err := Install(t.Context(), o); err != nil || said.Len() > 0 {
		t.Errorf("the second time: %v, %q", err, &said)
	}

	o.Version = "v1.9.0"
	if _, err := Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "go is not on PATH") {
		t.Errorf("without go: %v", err)
	}
	o.Env = []string{fakeEnv + "=go", noRaceWait, "PATH=" + gobin, "FAKE_EXIT=1"}
	if _, err := Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "go install") {
		t.Errorf("when go fails: %v", err)
	}
}

func TestModulePath(t *testing.T) {
	for version, want := range map[string]string{
		"v0.59.0": "go.k6.io/k6", "v1.8.1": "go.k6.io/k6", "v2.0.0-rc1": "go.k6.io/k6/v2", "v12.0.0": "go.k6.io/k6/v12",
	} {
		if got := modulePath(version); got != want {
			t.Errorf("module of %s is %s, want %s", version, got, want)
		}
	}
}

// Windows calls it Path.
func TestLookupEnv(t *testing.T) {
	env := []string{"A=1", "Path=/bin", "=C:=C:\\", "A=2=3", "EMPTY="}
	windows := runtime.GOOS == "windows"
	for name, want := range map[string]struct {
		value string
		found bool
	}{
		"A": {"2=3", true}, "EMPTY": {"", true}, "Path": {"/bin", true}, "PATH": {"/bin", windows}, "B": {"", false},
	} {
		value, found := LookupEnv(env, name)
		if found != want.found || found && value != want.value {
			t.Errorf("%s is %q, %v; want %q, %v", name, value, found, want.value, want.found)
		}
	}
}
