#!/usr/bin/env bash
# Measures the indexer: blocks beside Node.js's WebAssembly engine on the same module, indexing with and without the read cache,
# and views.
#
#   bench/indexer/run.sh [--rounds N] [--markdown FILE]
#   bench/indexer/run.sh --module MODULE [--start-height N] [--rounds N] [--markdown FILE] BLOCKS...
#
# The second measures a module of your own over blocks of your own: files of raw blocks or hex.
#
# Needs node and npm, which brings the AssemblyScript compiler, and librocksdb7.8. Contestants run in processes of their own and
# take turns block by block; only ratios mean anything on a machine that does other things too.
set -euo pipefail

markdown= rounds=5 module= height=0 blocks=()
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --markdown) markdown=$2; shift 2 ;;
    --module) module=$2; shift 2 ;;
    --start-height) height=$2; shift 2 ;;
    [!-]*) blocks+=("$1"); shift ;;
    *) echo "run.sh: there is no option '$1'; see the top of $0." >&2; exit 2 ;;
  esac
done

[ -z "$module" ] || [ ${#blocks[@]} -gt 0 ] || { echo "run.sh: name the blocks that the module is to run over." >&2; exit 2; }
[ -n "$module" ] || [ ${#blocks[@]} -eq 0 ] || { echo "run.sh: --module names the module that is to run over the blocks." >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
work=$root/artifacts/bench-indexer
mkdir -p "$work"
[ -n "$module" ] || [ -d "$root/bench/wasm/node_modules/assemblyscript" ] ||
  (cd "$root/bench/wasm" && npm ci --no-audit --no-fund --loglevel=error) >&2
[ -n "$module" ] || (cd "$root/samples/indexer" && node "$root/bench/wasm/node_modules/assemblyscript/bin/asc.js" ledger.ts -O3 --runtime stub --outFile "$work/ledger.wasm")

if [ -z "${LARDER_BENCH:-}" ]; then
  dotnet publish "$root/bench/Larder.Bench" -c Release --nologo -v q -p:CompileAheadFor=linux-x64 -o "$work/bench" >&2
  LARDER_BENCH=$work/bench/Larder.Bench
fi

report() {
  echo "Command: \`bench/indexer/run.sh ${module:+--module ${module##*/} --start-height $height }--rounds $rounds${module:+ ...}\`; Node.js $(node --version) (V8 $(node -p process.versions.v8)), .NET $(dotnet --version), $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg)."
  echo
  if [ -n "$module" ]; then
    "$LARDER_BENCH" indexer-module "$work" "$here/node-runner.mjs" "$rounds" "$module" "$height" "${blocks[@]}"
  else
    "$LARDER_BENCH" indexer "$work" "$here/node-runner.mjs" "$rounds"
  fi
}
if [ -n "$markdown" ]; then report | tee "$markdown"; else report; fi
