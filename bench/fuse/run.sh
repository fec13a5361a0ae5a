#!/usr/bin/env bash
# Measures a mount of Larder.Fuse against the directory that it shows (ext4) and against squashfuse_ll.
#
#   bench/fuse/run.sh [--rounds N] [--tree DIR] [--with NAME COMMAND]... [--markdown FILE]
#
#   --tree DIR           what is mounted; it must hold large.bin and may hold usr/bin/python3. Made when not given: 12,000
#                        small files, 128 MiB in one, and this machine's Python.
#   --with NAME COMMAND  one more contestant, as often as needed: COMMAND gets a directory as its last argument, mounts the
#                        same tree on it and stays until SIGTERM.
#
# Every round mounts afresh, so that the kernel's caches of the mount are cold while what lies below is in the page cache.
# Rounds of the contestants are interleaved. What is printed is speed relative to the directory itself: median, and best of
# the rounds. Needs root, squashfuse and squashfs-tools.
set -euo pipefail

rounds=5 tree= markdown=
extra_names=() extra_commands=()
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --tree) tree=$2; shift 2 ;;
    --with) extra_names+=("$2"); extra_commands+=("$3"); shift 3 ;;
    --markdown) markdown=$2; shift 2 ;;
    *) echo "run.sh: there is no option '$1'; see the top of $0." >&2; exit 2 ;;
  esac
done

here=$(cd "$(dirname "$0")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
for tool in squashfuse_ll mksquashfs python3; do
  command -v "$tool" >/dev/null || { echo "run.sh: $tool is missing: apt-get install squashfuse squashfs-tools python3" >&2; exit 2; }
done

work=$(mktemp -d "${TMPDIR:-/var/tmp}/larder-bench-fuse.XXXXXX")
mkdir "$work/mnt" "$work/figures"
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  umount -l "$work/mnt" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

bin=$root/artifacts/bin
if [ -z "${LARDER_BENCH_BUILT:-}" ]; then
  dotnet build "$root/bench/Larder.Bench" -c Release -v quiet --nologo -clp:ErrorsOnly -p:RunAnalyzers=false >&2
  # As ./larder publishes the command: with machine code where that is to be had.
  dotnet publish "$root/samples/Larder.Samples.Mirror" -c Release --nologo -v q -p:RunAnalyzers=false -p:CompileAheadFor=linux-x64 -o "$bin/mirror" >&2 ||
    dotnet publish "$root/samples/Larder.Samples.Mirror" -c Release --nologo -v q -p:RunAnalyzers=false -o "$bin/mirror" >&2
fi
measure=("$bin/Larder.Bench/release/Larder.Bench" fuse-measure)
mirror=$bin/mirror/Larder.Samples.Mirror

if [ -z "$tree" ]; then
  tree=$work/tree
  python3 - "$tree" <<'PY'
import os, random, shutil, sys
tree = sys.argv[1]
draw = random.Random(1)
for directory in range(300):
    path = f"{tree}/many/{directory % 20:02}/{directory:03}"
    os.makedirs(path)
    for file in range(40):
        with open(f"{path}/file-{file:02}.txt", "wb") as out:
            out.write(draw.randbytes(draw.randrange(200, 8000)))
with open(f"{tree}/large.bin", "wb") as out:
    for _ in range(128):
        out.write(draw.randbytes(1 << 20))
library = os.path.dirname(os.__file__)
os.makedirs(f"{tree}/usr/bin")
shutil.copy(os.path.realpath(sys.executable), f"{tree}/usr/bin/python3")
shutil.copytree(library, f"{tree}/usr/lib/{os.path.basename(library)}", symlinks=True,
                ignore=shutil.ignore_patterns("test", "dist-packages", "site-packages"))
PY
fi
mksquashfs "$tree" "$work/stored.squashfs" -noI -noD -noF -noX -no-xattrs -quiet -no-progress >/dev/null

contestants=(ext4 squashfuse_ll larder larder-asking "${extra_names[@]}")
label() {
  case $1 in
    ext4) echo "the directory itself" ;;
    squashfuse_ll) echo "squashfuse_ll, stored" ;;
    larder) echo "Larder.Fuse, passthrough" ;;
    larder-asking) echo "Larder.Fuse, without" ;;
    *) echo "$1" ;;
  esac
}

