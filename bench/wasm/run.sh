#!/usr/bin/env bash
# Measures the WebAssembly engine against Node.js (V8) on the same modules in the same run.
#
#   bench/wasm/run.sh [programs|latency|all] [--rounds N] [--only TEXT] [--markdown FILE]
#
# Needs node, npm, clang and lld (installed with apt-get when missing, as root); npm brings the AssemblyScript compiler
# and QuickJS, the engine of handlers. Rounds of all engines and configurations are interleaved, and what is reported is the least
# processor time; only ratios mean anything on a machine that does other things too.
set -euo pipefail

what=all markdown= options=()
case ${1:-} in programs | latency | all) what=$1; shift ;; esac
while [ $# -gt 0 ]; do
  case $1 in
    --rounds | --only | --configurations) options+=("$1" "$2"); shift 2 ;;
    --markdown) markdown=$2; shift 2 ;;
    *) echo "run.sh: there is no option '$1'; see the top of $0." >&2; exit 2 ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)

missing=()
for tool in node:nodejs npm:npm clang:clang wasm-ld:lld; do
  command -v "${tool%%:*}" >/dev/null || missing+=("${tool#*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] ||
    { echo "run.sh: missing: ${missing[*]}; install them with apt-get as root." >&2; exit 2; }
  echo "run.sh: installing ${missing[*]} ..." >&2
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends "${missing[@]}"; } >&2
fi
engine=$root/src/Larder.Handlers/Engine/module
"$engine/fetch.sh"
[ -d "$here/node_modules/assemblyscript" ] ||
  (cd "$here" && npm ci --no-audit --no-fund --loglevel=error) >&2

work=$root/artifacts/bench-wasm
mkdir -p "$work"
compile() {
  clang --target=wasm32 -O2 -mbulk-memory "${@:2}" -nostdlib -Wall -Wextra -Wno-infinite-recursion -Wl,--no-entry -Wl,-z,stack-size=65536 \
    -o "$work/$1.wasm" "$here/$1.c"
}
compile kernels
compile simd -msimd128
compile calls
"$here/node_modules/.bin/asc" "$here/assembly/indexer.ts" -O3 -o "$work/indexer.wasm"
cp "$engine/node_modules/quickjs-wasi/quickjs.wasm" "$work/quickjs.wasm"
rm -rf "$work/javascript"
cp -r "$here/javascript" "$work/javascript"

if [ -z "${LARDER_BENCH:-}" ]; then
  # As './larder' and the container have it: with machine code in the assemblies.
  dotnet publish "$root/bench/Larder.Bench" -c Release --nologo -v q -p:CompileAheadFor=linux-x64 -o "$work/bench" >&2
  LARDER_BENCH=$work/bench/Larder.Bench
fi

report() {
  echo "Command: \`bench/wasm/run.sh $what${options[*]:+ ${options[*]}}\`; Node.js $(node --version) (V8 $(node -p process.versions.v8)),"
  echo ".NET $(dotnet --version), $(clang --version | sed -n 's/.*clang version \([0-9.]*\).*/clang \1/p'), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg) at the start."
  [ "$what" = latency ] || "$LARDER_BENCH" wasm "$work" "$here/node-runner.mjs" "${options[@]}"
  [ "$what" = programs ] || "$LARDER_BENCH" wasm-latency "$work" "$here/node-runner.mjs"
}
if [ -n "$markdown" ]; then report | tee "$markdown"; else report; fi
