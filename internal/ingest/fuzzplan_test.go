package ingest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"k6report/internal/run"
)

// FuzzPlan: what stands beside samples, the output of k6 inspect or the record of
// an execution, is refused with its name, or makes a sound run that survives a
// snapshot; and ReadPlan reads the same plan.
func FuzzPlan(f *testing.F) {
	plan, err := os.ReadFile(filepath.Join("testdata", "plan.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plan)
	for _, s := range []string{
		`{"scenarios":{"a":{"executor":"ramping-vus","stages":[` + strings.Repeat(`{"duration":"99999h","target":1},`, 40) + `{"duration":"1s","target":0}]}},"maxVUs":1}`,
		`{"scenarios":{"a":{"executor":"ramping-arrival-rate","startRate":1.5,"timeUnit":"1m","preAllocatedVUs":2,"stages":[{"duration":5000,"target":10}]}},"thresholds":{"http_req_duration{a:b}":["p(95)<1",{"threshold":"avg<2","abortOnFail":true}],"x":["p(95)<<1"]},"maxVUs":2}`,
		`{"scenarios":null,"vus":3,"duration":"1d2h","thresholds":null,"maxVUs":3}`,
		`{"scenarios":{"a":{"duration":"-1s"}},"maxVUs":1}`,
		`{"scenarios":{"a":{"duration":"1d9999999h"}},"maxVUs":1}`,
		`{"scenarios":[],"maxVUs":1}`,
		`{"exit_code":99,"k6_version":"v1.8.1","cpu_s":1.5,"wall_s":3,"cpus":4,"started":"2026-11-23T12:00:00Z","labels":{"commit":"abc"}}`,
		`{"exit_code":-1,"k6_version":"","cpu_s":-1e300,"cpus":-4,"labels":{"":""}}`,
		`{"exit_code":"0","k6_version":1}`,
	} {
		f.Add([]byte(s))
	}
	samples := aGenerator(3, 5, 0, `{}`)
	f.Fuzz(func(t *testing.T, document []byte) {
		if format, err := detect(document, formats()); err != nil || format.id != "inspect" && format.id != "execution" {
			return
		}
		r, err := Read(context.Background(), []Source{{Name: "beside.json", Reader: bytes.NewReader(document)}, {Name: "a", Reader: strings.NewReader(samples)}}, Options{})
		if err != nil {
			if r != nil || !strings.Contains(err.Error(), "beside.json") {
				t.Fatalf("%v", err)
			}
			return
		}
		if n := r.Select("http_reqs", nil).Count; n != 5 {
			t.Errorf("%d requests beside it, want 5", n)
		}
		packed := encoded(t, r)
		again, err := run.Decode(bytes.NewReader(packed))
		if err != nil {
			t.Fatalf("its snapshot can't be read: %v", err)
		}
		if !bytes.Equal(encoded(t, again), packed) {
			t.Error("its snapshot is another run")
		}
		if r.Plan == nil {
			return
		}
		for _, s := range r.Plan.Scenarios {
			if s.Duration < 0 || s.Start < 0 {
				t.Errorf("scenario %q starts after %v and takes %v", s.Name, s.Start, s.Duration)
			}
		}
		if p, err := ReadPlan(document); err == nil && !reflect.DeepEqual(p, r.Plan) {
			t.Errorf("plan %+v, ReadPlan reads %+v", r.Plan, p)
		}
	})
}
