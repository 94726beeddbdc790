#!/usr/bin/env bash
# Looks for known vulnerabilities in what the module in the current folder calls,
# of the standard library and of other modules. Asks the database of GOVULNDB. Where
# that is not set, it asks https://vuln.go.dev, and where that does not help, the files
# that this database is made of: they are a Go module, and the registry of modules
# tells how new they are.
#
# Exit codes are those of govulncheck: 0 none, 3 some, others could not look.
set -euo pipefail

# look FLAGS runs govulncheck, and ends here if it could look.
look() {
	code=0
	govulncheck "$@" ./... || code=$?
	[[ $code != 0 && $code != 3 ]] || exit "$code"
}

# of NAME takes a value out of what go mod download says, on standard input.
of() { sed -n 's/^\t"'"$1"'": "\(.*\)",*$/\1/p'; }

if [[ -n ${GOVULNDB:-} ]]; then
	asked=$GOVULNDB
	look -db "$GOVULNDB"
else
	asked='https://vuln.go.dev, then the registry of Go modules for golang.org/x/vulndb'
	look
	said=$(cd / && go mod download -json golang.org/x/vulndb@latest) || true # in no module, whose versions would count
	dir=$(of Dir <<<"$said")
	if [[ -n $dir ]]; then
		printf 'tools/vuln.sh: the files of the database are asked instead: golang.org/x/vulndb %s\n' "$(of Version <<<"$said")" >&2
		look -db "file://$dir/data/osv"
	else
		of Error <<<"$said" >&2
	fi
fi
printf 'tools/vuln.sh: error: nothing is known of the vulnerabilities of %s, see above\n' "$(go list -m)" >&2
printf 'tools/vuln.sh: hint: it asks %s; GOVULNDB names another database\n' "$asked" >&2
exit "$code"
