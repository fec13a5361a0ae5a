#!/usr/bin/env bash
# Measures the node's HTTP against nginx serving the same files, and the node's memory under large transfers.
#
#   bench/http/run.sh [--rounds N] [--seconds N] [--clients N] [--large-mib N] [--markdown FILE]
#
# Needs wrk, nginx and curl (apt-get install wrk nginx-light curl). Rounds of the two servers are interleaved, and
# what is reported is the median over rounds; CPU is what the server's own processes used. Only ratios mean anything
# on a machine that does other things too.
set -euo pipefail

rounds=5 seconds=4 clients=64 large_mib=100 markdown=
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --clients) clients=$2; shift 2 ;;
    --large-mib) large_mib=$2; shift 2 ;;
    --markdown) markdown=$2; shift 2 ;;
    *) echo "run.sh: there is no option '$1'; see the top of $0." >&2; exit 2 ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
for tool in wrk nginx curl; do
  command -v "$tool" >/dev/null || { echo "run.sh: $tool is missing: apt-get install wrk nginx-light curl" >&2; exit 2; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/larder-bench-http.XXXXXX")
chmod 755 "$work"
node_pid= nginx_pid=
finish() {
  [ -z "$node_pid" ] || kill "$node_pid" 2>/dev/null || true
  [ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

nginx_port=$((20000 + $$ % 10000))
node_port=$((nginx_port + 10000))
serve=${LARDER_BENCH_SERVE:-"$root/larder serve"}
[ -n "${LARDER_BENCH_SERVE:-}" ] || "$root/larder" --version >/dev/null

# The disk tier alone: with the memory tier on, small artifacts would never be read from it.
$serve --listen "127.0.0.1:$node_port" --data "$work/data" --memory-capacity 0 >"$work/node.log" 2>&1 &
node_pid=$!
sed -e "s|@DIR@|$work|g" -e "s|@PORT@|$nginx_port|g" "$here/nginx.conf.in" >"$work/nginx.conf"
mkdir -p "$work/files"
chmod 755 "$work/files"
nginx -c "$work/nginx.conf" -e "$work/nginx.error.log" -g "daemon off;" &
nginx_pid=$!
for _ in $(seq 200); do
  if curl -sf "http://127.0.0.1:$node_port/readyz" >/dev/null &&
    curl -s "http://127.0.0.1:$nginx_port/" >/dev/null; then break; fi
  kill -0 "$node_pid" 2>/dev/null || { cat "$work/node.log" >&2; exit 1; }
  sleep 0.1
done

# make SIZE COUNT: the same files for both servers, and a list of paths for each.
make() {
  local size=$1 count=$2 index name
  for index in $(seq "$count"); do
    name=$(printf '%s-%s' "$size" "$index" | sha256sum | cut -d' ' -f1)
    head -c "$size" /dev/urandom >"$work/files/$name"
    curl -sf -o /dev/null -T "$work/files/$name" "http://127.0.0.1:$node_port/v1/artifacts/bench/$name"
    echo "/v1/artifacts/bench/$name" >>"$work/node.$size.paths"
    echo "/$name" >>"$work/nginx.$size.paths"
  done
}

# Clock ticks that a process and its children have used.
ticks() {
  local total=0 pid
  for pid in "$@"; do
    total=$((total + $(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat")))
  done
  echo "$total"
}

median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# round SERVER SIZE: requests per second and CPU microseconds per request, appended to files.
round() {
  local server=$1 size=$2 port before after report requests rate pids
  if [ "$server" = node ]; then port=$node_port pids=$node_pid; else port=$nginx_port pids=$(pgrep -P "$nginx_pid"); fi
  # shellcheck disable=SC2086
  before=$(ticks $pids)
  report=$(wrk -t1 -c32 -d"${seconds}s" -s "$here/paths.lua" "http://127.0.0.1:$port" -- "$work/$server.$size.paths")
  # shellcheck disable=SC2086
  after=$(ticks $pids)
  if grep -qE 'Socket errors|Non-2xx' <<<"$report"; then echo "$report" >&2; exit 1; fi
  requests=$(awk '/requests in/ { print $1 }' <<<"$report")
  rate=$(awk '/Requests\/sec/ { print $2 }' <<<"$report")
  echo "$rate" >>"$work/$server.$size.rate"
  awk -v t="$((after - before))" -v n="$requests" -v hz="$(getconf CLK_TCK)" 'BEGIN { print t / hz * 1e6 / n }' >>"$work/$server.$size.cpu"
}

say() { echo "$*"; [ -z "$markdown" ] || echo "$*" >>"$markdown"; }
[ -z "$markdown" ] || : >"$markdown"

make 4096 64
make 1048576 16
say "# HTTP: the node against nginx"
say
say "Command: \`bench/http/run.sh --rounds $rounds --seconds $seconds --clients $clients --large-mib $large_mib\`, disk tier only,"
say "nginx $(nginx -v 2>&1 | sed 's|.*/||') with sendfile, tcp_nopush, open_file_cache and 2 workers, wrk -t1 -c32, medians of interleaved rounds,"
say "$(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg) at the start."
say
say "| size | nginx req/s | node req/s | ratio | nginx CPU/req (us) | node CPU/req (us) | ratio |"
say "|---|---|---|---|---|---|---|"
for size in 4096 1048576; do
  for server in nginx node; do
    wrk -t1 -c32 -d2s -s "$here/paths.lua" "http://127.0.0.1:$([ $server = node ] && echo $node_port || echo $nginx_port)" -- "$work/$server.$size.paths" >/dev/null
  done
  for _ in $(seq "$rounds"); do
    round nginx $size
    round node $size
  done
  nginx_rate=$(median <"$work/nginx.$size.rate") node_rate=$(median <"$work/node.$size.rate")
  nginx_cpu=$(median <"$work/nginx.$size.cpu") node_cpu=$(median <"$work/node.$size.cpu")
  say "$(awk -v s=$size -v a="$nginx_rate" -v b="$node_rate" -v c="$nginx_cpu" -v d="$node_cpu" \
    'BEGIN { printf "| %s | %.0f | %.0f | **%.2f** | %.1f | %.1f | **%.2f** |", s == 4096 ? "4 KiB" : "1 MiB", a, b, b / a, c, d, d / c }')"
done

# Memory under large transfers: the highest resident size during them against the one before.
resident() { awk '/VmRSS/ { print $2 }' "/proc/$node_pid/status"; }
head -c "$((large_mib * 1024 * 1024))" /dev/urandom >"$work/large"
url() { printf 'http://127.0.0.1:%s/v1/artifacts/large/%064d' "$node_port" "$1"; }
watch_peak() {
  local peak=0 now
  while [ ! -f "$work/stop" ]; do
    now=$(resident)
    [ "$now" -le "$peak" ] || { peak=$now; echo "$peak" >"$work/peak"; }
    sleep 0.1
  done
}
# transfers PUT|GET COUNT FIRST: that many at the same time.
transfers() {
  local index pids=()
  for index in $(seq "$3" $(($3 + $2 - 1))); do
    if [ "$1" = PUT ]; then
      curl -sf -o /dev/null -T "$work/large" "$(url "$index")" &
    else
      curl -sf -o /dev/null "$(url "$index")" &
    fi
    pids+=($!)
  done
  for index in "${pids[@]}"; do wait "$index"; done
}
say
say "| transfers | resident before (MiB) | peak (MiB) | growth (MiB) | seconds |"
say "|---|---|---|---|---|"
transfers PUT 2 9000
transfers GET 2 9000
for method in PUT GET; do
  before=$(resident)
  rm -f "$work/stop" "$work/peak"
  watch_peak &
  watcher=$!
  started=$(date +%s.%N)
  transfers $method "$clients" 1
  ended=$(date +%s.%N)
  touch "$work/stop"
  wait "$watcher"
  say "$(awk -v m="$method" -v n="$clients" -v l="$large_mib" -v b="$before" -v p="$(cat "$work/peak")" -v s="$started" -v e="$ended" \
    'BEGIN { printf "| %s of %d x %d MiB | %.0f | %.0f | **%.0f** | %.1f |", m, n, l, b / 1024, p / 1024, (p - b) / 1024, e - s }')"
done
