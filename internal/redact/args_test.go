package redact

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestArgs(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"nothing", "run -e RATE=20 -e BASE_URL=http://h:1/x x.js", "run -e RATE=20 -e BASE_URL=http://h:1/x x.js"},
		{"separate", "-e API_TOKEN=abc x.js", "-e API_TOKEN=*** x.js"},
		{"joined", "-ePASSWORD=abc --env=db_passwd=abc", "-ePASSWORD=*** --env=db_passwd=***"},
		{"equals inside", "-e KEY=abc=def", "-e KEY=***"},
		{"user info", "--out influxdb=http://u:abc@h:8086/k6", "--out influxdb=http://***@h:8086/k6"},
		{"slash in password", "--out influxdb=http://u:a/b@h/k6", "--out influxdb=http://***@h/k6"},
		{"query", "-e URL=http://h/?a=1&access_token=abc", "-e URL=http://h/?a=1&access_token=***"},
		{"header", "-e H=Authorization:abc", "-e H=Authorization:***"},
		{"gitlab", "-e X=glpat-abcdefghij1234567890", "-e X=***"},
		{"jwt", "-e X=eyJhbGciOi.eyJzdWIi.sig-nature", "-e X=***"},
		{"source", "--secret-source mock=a=abc --secret-source=file=x", "--secret-source mock=*** --secret-source=***"},
		{"others' tokens", "-e A=ghp_0123456789012345678901 xoxb-0123456789 AKIA0123456789ABCDEF", "-e A=*** *** ***"},
		{"a short secret leaves the rest", "--vus 11 x1.js", "--vus 11 x1.js"},
		{"known", "-e X=s3cr3t-1 pre-s3cr3t-post", "-e X=***-1 pre-***-post"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := strings.Fields(tt.args)
			if got := strings.Join(New([]string{"", "1", "s3cr3t"}).Args(args), " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if strings.Join(args, " ") != tt.args {
				t.Errorf("the arguments themselves are now %s", args)
			}
		})
	}
}

func TestErrorsKeepWhatTheyAre(t *testing.T) {
	r := New([]string{token})
	err := r.Error(&fs.PathError{Op: "open", Path: token, Err: fs.ErrNotExist})
	if got := err.Error(); strings.Contains(got, token) || !strings.Contains(got, "open ***") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if r.Error(fs.ErrExist) != fs.ErrExist || r.Error(nil) != nil { //nolint:errorlint // the very same
		t.Error("an error without a secret changes")
	}
}
