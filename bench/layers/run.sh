#!/usr/bin/env bash
# Layers: processor time of importing gzip, zstd and plain beside the tools that only decompress and hash; private memory over the
# length of a layer; the first byte of a layer's last file.
#
#   bench/layers/run.sh [megabytes] [rounds]          default 400 MB of /usr, best of 3
#
# Needs: gzip, zstd, about 3 GB below $TMPDIR.
set -euo pipefail
megabytes=${1:-400}
rounds=${2:-3}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build "$root/bench/Larder.Bench" -c Release -v quiet --nologo -clp:ErrorsOnly -p:RunAnalyzers=false
bench="$root/artifacts/bin/Larder.Bench/release/Larder.Bench"

# Whole files only: the archive ends where it has to.
cd /
find usr/lib usr/bin usr/share -xdev -type f -printf '%s %p\n' 2>/dev/null \
  | awk -v limit=$((megabytes * 1000000)) 'sum <= limit { sum += $1; print substr($0, index($0, " ") + 1) }' > "$work/list"
tar -cf "$work/layer.tar" --no-recursion -T "$work/list"
cd "$root"
gzip -6 -c "$work/layer.tar" > "$work/layer.tar.gz"
zstd -q -3 -c "$work/layer.tar" > "$work/layer.tar.zst"
diff_id=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
bytes=$(stat -c %s "$work/layer.tar")

# Processor seconds of a pipe that does what a layer needs at least: blob digest, decompression, diff id.
peer() {
  local best=""
  for _ in $(seq "$rounds"); do
    local times
    TIMEFORMAT='%U %S'
    times=$( { time bash -c "tee >(sha256sum >/dev/null) < '$2' | $1 | tee >(sha256sum >/dev/null) > '$work/out'" ; } 2>&1 | tail -1)
    best=$(awk -v t="$times" -v b="$best" 'BEGIN { split(t, p, " "); s = p[1] + p[2]; print (b == "" || s < b) ? s : b }')
  done
  awk -v name="$1" -v s="$best" -v n="$bytes" 'BEGIN { printf "peer: sha256sum | %s | sha256sum: %.0f MB/s of processor time\n", name, n / 1e6 / s }'
}

echo "archive of $bytes bytes; gzip $(stat -c %s "$work/layer.tar.gz"), zstd $(stat -c %s "$work/layer.tar.zst")"
"$bench" layers inflate "$work/layer.tar.gz" | tail -"$rounds"
for form in gz:'gzip -dc' zst:'zstd -dcq' plain:cat; do
  file="$work/layer.tar"
  [ "${form%%:*}" = plain ] || file="$work/layer.tar.${form%%:*}"
  echo "-- ${form%%:*}"
  "$bench" layers import "$file" "$diff_id" "$work/cache" $((rounds + 1)) | tail -"$rounds"
  peer "${form#*:}" "$file"
done
echo "-- memory"
# The collector is bounded as in the processes of a mount (MountLauncher).
for size in 50 500 5000; do DOTNET_GCGen0MaxBudget=400000 "$bench" layers memory "$size" "$work/cache"; done
echo "-- first byte"
"$bench" layers first-byte "$work/layer.tar.gz" "$diff_id" "$work/cache"
