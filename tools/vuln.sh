#!/usr/bin/env bash
# Looks for known vulnerabilities in what the module in the current folder calls,
# of the standard library and of other modules. Asks the database of GOVULNDB,
# https://vuln.go.dev where that is not set.
#
# Exit codes are those of govulncheck: 0 none, 3 some, others could not look.
set -euo pipefail

code=0
govulncheck ./... || code=$?
case $code in
0 | 3) ;;
*)
	printf 'tools/vuln.sh: error: nothing is known of the vulnerabilities of %s, see above\n' "$(go list -m)" >&2
	printf 'tools/vuln.sh: hint: it asks %s, which has to be reachable; GOVULNDB names another database\n' "${GOVULNDB:-https://vuln.go.dev}" >&2
	;;
esac
exit "$code"
