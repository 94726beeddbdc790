package config

import "testing"

func TestNamePattern(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"db_*", "db_read", true},
		{"db_*", "db_", true},
		{"db_*", "my_db_read", false},
		{"*_wait_*", "redis_wait_ms", true},
		{"a.b", "axb", false},
		{"db", "db", true},
		{"db", "DB", false},
		{"*", "any/thing\nat all", true},
	}
	for _, tt := range tests {
		p, err := ParseNamePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(tt.name); got != tt.want {
			t.Errorf("%q matches %q: %v", tt.pattern, tt.name, got)
		}
	}
	if _, err := ParseNamePattern(""); err == nil {
		t.Error("an empty pattern is accepted")
	}
	if (NamePattern{}).Match("") || (URLPattern{}).Match("") {
		t.Error("the zero pattern matches")
	}
}

func TestURLPattern(t *testing.T) {
	tests := []struct {
		pattern, url string
		want         bool
	}{
		{"/api/orders/*", "https://h:8080/api/orders/17", true},
		{"/api/orders/*", "https://h/api/orders/17?x=1#y", true},
		{"/api/orders/*", "https://h/api/orders/17/items", false},
		{"/api/orders/**", "https://h/api/orders/17/items", true},
		{"/api/orders/*", "/api/orders/17", true},
		{"/api/**", "https://h/v1/api/x", false},
		{"/", "https://h", true},
		{"/", "https://h/", true},
		{"/*", "checkout", false},
		{"h/api/*", "https://h/api/x", true},
		{"h/api/*", "http://h/api/x", true},
		{"*.example.com/**", "https://cdn.example.com/a/b", true},
		{"https://h/*", "https://h/x", true},
		{"https://h/*", "http://h/x", false},
		{"check*", "checkout", true},
		{"/search?q=*", "https://h/search?q=a", true},
		{"/search?q=*", "https://h/search", false},
		{"/a+b(c)", "https://h/a+b(c)", true},
		{"/x/${}", "http://h/x/${}", true},
	}
	for _, tt := range tests {
		p, err := ParseURLPattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(tt.url); got != tt.want {
			t.Errorf("%q matches %q: %v", tt.pattern, tt.url, got)
		}
	}
}

func TestSuggest(t *testing.T) {
	choices := []string{"metric", "endpoint", "statistic", "smallest_change"}
	tests := []struct{ word, want string }{
		{"metrics", `did you mean "metric"?`},
		{"METRIC", `did you mean "metric"?`},
		{"endpiont", `did you mean "endpoint"?`},
		{"smalest_chagne", `did you mean "smallest_change"?`},
		{"zz", "use metric, endpoint, statistic, smallest_change"},
		{"", "use metric, endpoint, statistic, smallest_change"},
	}
	for _, tt := range tests {
		if got := suggest(tt.word, choices); got != tt.want {
			t.Errorf("suggest(%q) = %s, want %s", tt.word, got, tt.want)
		}
	}
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}} {
		if got := edits(tt.a, tt.b); got != tt.want {
			t.Errorf("edits(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
