#!/usr/bin/env bash
# Makes what bench/images/run.sh measures, once: an OCI layout with two images, and the first of them unpacked, as a directory and
# as a squashfs.
#
#   bench/images/make-image.sh DIRECTORY
#
#   layout:app    about 700 MB unpacked, gzip, three layers: Debian by debootstrap; Python with numpy and a C++ compiler by apt;
#                 data, part of which does not compress
#   layout:last   one gzip layer of 200 MB; DIRECTORY/last-file names the file at its end
#
# Needs root, debootstrap, umoci, skopeo, squashfs-tools, python3, and Debian's archive. Takes a few minutes; what is there is kept.
set -euo pipefail
[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
mkdir -p "$1"
directory=$(cd "$1" && pwd -P)
work=$directory/unfinished layout=$directory/unfinished/layout bundle=$directory/unfinished/bundle root=$directory/unfinished/bundle/rootfs
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
say() { echo "make-image: $*" >&2; }
repack() { umoci repack --refresh-bundle --image "$layout:$1" "$bundle"; }
remove() { rm -rf --one-file-system "$@"; }
trap 'remove "$work"' EXIT
begin() {
  remove "$work"
  mkdir "$work"
  umoci init --layout "$layout"
  umoci new --image "$layout:$1"
  umoci unpack --image "$layout:$1" "$bundle"
}

if [ ! -e "$directory/layout" ]; then
begin app
say "debootstrap"
debootstrap --variant=minbase bookworm "$root" >"$directory/log"
repack app
say "packages"
chroot "$root" apt-get -q -y --no-install-recommends install python3-numpy g++ make git perl >>"$directory/log"
chroot "$root" apt-get -q clean
repack app
say "data"
python3 - "$root/srv/data" <<'PY'
import os, random, sys
data, draw = sys.argv[1], random.Random(1)
for folder in range(50):
    os.makedirs(f"{data}/many/{folder:02}")
    for file in range(40):
        with open(f"{data}/many/{folder:02}/file-{file:02}.txt", "wb") as out:
            out.write(draw.randbytes(draw.randrange(200, 8000)))
with open(f"{data}/large.bin", "wb") as out:
    for _ in range(128):
        out.write(draw.randbytes(1 << 19))
        out.write(bytes(1 << 10) + b"".join(b"line %d of a log\n" % draw.randrange(10**6) for _ in range(23_000)))
PY
ln -s srv/data/large.bin "$root/large.bin"
repack app
mv "$layout" "$directory/layout"
fi

if [ ! -e "$directory/last-file" ]; then
  say "a layer of 200 MB"
  begin last
  python3 - "$root/data" <<'PY'
import os, random, sys
draw = random.Random(2)
os.makedirs(sys.argv[1])
for file in range(40):
    with open(f"{sys.argv[1]}/{file:02}", "wb") as out:
        for _ in range(20):
            out.write(draw.randbytes(1 << 18) + b"".join(b"line %d of a log\n" % draw.randrange(10**6) for _ in range(5_000)))
PY
  repack last
  manifest=$(sed -E 's/.*"digest":"sha256:([0-9a-f]+)".*/\1/' "$layout/index.json")
  blob=$(tr '{' '\n' <"$layout/blobs/sha256/$manifest" | sed -nE '/tar\+gzip/s/.*sha256:([0-9a-f]+).*/\1/p')
  last=$(tar -tzf "$layout/blobs/sha256/$blob" | grep -v '/$' | tail -1)
  skopeo copy --quiet --insecure-policy "oci:$layout:last" "oci:$directory/layout:last"
  echo "$last" >"$directory/last-file"
fi

if [ ! -e "$directory/stored.squashfs" ]; then
  say "unpacking"
  remove "$directory/bundle" "$work"
  umoci unpack --image "$directory/layout:app" "$directory/bundle"
  mksquashfs "$directory/bundle/rootfs" "$work" -noI -noD -noF -noX -no-xattrs -quiet -no-progress >/dev/null
  mv "$work" "$directory/stored.squashfs"
fi
