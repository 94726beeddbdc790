#!/usr/bin/env bash
# A PostgreSQL cluster to throw away, for tests and laboratory runs.
#
#   postgres.sh start DIR    makes a cluster in DIR, which must not exist, and
#                            prints its URL
#   postgres.sh stop DIR     stops it and removes DIR
#
# It listens on a socket inside DIR only: there is no port to collide on, and
# nobody else can reach it. A DIR under /dev/shm keeps the disk's moods out of
# the commits. PostgreSQL refuses to run as root, so for root it
# runs as the user "postgres". Exit code 3: PostgreSQL is not installed.
set -euo pipefail

fail() {
  echo "postgres.sh: error: $2" >&2
  exit "$1"
}

# bin prints the folder of the newest server's programs; Debian keeps them out
# of PATH.
bin() {
  local newest
  newest=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  if [ -z "$newest" ]; then
    newest=$(command -v initdb || true)
  fi
  [ -n "$newest" ] || fail 3 "PostgreSQL is not installed; tools/install.sh postgresql does it, as root"
  dirname "$newest"
}

# as_server runs a program as the user that the server runs as.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

start() {
  local dir=$1 bin
  bin=$(bin)
  [ ! -e "$dir" ] || fail 1 "$dir exists already"
  mkdir -m 700 -p "$dir"
  dir=$(cd "$dir" && pwd)
  # A socket's path has 107 bytes at most, and its name takes 15.
  [ ${#dir} -le 92 ] || fail 1 "$dir is too long a path for a socket"
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$dir"
  fi
  as_server "$bin/initdb" --pgdata="$dir/data" --username=engine --auth=trust --no-locale --encoding=UTF8 \
    --no-sync >"$dir/initdb.log" 2>&1 || fail 1 "initdb failed: $(tail -n 3 "$dir/initdb.log")"
  cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
max_connections = 200
CONF
  as_server "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/server.log" --wait --timeout=60 start \
    >"$dir/pg_ctl.log" 2>&1 || fail 1 "the server did not start: $(tail -n 3 "$dir/server.log")"
  echo "postgres://engine@/postgres?host=$dir"
}

stop() {
  local dir=$1 bin
  bin=$(bin)
  [ -d "$dir/data" ] || fail 1 "$dir holds no cluster"
  as_server "$bin/pg_ctl" --pgdata="$dir/data" --wait --timeout=60 --mode=immediate stop >/dev/null
  rm -rf "$dir"
}

case "${1:-}" in
start) start "${2:?start needs a folder}" ;;
stop) stop "${2:?stop needs a folder}" ;;
*)
  echo "usage: postgres.sh start DIR | stop DIR" >&2
  exit 2
  ;;
esac