serve() {
  case $1 in
    squashfuse_ll) squashfuse_ll -f "$work/stored.squashfs" "$work/mnt" >/dev/null & ;;
    larder) "$mirror" "$tree" "$work/mnt" >/dev/null 2>"$work/server.log" & ;;
    larder-asking) "$mirror" "$tree" "$work/mnt" --no-passthrough >/dev/null 2>"$work/server.log" & ;;
    *)
      local index
      for index in "${!extra_names[@]}"; do
        # shellcheck disable=SC2086
        [ "${extra_names[$index]}" != "$1" ] || { ${extra_commands[$index]} "$work/mnt" >/dev/null 2>"$work/server.log" & }
      done ;;
  esac
  server=$!
  for _ in $(seq 600); do
    ! mountpoint -q "$work/mnt" || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "run.sh: $1 did not mount" >&2
  cat "$work/server.log" >&2
  exit 1
}

one() {
  if [ "$1" = ext4 ]; then
    "${measure[@]}" "$tree" --stat-only >>"$work/figures/$1"
    "${measure[@]}" "$tree" >>"$work/figures/$1"

    return
  fi

  serve "$1"
  "${measure[@]}" "$work/mnt" --stat-only >>"$work/figures/$1"
  leave
  serve "$1"
  "${measure[@]}" "$work/mnt" --drop >>"$work/figures/$1"
  echo "memory $(awk '/RssAnon/ { print $2 / 1024 }' "/proc/$server/status")" >>"$work/figures/$1"
  leave
}

leave() {
  umount "$work/mnt"
  wait "$server" 2>/dev/null || true
  server=
}

"${measure[@]}" "$tree" >/dev/null
cat "$work/stored.squashfs" >/dev/null
load=$(cut -d' ' -f1 /proc/loadavg)
for _ in $(seq "$rounds"); do
  for contestant in "${contestants[@]}"; do
    one "$contestant"
  done
done

say() { echo "$*"; [ -z "$markdown" ] || echo "$*" >>"$markdown"; }
[ -z "$markdown" ] || : >"$markdown"
names=(find-cold find-warm stat-cold stat-again stat-warm small-cold small-warm sequential sequential-2-jobs random-miss random-hit import-cold import-warm)
say "# Mounts: Larder.Fuse against the directory itself and squashfuse_ll"
say
say "Command: \`bench/fuse/run.sh --rounds $rounds\`; $(nproc) processors, kernel $(uname -r | cut -d- -f1), load $load at the start."
say "Speed relative to the directory itself on ext4, all of it in the page cache: median (best) of $rounds interleaved rounds."
say
say "| | $(IFS='|'; echo "${names[*]}" | sed 's/|/ | /g') | private MiB |"
say "|---$(printf '|---%.0s' "${names[@]}")|---|"
statistic() { awk -v n="$2" '$1 == n { print $2 }' "$work/figures/$1" | sort -g | awk -v best="$3" '
  { v[NR] = $1 } END { if (NR) print best ? v[1] : (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'; }
for contestant in "${contestants[@]}"; do
  line="| $(label "$contestant") |"
  for name in "${names[@]}"; do
    mine=$(statistic "$contestant" "$name" 0) best=$(statistic "$contestant" "$name" 1)
    base=$(statistic ext4 "$name" 0) base_best=$(statistic ext4 "$name" 1)
    line+=$(awk -v m="$mine" -v b="$best" -v r="$base" -v rb="$base_best" -v first="$contestant" 'BEGIN {
      if (m == "") print " - |"
      else if (first == "ext4") printf " %.1f ms |", m * 1000
      else printf " %.2f (%.2f) |", r / m, rb / b }')
  done
  line+=$(awk -v m="$(statistic "$contestant" memory 0)" 'BEGIN { if (m == "") print " - |"; else printf " %.0f |", m }')
  say "$line"
done
