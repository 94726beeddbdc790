#!/usr/bin/env bash
# Writes the reports of every state that a reader may meet, to be looked at:
# results/gallery/STATE, each of a real run against the reference engine on this
# machine's loopback, but for those that nobody can wait for, which are made up.
# Takes three minutes once all is built; the load is light and ends by itself.
#
#   tools/gallery.sh [STATE...]    only those
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export PATH="$root/.tools/bin:$PATH"
# shellcheck source=tools/engine.sh
source tools/engine.sh

out=results/gallery
work=$out/.work
mkdir -p "$work"

# allowed runs a command whose exit code may be that of a verdict.
allowed() {
	local code=0
	"$@" >"$work/log" 2>&1 || code=$?
	case $code in
	0 | 3 | 4 | 5) ;;
	*)
		cat "$work/log" >&2
		exit "$code"
		;;
	esac
}

# run DIR K6_ARGUMENTS... makes a run and its reports; REPORT holds further flags.
REPORT=()
run() {
	local dir=$1
	shift
	allowed bin/k6report run --yes --out "$dir" "${REPORT[@]}" -- k6 run -e BASE_URL="$engine_url" "$@"
}

# The settings of scenarios/lab.js for a run of nine seconds.
steps=(-e WARMUP=1 -e STAY=3.5 -e LOW=15 -e HIGH=30 -e WORKFLOWS=quote)

healthy_smoke() {
	engine_start "$root"
	allowed env TIME_SCALE=0.2 RATE_SCALE=0.2 bin/k6report run smoke --url "$engine_url" --yes --out "$out/healthy-smoke"
}

# baseline makes what two states compare with, once.
baseline() {
	[[ ! -d $work/store ]] || return 0
	local i
	engine_start "$root"
	for i in 1 2 3 4 5; do
		run "$work/base-$i" "${steps[@]}" -e SEED="$i" scenarios/lab.js
	done
	bin/k6report baseline add --baseline lab --store "$work/store" "$work"/base-* >"$work/log"
}

regression_with_cause() {
	baseline
	engine_start "$root" -fault callee
	REPORT=(--baseline lab --store "$work/store" --confirm --label commit=5c1cce1 --label branch=slow-callee)
	run "$out/regression-with-cause" "${steps[@]}" -e SEED=6 scenarios/lab.js
	REPORT=()
}

# A few short runs tell too little of each other for the one gate there is.
inconclusive() {
	local i few=(-e RATE=40 -e DURATION=3s -e ONLY=workflows)
	printf 'gates:\n  - {endpoint: workflows, statistic: p(95), smallest_change: 2%%}\n' >"$work/few.yaml"
	engine_start "$root"
	for i in 1 2 3; do
		run "$work/few-$i" "${few[@]}" tools/gallery/reads.js
	done
	rm -rf "$work/few-store"
	bin/k6report baseline add --baseline few --store "$work/few-store" --config "$work/few.yaml" "$work"/few-? >"$work/log"
	REPORT=(--baseline few --store "$work/few-store" --config "$work/few.yaml")
	run "$out/inconclusive" "${few[@]}" tools/gallery/reads.js
	REPORT=()
}

# More load than the VUs can carry: most of it is dropped.
invalid_run() {
	engine_start "$root" -fault untraced
	run "$out/invalid-run" -e RATE=400 -e VUS=2 -e DURATION=8s tools/gallery/reads.js
}

no_components() {
	engine_start "$root"
	run "$out/no-components" -e RATE=60 -e DURATION=12s tools/gallery/reads.js
}

one_endpoint() {
	engine_start "$root"
	run "$out/one-endpoint" -e RATE=60 -e DURATION=12s -e ONLY=health tools/gallery/reads.js
}

five_seconds() {
	engine_start "$root"
	run "$out/five-seconds" -e RATE=40 -e DURATION=5s tools/gallery/reads.js
}

hostile_strings() {
	engine_start "$root"
	run "$out/hostile-strings" tools/gallery/hostile.js
}

many_endpoints() {
	engine_start "$root"
	run "$out/many-endpoints" -e RATE=300 -e DURATION=10s -e NAMES=200 tools/gallery/reads.js
}

# Growing load until the executions have to wait.
capacity() {
	engine_start "$root" -fault slow=6
	run "$out/capacity" tools/gallery/stairs.js
}

eight_hours() {
	go run ./tools/gallery -duration 8h -rate 5 -endpoints 12 >"$work/eight-hours.json"
	allowed bin/k6report analyze "$work/eight-hours.json" --out "$out/eight-hours"
	rm -f "$work/eight-hours.json"
}

thirty_minutes() {
	go run ./tools/gallery -duration 30m -rate 60 -endpoints 20 -components >"$work/thirty-minutes.json"
	allowed bin/k6report analyze "$work/thirty-minutes.json" --out "$out/thirty-minutes"
	rm -f "$work/thirty-minutes.json"
}

states=(healthy-smoke regression-with-cause inconclusive invalid-run no-components one-endpoint five-seconds
	hostile-strings many-endpoints capacity eight-hours thirty-minutes)

make --no-print-directory build
engine_build "$root"
(($# > 0)) || { rm -rf "$out" && mkdir -p "$work" && set -- "${states[@]}"; }
for state in "$@"; do
	case " ${states[*]} " in
	*" $state "*) ;;
	*)
		printf 'gallery.sh: error: there is no state %s; there are %s\n' "$state" "${states[*]}" >&2
		exit 2
		;;
	esac
	printf '%s\n' "$state"
	"${state//-/_}"
done
if command -v chromium >/dev/null; then
	printf 'screenshots\n'
	go run ./tools/shots "${@/#/$out/}"
fi
printf '\nThe reports are in %s: open */report.html, or look at */shots\n' "$out"
