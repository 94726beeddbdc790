#!/usr/bin/env bash
# Installs the official SignalR client, which the hub is tested with.
#
#   signalr.sh install DIR    installs it under DIR, with npm
set -euo pipefail

version=10.0.11

case "${1:-}" in
install)
  dir=${2:?install needs a folder}
  mkdir -p "$dir"
  npm install --prefix "$dir" --no-save --no-package-lock --no-audit --no-fund --silent "@microsoft/signalr@$version"
  ;;
*)
  echo "usage: signalr.sh install DIR" >&2
  exit 2
  ;;
esac
