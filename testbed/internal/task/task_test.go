package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestCompute(t *testing.T) {
	once := sha256.Sum256([]byte("abc"))
	twice := sha256.Sum256(once[:])
	tests := []struct {
		with map[string]any
		want [32]byte
	}{
		{map[string]any{"value": "abc"}, once},
		{map[string]any{"value": "abc", "rounds": 2.0}, twice},
	}
	for _, tt := range tests {
		got, err := compute(t.Context(), tt.with)
		if want := hex.EncodeToString(tt.want[:8]); err != nil || got["digest"] != want {
			t.Errorf("compute(%v) = %v, %v; want %s", tt.with, got, err, want)
		}
	}
	for _, rounds := range []any{0.0, 1e9, "many"} {
		if _, err := compute(t.Context(), map[string]any{"rounds": rounds}); err == nil {
			t.Errorf("compute took %v rounds", rounds)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := compute(cancelled, map[string]any{"rounds": 5000.0}); !errors.Is(err, context.Canceled) {
		t.Errorf("compute of a cancelled request: %v", err)
	}
}

func TestTransform(t *testing.T) {
	with := map[string]any{"a": 1.0}
	if got, err := transform(t.Context(), with); err != nil || !reflect.DeepEqual(got, with) {
		t.Errorf("transform = %v, %v", got, err)
	}
}

func TestAssert(t *testing.T) {
	ok := map[string]any{"value": map[string]any{"n": 1.0}, "equals": map[string]any{"n": 1.0}}
	if _, err := assert(t.Context(), ok); err != nil {
		t.Error(err)
	}
	_, err := assert(t.Context(), map[string]any{"value": true, "equals": false, "message": "must be off"})
	if err == nil || !strings.Contains(err.Error(), "must be off: true is not false") {
		t.Errorf("assert error = %v", err)
	}
}

func TestOutboundRequests(t *testing.T) {
	got, err := outboundDry(t.Context(), map[string]any{"path": "/p", "query": map[string]any{"n": 1.0, "s": "a&b"}})
	if err != nil || got["request"] != "GET /p?n=1&s=a%26b" || got["dryRun"] != true {
		t.Errorf("dry run = %v, %v", got, err)
	}
	for _, with := range []map[string]any{
		{}, {"path": 7.0}, {"path": "//evil.example"[2:]}, {"path": "/p", "query": "n=1"},
	} {
		if _, err := outboundDry(t.Context(), with); err == nil {
			t.Errorf("the parameters %v passed", with)
		}
	}
}
