#!/usr/bin/env bash
# Writes what a release holds beside the program: manual pages, completions and
# the licences of all that the program is built with.
#
#   tools/release-files.sh FOLDER VERSION
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:?tools/release-files.sh: name the folder to write to}
version=${2:?tools/release-files.sh: name the version, which the manual pages tell}

rm -rf "$folder"
mkdir -p "$folder/completion"
program=$folder/k6report
GOOS='' GOARCH='' go build -tags man -ldflags "-X main.version=$version" -o "$program" ./cmd/k6report
"$program" man "$folder/man" >&2
for shell in bash zsh fish powershell; do
	"$program" completion "$shell" >"$folder/completion/k6report.$shell"
done
GOOS= GOARCH= go run ./tools/licences -texts >"$folder/licences.txt"
rm "$program"
