#!/usr/bin/env bash
# Looks for known vulnerabilities in what the module in the current folder calls,
# of the standard library and of other modules. Asks the database of GOVULNDB. Where
# that is not set, it asks https://vuln.go.dev, and where that can't be reached, the
# files that this database is made of: they are a Go module.
#
# Exit codes are those of govulncheck: 0 none, 3 some, others could not look.
set -euo pipefail

# look FLAGS runs govulncheck, and ends here if it could look.
look() {
	code=0
	govulncheck "$@" ./... || code=$?
	[[ $code != 0 && $code != 3 ]] || exit "$code"
}

# downloaded prints the folder of the newest files.
downloaded() {
	cd "$(mktemp -d)" # in no module, whose checks of versions would count
	go mod download -json golang.org/x/vulndb@latest | sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p'
}

if [[ -n ${GOVULNDB:-} ]]; then
	look -db "$GOVULNDB"
else
	look
	printf 'tools/vuln.sh: the files of the database are asked instead\n' >&2
	dir=$(downloaded)
	[[ -z $dir ]] || look -db "file://$dir/data/osv"
fi
printf 'tools/vuln.sh: error: nothing is known of the vulnerabilities of %s, see above\n' "$(go list -m)" >&2
printf 'tools/vuln.sh: hint: it asks %s, which has to be reachable; GOVULNDB names another database\n' "${GOVULNDB:-https://vuln.go.dev}" >&2
exit "$code"
