package redact

import "testing"

func TestSecretName(t *testing.T) {
	for name, want := range map[string]bool{
		"GITLAB_TOKEN": true, "CI_JOB_TOKEN": true, "VAULT_TOKEN_1": true, "accessToken": true,
		"K6_INFLUXDB_PASSWORD": true, "PGPASSWORD": true, "password": true, "FTP_PASSWD": true, "GPG_PASSPHRASE": true,
		"PASS": true, "DB_PASS": true, "PASS_DB": true, "SSHPASS": true, "MYSQL_PWD": true,
		"CLIENT_SECRET": true, "SECRET_1": true, "APP_SECRETS": true,
		"GOOGLE_CREDENTIALS": true, "AWS_CREDENTIAL": true,
		"API_KEY": true, "APIKEY": true, "STRIPE_APIKEY_LIVE": true, "SSH_PRIVATE_KEY": true, "AWS_SECRET_ACCESS_KEY": true,
		"COOKIE_SIGNING_KEY": true, "ENCRYPTION_KEY": true, "DEPLOY_KEY": true, "TS_AUTHKEY": true,

		"": false, "PATH": false, "PWD": false, "OLDPWD": false, "K6REPORT_KEY": false, "CACHE_KEY": false,
		"NO_PROXY_BYPASS": false, "BYPASS": false, "PASSED": false, "COMPASS_HOME": false, "SSH_ASKPASS": false, "PGPASSFILE": false,
		"TOKENIZERS_PARALLELISM": false, "MAX_TOKENS": false, "PASSWORDLESS": false, "SECRETARY": false,
		"SSH_AUTH_SOCK": false, "XAUTHORITY": false, "KEYBOARD": false, "CI_JOB_NAME": false, "HOME": false,
	} {
		if got := SecretName(name); got != want {
			t.Errorf("SecretName(%q) is %v, want %v", name, got, want)
		}
	}
}
