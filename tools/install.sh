#!/usr/bin/env bash
# Installs the tools that the project uses, at the versions of versions.env, into
# .tools, which git ignores. Does nothing for what is already there.
#
#   tools/install.sh NAME...
#
# Go programs:     k6 influxd golangci-lint gofumpt govulncheck benchstat goreleaser cyclonedx-gomod -> .tools/bin
# npm packages:    axe-core signalr duckdb gitlab-ci-local -> .tools/npm/node_modules
# Debian packages: chromium postgresql npm jq       installed when run as root
#
# A Debian or npm tool that can't be had only costs what needs it: the
# script says so and goes on, unless K6REPORT_REQUIRE_ALL=1.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/versions.env
source "$root/tools/versions.env"
bin=$root/.tools/bin
npm_dir=$root/.tools/npm

fail() { # MESSAGE HINT
	printf 'tools/install.sh: error: %s\n' "$1" >&2
	printf 'tools/install.sh: hint: %s\n' "$2" >&2
	exit 1
}

# without says that a tool is missing, which is an error only where all is required.
without() { # MESSAGE HINT
	if [[ ${K6REPORT_REQUIRE_ALL:-} == 1 ]]; then
		fail "$1" "$2"
	fi
	printf 'tools/install.sh: warning: %s; what needs it is skipped\n' "$1" >&2
	printf 'tools/install.sh: hint: %s\n' "$2" >&2
}

# go_tool builds a Go program unless .tools/bin holds that very version.
go_tool() { # NAME MODULE VERSION [PACKAGE WITHIN THE MODULE]
	local name=$1 module=$2 version=$3 package=$2${4:+/$4}
	command -v go >/dev/null ||
		fail "go is not on PATH, and $name is built with it" "install Go 1.26 or later from https://go.dev/dl"
	if [[ -x $bin/$name ]] &&
		go version -m "$bin/$name" 2>/dev/null | awk -v m="$module" -v v="$version" \
			'$1 == "mod" && $2 == m && $3 == v { found = 1 } END { exit !found }'; then
		return
	fi
	printf 'tools/install.sh: building %s %s\n' "$name" "$version" >&2
	mkdir -p "$bin"
	# -mod is cleared because GOFLAGS=-mod=vendor would forbid it; the folder is
	# left because the project's own go.mod has no say in its tools.
	(cd / && GOBIN=$bin GOFLAGS='-trimpath -mod=mod' CGO_ENABLED=0 GOOS='' GOARCH='' \
		go install "$package@$version") ||
		fail "building $name $version failed, see above" \
			"it needs the Go module proxy of \`go env GOPROXY\` and room in \`go env GOCACHE GOMODCACHE\`"
}

# debian installs a package of the system unless its program is there.
debian() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null && return
	[[ -x $bin/$1 ]] && return
	if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
		without "$1 is missing" "install it, on Debian with \`apt-get install $2\` as root"
		return
	fi
	printf 'tools/install.sh: installing Debian package %s\n' "$2" >&2
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get install -qq -y --no-install-recommends "$2" ||
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends "$2"; }; } >&2; then
		without "installing Debian package $2 failed, see above" "check the package sources of apt"
	fi
}

# postgresql puts the server's programs, which Debian keeps off PATH, into .tools/bin.
postgresql() {
	local programs=(initdb pg_ctl postgres) dir name
	[[ -d /usr/lib/postgresql ]] || debian postgres postgresql
	for dir in /usr/lib/postgresql/*/bin; do
		[[ -x $dir/postgres ]] || continue
		mkdir -p "$bin"
		for name in "${programs[@]}"; do
			ln -sfn "$dir/$name" "$bin/$name"
		done
	done
}

# npm_package installs a package of npm unless that very version is there.
npm_package() { # PACKAGE VERSION
	local have=$npm_dir/node_modules/$1/package.json
	if [[ -f $have ]] && grep -q "\"version\": *\"$2\"" "$have"; then
		return
	fi
	debian npm npm
	if ! command -v npm >/dev/null; then
		return # debian has said so
	fi
	printf 'tools/install.sh: installing npm package %s %s\n' "$1" "$2" >&2
	mkdir -p "$npm_dir"
	[[ -f $npm_dir/package.json ]] || printf '{"private":true}\n' >"$npm_dir/package.json"
	npm install --prefix "$npm_dir" --save-exact --no-audit --no-fund --ignore-scripts --loglevel=error "$1@$2" >&2 ||
		without "installing npm package $1 $2 failed, see above" "check \`npm config get registry\` and the network"
}

(($#)) || fail "no tool named" "tools/install.sh k6 influxd golangci-lint gofumpt govulncheck benchstat goreleaser cyclonedx-gomod axe-core signalr duckdb gitlab-ci-local chromium postgresql npm jq"
for name in "$@"; do
	case $name in
	k6) go_tool k6 go.k6.io/k6 "$K6_VERSION" ;;
	influxd) go_tool influxd github.com/influxdata/influxdb "$INFLUXD_VERSION" cmd/influxd ;;
	golangci-lint) go_tool golangci-lint github.com/golangci/golangci-lint/v2 "$GOLANGCI_LINT_VERSION" cmd/golangci-lint ;;
	gofumpt) go_tool gofumpt mvdan.cc/gofumpt "$GOFUMPT_VERSION" ;;
	goreleaser) go_tool goreleaser github.com/goreleaser/goreleaser/v2 "$GORELEASER_VERSION" ;;
	cyclonedx-gomod) go_tool cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod "$CYCLONEDX_GOMOD_VERSION" cmd/cyclonedx-gomod ;;
	govulncheck) go_tool govulncheck golang.org/x/vuln "$GOVULNCHECK_VERSION" cmd/govulncheck ;;
	benchstat) go_tool benchstat golang.org/x/perf "$BENCHSTAT_VERSION" cmd/benchstat ;;
	axe-core) npm_package axe-core "$AXE_CORE_VERSION" ;;
	signalr) npm_package @microsoft/signalr "$SIGNALR_VERSION" ;;
	gitlab-ci-local) npm_package gitlab-ci-local "$GITLAB_CI_LOCAL_VERSION" ;;
	duckdb) npm_package @duckdb/node-api "$DUCKDB_VERSION" ;;
	chromium) debian chromium chromium ;;
	postgresql) postgresql ;;
	npm) debian npm npm ;;
	jq) debian jq jq ;;
	*) fail "unknown tool $name" "see the list at the head of tools/install.sh" ;;
	esac
done
