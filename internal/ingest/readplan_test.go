package ingest

import (
	"strings"
	"testing"
	"time"
)

func TestReadPlan(t *testing.T) {
	p, err := ReadPlan([]byte(`{"scenarios":{"a":{"executor":"constant-arrival-rate","rate":5,"duration":"1m30s"}},"thresholds":{"x":["p(95)<<1"]},"maxVUs":7}`))
	if err != nil {
		t.Fatal(err)
	}
	if s := p.Scenarios; len(s) != 1 || s[0].Rate != 5 || s[0].TimeUnit != time.Second || s[0].Duration != 90*time.Second || p.MaxVUs != 7 {
		t.Errorf("plan %+v", p)
	}
	if _, err := ReadPlan([]byte(`{"scenarios":[]}`)); err == nil || !strings.Contains(err.Error(), "k6 inspect") {
		t.Errorf("error %v", err)
	}
}
