#!/usr/bin/env bash
# Shows k6report at work: builds it and the reference engine, loads the engine
# with k6 on this machine's loopback, reports, puts a fault into the engine and
# asks what has become worse, and why. Takes two minutes once all is built. The
# engine is stopped whatever happens.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export PATH="$root/.tools/bin:$PATH"
# shellcheck source=tools/engine.sh
source tools/engine.sh

make --no-print-directory build
engine_build "$root"

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

# rate is a k6 command as anybody's could be: a script at a constant rate.
rate() { # REQUESTS-PER-SECOND DURATION
	k6=(k6 run -e BASE_URL="$engine_url" -e TEST_MODE=rate -e RATE="$1" -e DURATION="$2" scenarios/smoke-test.js)
}

out=results/demo
rm -rf "$out"
engine_start "$root"
rate 20 15s
say 'One run of any k6 command: what happened, and can it be believed?' \
	bin/k6report run --out "$out/rate" -- "${k6[@]}"
rate 40 10s
say 'Five runs, to know what is normal; their reports are kept, not shown' \
	bin/k6report run --quiet --repeat 5 --out "$out/healthy" -- "${k6[@]}"

# Few of its requests wait for that service, but so long that it shows on a machine
# that others use, too.
engine_start "$root" -callee-delay 100ms
rate 40 10s
say 'Two runs of an engine whose downstream service takes 100 ms instead of 2' \
	bin/k6report run --quiet --repeat 2 --out "$out/slowed" -- "${k6[@]}"
say 'Is it worse than before, and why?' bin/k6report compare --base "$out/healthy" "$out/slowed" --out "$out/compared"

cat <<-END

	What was to be seen: load and script were the same for both engines, and no
	threshold sees such a change: they allow an execution 500 ms. k6report took the
	spread of the healthy runs for what is normal, found the others to be slower than
	that, and named where it comes from: the service that the engine calls.

	The comparison as a page, with all its evidence: $out/compared/report.html
	A run with everything: bin/k6report analyze $out/rate --verbose
	The same on your own system: bin/k6report run -- k6 run script.js
END
