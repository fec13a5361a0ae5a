#!/usr/bin/env bash
# A C project (the source of redis, about 140 files) built through ccache with the node as its only warm cache:
# cold build, local cache wiped, warm build. Prints both times, their ratio and ccache's own count of remote hits.
#
#   bench/ccache/run.sh [rounds]          default 3
#
# Needs: Debian's apt with dpkg-dev (the source package comes through it), ccache, gcc, make.
set -euo pipefail
rounds=${1:-3}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
node=""
cleanup() {
  [ -z "$node" ] || kill "$node" 2>/dev/null || true
  [ -z "$node" ] || wait "$node" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fetch_source() {
  mkdir -p "$work/apt/parts" "$work/apt/lists/partial"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -f "$file" ] || sed -n 's/^deb /deb-src /p' "$file" >> "$work/apt/parts/source.list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" > "$work/apt/parts/$(basename "$file")"
  done
  local options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/apt/parts"
    -o "Dir::State::lists=$work/apt/lists" -o APT::Sandbox::User=root)
  (cd "$work" && apt-get "${options[@]}" -qq update && apt-get "${options[@]}" -qq source --download-only redis) >/dev/null
  mkdir "$work/pristine"
  tar -xf "$work"/redis_*.orig.tar.gz -C "$work/pristine" --strip-components 1
}

# Builds the project from a fresh copy at one path, so that both builds ask for the same things; prints seconds.
build() {
  rm -rf "$work/project" "$work/local"
  cp -r "$work/pristine" "$work/project"
  sync
  local start end
  start=$(date +%s.%N)
  CCACHE_DIR="$work/local" CCACHE_CONFIGPATH=/dev/null CCACHE_REMOTE_STORAGE="$1" \
    make -C "$work/project/src" -j"$(nproc)" MALLOC=libc CC="ccache gcc" V=1 > "$work/build.log" 2>&1 \
    || { tail -20 "$work/build.log" >&2; exit 1; }
  end=$(date +%s.%N)
  awk -v a="$start" -v b="$end" 'BEGIN { printf "%.2f", b - a }'
}

figure() { CCACHE_DIR="$work/local" CCACHE_CONFIGPATH=/dev/null ccache --print-stats | awk -v key="$1" '$1 == key { print $2 }'; }

fetch_source
"$root/larder" --version > /dev/null
printf '%-6s %9s %9s %7s  %s\n' round cold warm ratio 'remote hits / misses, warm'
for round in $(seq "$rounds"); do
  rm -rf "$work/data"
  "$root/larder" serve --listen 127.0.0.1:0 --data "$work/data" --port-file "$work/port" > "$work/node.log" 2>&1 &
  node=$!
  for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.1; done
  [ -s "$work/port" ] || { cat "$work/node.log" >&2; exit 1; }
  storage="http://127.0.0.1:$(cat "$work/port")/ccache"
  cold=$(build "$storage")
  warm=$(build "$storage")
  awk -v r="$round" -v c="$cold" -v w="$warm" -v h="$(figure remote_storage_hit)" -v m="$(figure remote_storage_miss)" \
    'BEGIN { printf "%-6s %8.2fs %8.2fs %7.3f  %s / %s\n", r, c, w, w / c, h, m }'
  kill "$node"; wait "$node" 2>/dev/null || true; node=""; rm -f "$work/port"
done
