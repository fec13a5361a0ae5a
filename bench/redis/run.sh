#!/usr/bin/env bash
# Measures the Redis client and the remote store on it against redis-benchmark on the same server.
#
#   bench/redis/run.sh [ROUNDS]
#
# Needs redis-server and redis-benchmark (apt-get install redis-server redis-tools). Rounds of the three are interleaved,
# and what is reported is the median over rounds; CPU is what the client processes used. Prints Markdown.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd -P)
for tool in redis-server redis-benchmark redis-cli; do
  command -v "$tool" >/dev/null || { echo "run.sh: $tool is missing: apt-get install redis-server redis-tools" >&2; exit 2; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/larder-bench-redis.XXXXXX")
port=$((20000 + $$ % 10000))
redis-server --port $port --bind 127.0.0.1 --dir "$work" --save '' --appendonly no \
  --maxmemory 2gb --maxmemory-policy allkeys-lru >"$work/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do
  redis-cli -p $port ping >/dev/null 2>&1 && break
  sleep 0.1
done

[ -n "${LARDER_BENCH_BUILT:-}" ] ||
  dotnet build "$root/bench/Larder.Bench" -c Release -v quiet --nologo -p:RunAnalyzers=false >&2
echo "$(redis-server --version | cut -d' ' -f3), $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg) at the start"
echo
dotnet "$root/artifacts/bin/Larder.Bench/release/Larder.Bench.dll" redis $port "${1:-5}"
