#!/usr/bin/env bash
# Measures mounts of a real image, served by a real registry, against the bars of the design and against the peers in the same run:
# squashfuse_ll and ext4 for reads, skopeo and umoci for the time until a program runs.
#
#   bench/images/run.sh [--short] [--only PART,...] [--markdown FILE]
#
#   --short     two rounds instead of five
#   --only      some of: list (mount to the first ls), reads, last, readers, nodes, memory, program
#   --markdown  where the figures go; default bench/results/images.md
#
# The image is made on first use, below artifacts/bench-images (see make-image.sh). Needs root, docker-registry, redis-server,
# skopeo, umoci, squashfuse, squashfs-tools, curl and python3; about 4 GB below $TMPDIR, or /var/tmp. Everything that is started
# or mounted is gone afterwards, also when the run is interrupted.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd -P)
missing=()
for tool in docker-registry redis-server skopeo umoci squashfuse_ll mksquashfs debootstrap curl python3 chroot; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
[ ${#missing[@]} = 0 ] || { echo "run.sh: these are missing: ${missing[*]}" >&2; exit 2; }
"$root/bench/images/make-image.sh" "$root/artifacts/bench-images"
"$root/larder" --version >/dev/null
[ -n "${LARDER_BENCH_BUILT:-}" ] || dotnet build "$root/bench/Larder.Bench" -c Release -v quiet --nologo -clp:ErrorsOnly >&2
PYTHONDONTWRITEBYTECODE=1 exec python3 "$root/bench/images/measure.py" "$@"
