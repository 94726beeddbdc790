#!/usr/bin/env bash
# Runs every fuzzer of the module in the current folder, one after the other.
#
#   tools/fuzz.sh TIME        such as 10s, for each
set -euo pipefail
time=${1:?usage: tools/fuzz.sh TIME}

# Inputs that reach new code are made smaller by a few tries only: by default a minute
# is spent on each, which leaves a short run no time for anything else.
minimize=20x

# The names come from the packages that have one, so that the others are not
# compiled for nothing; and the packages from go, since another module may lie below.
packages=$(go list -f '{{.Dir}}' ./...)
mapfile -t dirs <<<"$packages"
for dir in "${dirs[@]}"; do
	dir=.${dir#"$PWD"}
	grep -qs '^func Fuzz' "$dir"/*_test.go || continue
	mapfile -t names < <(grep -h -o '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go | cut -d' ' -f2 | sort -u)
	for name in "${names[@]}"; do
		printf '%s %s\n' "$dir" "$name"
		go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime "$minimize" "$dir"
	done
done
