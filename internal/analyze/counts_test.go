package analyze

import "testing"

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 requests", 1: "1 request", 999: "999 requests", 1000: "1,000 requests", 144000: "144,000 requests", -1234567: "-1,234,567 requests"} {
		if got := plural(n, "request", "requests"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestTooFew(t *testing.T) {
	for _, tt := range []struct {
		requests, blocks int
		want             string
	}{
		{1445, 4, "4 blocks of time (400/s) are too few: at least 10 are needed"},
		{12, 40, "12 requests (400/s) are too few: at least 200 are needed"},
		{12, 4, "12 requests and 4 blocks of time (400/s) are too few: at least 200 and 10 are needed"},
		{200, 10, ""},
	} {
		if got := tooFew(tt.requests, tt.blocks, "400/s"); got != tt.want {
			t.Errorf("%d requests, %d blocks: %q, want %q", tt.requests, tt.blocks, got, tt.want)
		}
	}
}
