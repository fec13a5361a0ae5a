#!/usr/bin/env bash
# Measures handlers: calls beside Node.js (a fresh context of vm.Script for each) and beside this runtime without its
# caches, the start of a process, memory of warm instances, the stop of endless handlers, whether fuel is the same on
# every run, and a soak.
#
#   bench/handlers/run.sh [--short] [--only calls,start,memory,stop,fuel] [--soak CALLS] [--markdown FILE]
#
# --soak runs the soak alone. Needs node and npm, which brings QuickJS. Turns of all contestants are interleaved, and what
# is reported is the least disturbed turn; only ratios mean anything on a machine that does other things too.
set -euo pipefail

markdown= soak= options=()
while [ $# -gt 0 ]; do
  case $1 in
    --short) options+=("$1"); shift ;;
    --only) options+=("$1" "$2"); shift 2 ;;
    --soak) soak=$2; shift 2 ;;
    --markdown) markdown=$2; shift 2 ;;
    *) echo "run.sh: there is no option '$1'; see the top of $0." >&2; exit 2 ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
for tool in node npm; do
  command -v "$tool" >/dev/null || { echo "run.sh: $tool is missing; install nodejs and npm." >&2; exit 2; }
done
"$root/src/Larder.Handlers/Engine/module/fetch.sh"
export LARDER_QUICKJS=${LARDER_QUICKJS:-$root/src/Larder.Handlers/Engine/module/node_modules/quickjs-wasi/quickjs.wasm}

if [ -z "${LARDER_BENCH:-}" ]; then
  dotnet build "$root/bench/Larder.Bench" -c Release --nologo -v q >&2
  LARDER_BENCH=$root/artifacts/bin/Larder.Bench/release/Larder.Bench
fi

report() {
  echo "Command: \`bench/handlers/run.sh${soak:+ --soak $soak}${options[*]:+ ${options[*]}}\`; Node.js $(node --version) (V8 $(node -p process.versions.v8)),"
  echo ".NET $(dotnet --version), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg) at the start."
  if [ -n "$soak" ]; then
    "$LARDER_BENCH" handlers-soak "$soak"
  else
    "$LARDER_BENCH" handlers "$here/node-runner.mjs" "${options[@]}"
  fi
}
if [ -n "$markdown" ]; then report | tee "$markdown"; else report; fi
