package view

import (
	"testing"
	"time"

	"k6report/internal/report"
)

func TestNumber(t *testing.T) {
	for _, tc := range []struct {
		v      float64
		places int
		want   string
	}{
		{0, 2, "0"},
		{0.71, 2, "0.71"},
		{0.004, 2, "<0.01"},
		{7.926, 2, "7.93"},
		{9.999, 2, "10.0"},
		{38.21, 2, "38.2"},
		{99.96, 2, "100"},
		{999.6, 2, "1,000"},
		{5006.2, 2, "5,006"},
		{1234567, 2, "1,234,567"},
		{-12.34, 2, "−12.3"},
		{999_999_999_999_999, 2, "999,999,999,999,999"},
		{-1e300, 2, "−1e+300"},
		{0.0123, 6, "0.0123"},
	} {
		if got := Number(tc.v, tc.places); got != tc.want {
			t.Errorf("Number(%v, %d) = %q, want %q", tc.v, tc.places, got, tc.want)
		}
	}
}

func TestWords(t *testing.T) {
	low, high := 0.341, 0.42
	started := time.Date(2026, 11, 23, 11, 45, 53, 0, time.FixedZone("", 3600))
	for got, want := range map[string]string{
		Count(412345):                            "412,345",
		Count(-1000):                             "-1,000",
		ShortCommit("4f0c2d81aa55"):              "4f0c2d81",
		ShortCommit("release-2026.11"):           "release-2026.11",
		Milliseconds(0.714):                      "0.714 ms",
		Milliseconds(812.3):                      "812 ms",
		Milliseconds(999.7):                      "1 s",
		Milliseconds(1904):                       "1.9 s",
		Milliseconds(61_000):                     "1m 1s",
		Seconds(4):                               "4 s",
		Seconds(59.99):                           "1m",
		Seconds(601.8):                           "10m 2s",
		Seconds(3600):                            "1h",
		Seconds(29_100):                          "8h 5m",
		Seconds(1e300):                           "2.78e+296h",
		Seconds(-9e15):                           "−2,500,000,000,000h",
		Milliseconds(-1e300):                     "−2.78e+293h",
		PerSecond(1e300):                         "1e+300/s",
		PerSecond(499.94):                        "499.9/s",
		PerSecond(12345.6):                       "12,346/s",
		PerSecond(0.35):                          "0.35/s",
		Percent(0):                               "0 %",
		Percent(1):                               "100 %",
		Percent(0.182):                           "18.2 %",
		Percent(0.00012):                         "0.012 %",
		Percent(0.0000001):                       "<0.001 %",
		Percent(0.99999):                         ">99.99 %",
		Percent(0.9978):                          "99.78 %",
		Change(0.381):                            "+38.1 %",
		Change(-0.042):                           "−4.2 %",
		Change(0.0002):                           "±0 %",
		Change(0.05):                             "+5 %",
		Change(1.5):                              "+150 %",
		Bytes(999):                               "999 B",
		Bytes(1_912_345_678):                     "1.91 GB",
		Bytes(999_700):                           "1 MB",
		Measure(0.5, "share"):                    "50 %",
		Measure(412351, "count"):                 "412,351",
		Measure(3177710, "B/s"):                  "3.18 MB/s",
		Measure(12.5, ""):                        "12.5",
		Measure(3, "apples"):                     "3 apples",
		Moment(started):                          "23 Nov 2026 10:45:53 UTC",
		Plural(1, "check", "checks"):             "1 check",
		Plural(0, "check", "checks"):             "0 checks",
		ChangeOf(0.02, "ms"):                     "+2 %",
		ChangeOf(0.02, "share"):                  "+2 pt",
		ChangeOf(-0.0004, "share"):               "−0.04 pt",
		ChangeOf(0.000001, "share"):              "±0 pt",
		ChangeRange(nil, "ms"):                   Absent,
		ChangeRange(&report.Interval{}, "share"): Absent,
		ChangeRange(&report.Interval{Low: &low, High: &high}, "ms"):    "+34.1 to +42 %",
		ChangeRange(&report.Interval{Low: &low}, "ms"):                 "+34.1 to … %",
		ChangeRange(&report.Interval{Low: &low, High: &high}, "share"): "+34.1 to +42 pt",
		ChangeRange(&report.Interval{High: &high}, "share"):            "… to +42 pt",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Two numbers that are compared are shown in one unit.
func TestPair(t *testing.T) {
	num := func(v float64) *float64 { return &v }
	for _, tc := range []struct {
		a, b         *float64
		unit         string
		wantA, wantB string
	}{
		{num(588.2), num(1812.3), "ms", "588 ms", "1,812 ms"},
		{num(9000), num(12000), "ms", "9 s", "12 s"},
		{num(61e6), num(980e3), "B", "61 MB", "0.98 MB"},
		{nil, num(3), "ms", Absent, "3 ms"},
		{num(0.001), num(0.02), "share", "0.1 %", "2 %"},
		{nil, nil, "ms", Absent, Absent},
	} {
		if a, b := Pair(tc.a, tc.b, tc.unit); a != tc.wantA || b != tc.wantB {
			t.Errorf("Pair in %s = %q, %q; want %q, %q", tc.unit, a, b, tc.wantA, tc.wantB)
		}
	}
}
