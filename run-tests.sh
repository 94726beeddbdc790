#!/usr/bin/env bash
# Runs a level of the load testing suite and reports on it.
#
#   ./run-tests.sh LEVEL [--url URL] [--output DIR] [--grafana] [FLAG...]
#
# LEVEL is smoke, baseline, load, stress, spike, chaos, db, soak, ultimate,
# breakpoint or all. Without --url (or BASE_URL) the reference engine of testbed/
# is started for it on this machine's loopback, and the level is shrunk to a
# twentieth, the rates of ultimate and all to a fiftieth: no more than a laptop
# bears (RATE_SCALE and TIME_SCALE say otherwise). --output is where reports go,
# without it a new folder under results/. All other flags are those of
# `k6report run`, such as --yes, --repeat N, --verbose, --json.
#
# Builds what is missing: k6report, the engine, and k6 unless it is on PATH.
# Exit codes are those of k6report: 0 passed, 1 could not run, 2 wrong usage,
# 3 regressed, 4 a threshold failed, 5 invalid, 130 interrupted.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/engine.sh
source "$root/tools/engine.sh"

usage() {
	sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}"
}

# given ends with a word where an option has no value: an empty --url, from a
# variable that is not set, must not load some other system.
given() { # OPTION VALUE
	[[ -n $2 ]] && return
	printf 'run-tests.sh: error: %s has no value\n' "$1" >&2
	exit 2
}

args=()
target=${BASE_URL:-${K6REPORT_URL:-}}
while (($#)); do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--url)
		given "$1" "${2-}"
		target=$2
		args+=("$1" "$2")
		shift 2
		continue
		;;
	--url=*)
		target=${1#--url=}
		given --url "$target"
		args+=("$1")
		;;
	--output)
		given "$1" "${2-}"
		args+=(--out "$2")
		shift 2
		continue
		;;
	--output=*)
		given --output "${1#--output=}"
		args+=("--out=${1#--output=}")
		;;
	*) args+=("$1") ;;
	esac
	shift
done
if ((${#args[@]} == 0)); then
	usage >&2
	exit 2
fi

make --no-print-directory -C "$root" build >&2
command -v k6 >/dev/null || "$root/tools/install.sh" k6 >&2
export PATH="$PATH:$root/.tools/bin"
if [[ -z $target ]]; then
	engine_build "$root" >&2
	engine_start "$root"
	# Well under what the engine bears beside k6 on two cores (testbed/README.md):
	# a twentieth of ultimate would be at its knee.
	rate=0.05
	for arg in "${args[@]}"; do
		[[ $arg != ultimate && $arg != all ]] || rate=0.02
	done
	export RATE_SCALE=${RATE_SCALE:-$rate} TIME_SCALE=${TIME_SCALE:-0.05}
	printf 'run-tests.sh: no --url: the reference engine runs at %s, at RATE_SCALE=%s TIME_SCALE=%s of the full load\n' \
		"$engine_url" "$RATE_SCALE" "$TIME_SCALE" >&2
	args+=(--url "$engine_url")
fi
"$root/bin/k6report" run --scenarios "$root/scenarios" "${args[@]}"
