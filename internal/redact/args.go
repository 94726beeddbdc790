package redact

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// A name that sounds like a secret, and all that follows its "=" or ":".
	// Masking too much of a command line costs nothing, too little costs a token.
	namedArg = regexp.MustCompile(
		`(?is)([\w.-]*(?:token|secret|passw|pwd|credential|key|auth|cookie|session|bearer|signature)[\w.-]*\s*[=:])(.+)`)
	// The user and password of a URL, even with a slash in it.
	userInfoArg = regexp.MustCompile(`(://)\S*@`)
	// JSON in base64, of which JWTs begin.
	encodedArg = regexp.MustCompile(`\beyJ[\w.-]{10,}`)
)

// secretSource is the flag of k6 whose value has the form KIND=NAME=VALUE.
const secretSource = "--secret-source"

// Args are the arguments of a command line with everything masked that [Redactor.Text]
// masks and, as a word before a value tells more there, all values whose name
// sounds like a secret. It errs on the side of masking.
func (r *Redactor) Args(args []string) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		if i > 0 && args[i-1] == secretSource {
			kind, _, _ := strings.Cut(arg, "=")
			out[i] = kind + "=" + Mask
			continue
		}
		arg = r.Text(arg)
		arg = userInfoArg.ReplaceAllString(arg, "${1}"+Mask+"@")
		arg = encodedArg.ReplaceAllString(arg, Mask)
		out[i] = namedArg.ReplaceAllString(arg, "${1}"+Mask)
	}
	return out
}

// Error is an error whose text is masked; errors.Is and errors.As see the one
// that it was made of. One without a secret stays as it is.
func (r *Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	text := r.Text(err.Error())
	if text == err.Error() {
		return err
	}
	return maskedError{text, err}
}

type maskedError struct {
	text string
	err  error
}

func (e maskedError) Error() string { return e.text }

func (e maskedError) Unwrap() error { return e.err }
