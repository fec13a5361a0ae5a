#!/usr/bin/env bash
# Measures symbols of the installed .NET framework against their bars, and beside a Roslyn compilation over the same files.
#
#   bench/symbols/run.sh [--rounds N] [--markdown FILE]
#
# Each contestant runs in processes of its own, with machine code in the assemblies as './larder' has it. Only ratios mean
# anything on a machine that does other things too.
set -euo pipefail

markdown= options=()
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) options+=("$1" "$2"); shift 2 ;;
    --markdown) markdown=$2; shift 2 ;;
    *) echo "run.sh: there is no option '$1'; see the top of $0." >&2; exit 2 ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
work=$root/artifacts/bench-symbols
mkdir -p "$work"
if [ -z "${LARDER_BENCH:-}" ]; then
  dotnet publish "$root/bench/Larder.Bench" -c Release --nologo -v q -p:CompileAheadFor=linux-x64 -o "$work/bench" >&2
  LARDER_BENCH=$work/bench/Larder.Bench
fi

report() {
  echo "Command: \`bench/symbols/run.sh${options[*]:+ ${options[*]}}\`; .NET $(dotnet --version), $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg)."
  echo
  "$LARDER_BENCH" symbols "${options[@]}"
}
if [ -n "$markdown" ]; then report | tee "$markdown"; else report; fi
