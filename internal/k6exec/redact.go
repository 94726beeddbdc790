package k6exec

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// mask stands where a secret was.
const mask = "***"

var (
	// A name that sounds like a secret, and all that follows its "=" or ":".
	// Masking too much of a command line costs nothing, too little costs a token.
	namedSecret = regexp.MustCompile(
		`(?is)([\w.-]*(?:token|secret|passw|pwd|credential|key|auth|cookie|session|bearer|signature)[\w.-]*\s*[=:])(.+)`)
	// The user and password of a URL.
	userInfo = regexp.MustCompile(`(://)\S*@`)
	// Values that carry their own mark: GitLab's and Grafana's tokens, JWTs.
	markedSecret = regexp.MustCompile(`\b(?:gl[a-z]{2,5}-|glsa_|glc_|eyJ)[\w.-]{10,}`)
)

// Redact returns the arguments with everything masked that looks like a secret:
// values whose name says so, the user and password of URLs, tokens of a known
// form, and the given values wherever they occur. It errs on the side of masking.
func Redact(args, secrets []string) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		if i > 0 && args[i-1] == "--secret-source" { // its form is KIND=NAME=VALUE
			kind, _, _ := strings.Cut(arg, "=")
			out[i] = kind + "=" + mask
			continue
		}
		out[i] = redactText(arg, secrets)
	}
	return out
}

func redactText(s string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, mask)
		}
	}
	s = userInfo.ReplaceAllString(s, "${1}"+mask+"@")
	s = markedSecret.ReplaceAllString(s, mask)
	return namedSecret.ReplaceAllString(s, "${1}"+mask)
}

// redactError keeps err for errors.Is unless its text held a known secret.
func redactError(err error, secrets []string) error {
	text := err.Error()
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, mask)
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
