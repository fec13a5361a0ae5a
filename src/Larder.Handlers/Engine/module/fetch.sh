#!/usr/bin/env bash
# Brings the JavaScript engine from npm to where the build looks for it; does nothing when it is there. Only handlers
# need it. Which build it is stands in package-lock.json, and Larder itself checks it again.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd -P)
[ ! -f "$here/node_modules/quickjs-wasi/quickjs.wasm" ] || exit 0

command -v npm >/dev/null || {
  echo "fetch.sh: handlers need npm once, to get the JavaScript engine; install Node.js and run $here/fetch.sh." >&2
  exit 1
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
(cd "$here" && npm ci --no-audit --no-fund --loglevel=error) >"$log" 2>&1 </dev/null || {
  tail -5 "$log" >&2
  echo "fetch.sh: npm could not get the JavaScript engine, without which handlers do not run; try again with $here/fetch.sh." >&2
  exit 1
}
