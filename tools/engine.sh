# Starts the reference engine for a script that sources this, and stops it when
# the script ends, whatever happens. shellcheck shell=bash
#
#   engine_build ROOT            bin/engine, from ROOT/testbed
#   engine_start ROOT [FLAG...]  one engine on a free port of loopback; its URL is
#                                in engine_url
#   engine_stop                  stops the one that runs

engine_pid=
engine_url=
engine_work=

engine_build() {
	(cd "$1/testbed" && go build -buildvcs=false -o ../bin/engine ./cmd/engine)
}

engine_start() {
	local root=$1 i
	shift
	engine_stop
	[[ -n $engine_work ]] || engine_work=$(mktemp -d)
	rm -f "$engine_work"/*
	trap engine_clean EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# A process group of its own: Ctrl-C is for k6, which still needs the engine.
	set -m
	"$root/bin/engine" -addr 127.0.0.1:0 -addr-file "$engine_work/url" -db "$engine_work/engine.db" -log-level warn "$@" \
		>/dev/null 2>"$engine_work/engine.log" &
	engine_pid=$!
	set +m
	for ((i = 0; i < 300; i++)); do
		if [[ -s $engine_work/url ]]; then
			engine_url=$(<"$engine_work/url")
			return
		fi
		if ! kill -0 "$engine_pid" 2>/dev/null; then
			printf '%s: error: the engine ended before it listened\n' "${0##*/}" >&2
			cat "$engine_work/engine.log" >&2
			exit 1
		fi
		sleep 0.1
	done
	printf '%s: error: the engine did not listen within 30 s\n' "${0##*/}" >&2
	exit 1
}

engine_stop() {
	[[ -n $engine_pid ]] || return 0
	kill "$engine_pid" 2>/dev/null || true
	wait "$engine_pid" 2>/dev/null || true
	engine_pid=
}

engine_clean() {
	engine_stop
	[[ -z $engine_work ]] || rm -rf "$engine_work"
}
