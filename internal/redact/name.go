package redact

import "regexp"

// secretName is what variables with secrets end in, or have before a "_". A key needs
// a word that says what it opens, as there are keys of sorting and of caches, too.
var secretName = regexp.MustCompile(`(?i)(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRETS?|CREDENTIALS?|SSHPASS|_PWD|(?:^|_)PASS|` +
	`(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|DEPLOY|AUTH)_?KEY)(?:_|$)`)

// SecretName reports whether a variable of the environment with this name holds a
// secret. It takes no everyday variable for one: its value would be masked wherever
// it stands.
func SecretName(name string) bool { return secretName.MatchString(name) }
