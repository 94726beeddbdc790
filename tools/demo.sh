#!/usr/bin/env bash
# Shows k6report at work: builds it and the reference engine, loads the engine
# with k6 on this machine's loopback, and prints the reports. Takes about a
# minute once all is built. The engine is stopped whatever happens.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export PATH="$root/.tools/bin:$PATH"
# shellcheck source=tools/engine.sh
source tools/engine.sh

make --no-print-directory build
engine_build "$root"
engine_start "$root"

# say prints a heading and runs a command. A run that fails a threshold or is
# slower than its baseline has a code of its own, which is a result here.
say() { # HEADING COMMAND...
	printf '\n== %s\n   %s\n\n' "$1" "${*:2}"
	local code=0
	"${@:2}" || code=$?
	case $code in
	0) ;;
	3 | 4 | 5) printf '\n   exit code %d: the verdict above, which a CI job would act on\n' "$code" ;;
	*) exit "$code" ;;
	esac
}

out=results/demo
TIME_SCALE=${TIME_SCALE:-0.2} RATE_SCALE=${RATE_SCALE:-0.2} \
	say 'A level of the suite, at a fifth of its size' \
	bin/k6report run smoke --url "$engine_url" --yes --out "$out/smoke"
say 'The same script at a constant 20 requests a second, around a plain k6 command' \
	bin/k6report run --out "$out/rate" -- k6 run \
	-e BASE_URL="$engine_url" -e TEST_MODE=rate -e RATE=20 -e DURATION=15s scenarios/smoke-test.js

printf '\nThe runs and their reports are in %s. Again, with everything: bin/k6report analyze %s --verbose\n' "$out" "$out/rate"
