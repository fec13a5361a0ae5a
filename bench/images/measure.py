#!/usr/bin/env python3
"""See run.sh."""
import argparse
import os
import random
import shutil
import subprocess
import sys
import threading
import time

import bench
from bench import KEPT, MEASURE, ROOT, ROOTFS, Mount, Place, Registry, Squashfs, Tree, indexes_only, median, run, timed

RATE = 20_000_000
HEADING = "## A mount of a real image"
HELLO = ("/usr/bin/python3", "-c", "print('hello')")
rows = []
notes = []


def row(what, figure, bar="", met=None):
    verdict = "" if met is None else "met" if met else "**missed**"
    rows.append(f"| {what} | {figure} | {bar} | {verdict} |")
    print(f"{what}: {figure}   {bar} {verdict}", flush=True)


def milliseconds(values):
    return f"{median(values) * 1000:.0f} ms (best {min(values) * 1000:.0f})"


def seconds(values):
    return f"{median(values):.2f} s (best {min(values):.2f})"


def first_listing(place, registry, cache, rounds):
    whole, mounting, starting, host, processor = [], [], [], [], []
    for _ in range(rounds):
        used = bench.processor_of_children()
        began = time.perf_counter()
        with Mount(place, registry.image(), cache) as mount:
            run("ls", mount.point)
            whole.append(time.perf_counter() - began)
            mounting.append(mount.seconds)
            processor.append(bench.processor_of_children() - used + mount.processor())
        starting.append(timed(bench.LARDER, "--version", env=place.environment))
        host.append(timed("dotnet", os.path.join(ROOT, "artifacts", "larder", "larder.dll"), "--version", env=place.environment))
    row("`larder mount` to the end of the first `ls`, index known", milliseconds(whole), "300 ms", median(whole) <= 0.3)
    row("- of which `larder mount`", milliseconds(mounting))
    row("- processor time of all of it: script, command, keeper, server, `ls`", milliseconds(processor))
    row("- `larder --version`, for the start of one process and its script", milliseconds(starting))
    row("- the same without the script; a mount starts three such processes, two of them at the same time", milliseconds(host))


def small_program(place, registry, known, rounds):
    proxy = place.start("throttle.port", sys.executable, os.path.join(ROOT, "bench", "images", "throttle.py"), str(registry.port), str(RATE))
    port_file = place.of("throttle.port")
    while not open(port_file, encoding="ascii").read().endswith("\n"):
        time.sleep(0.02)
    port = int(open(port_file, encoding="ascii").read())
    image = registry.image(port=port)
    lazy, shell, unpacked, fetched = [], [], [], []
    for _ in range(rounds):
        for program, figures in ((HELLO, lazy), (("/bin/echo", "hello"), shell)):
            cache = indexes_only(known, place.new("cache"))
            registry.requests()
            began = time.perf_counter()
            with Mount(place, image, cache) as mount:
                assert run("chroot", mount.point, *program) == "hello\n"
                figures.append(time.perf_counter() - began)
            if figures is lazy:
                fetched.append(sum(size for _, path, _, size in registry.requests() if "/blobs/" in path))
            shutil.rmtree(cache)
        target = place.new("pulled")
        began = time.perf_counter()
        run("skopeo", "copy", "--quiet", "--insecure-policy", "--src-tls-verify=false", f"docker://{image}", f"oci:{target}:app")
        run("umoci", "unpack", "--image", f"{target}:app", target + "-bundle")
        assert run("chroot", target + "-bundle/rootfs", *HELLO) == "hello\n"
        unpacked.append(time.perf_counter() - began)
        run("rm", "-rf", target, target + "-bundle")
    ratio = median(lazy) / median(unpacked)
    row("mount to the output of a Python program, 20 MB/s, index known, nothing else here",
        f"{seconds(lazy)}, {median(fetched) / 1e6:.1f} MB fetched: {ratio:.2f}", "0.2 of skopeo and umoci", ratio <= 0.2)
    ratio = median(shell) / median(unpacked)
    row("- of `/bin/echo`", f"{seconds(shell)}: {ratio:.2f}", "0.2", ratio <= 0.2)
    row("- `skopeo copy`, `umoci unpack`, and the Python program, same link", seconds(unpacked))
    cache = place.new("cache")
    began = time.perf_counter()
    with Mount(place, image, cache) as mount:
        assert run("chroot", mount.point, *HELLO) == "hello\n"
        cold = time.perf_counter() - began
    row("- mount to Python's output when nothing is known (one run)", f"{cold:.2f} s: {cold / median(unpacked):.2f}")
    shutil.rmtree(cache)
    place.end(proxy)


def figures_of(*arguments):
    return {name: float(value) for name, value in (line.split() for line in run(MEASURE, "fuse-measure", *arguments).splitlines())}


def warm_reads(place, registry, cache, rounds):
    def mounted(*options):
        return lambda: Mount(place, registry.image(), cache, *options)

    contestants = {
        "ext4": Tree, "squashfuse_ll": lambda: Squashfs(place), "larder": mounted(), "larder, no passthrough": mounted("--no-passthrough")}
    # What lies below is in the page cache for all of them.
    figures_of(ROOTFS)
    run("chroot", ROOTFS, "/usr/bin/python3", "-B", "-c", "import numpy")
    run("cat", os.path.join(KEPT, "stored.squashfs"), stdout=subprocess.DEVNULL)
    results = {name: [] for name in contestants}
    numpy = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            with contestant() as tree:
                numpy[name].append(timed("chroot", tree.point, "/usr/bin/python3", "-B", "-c", "import numpy"))
            with contestant() as tree:
                results[name].append(figures_of(tree.point, *([] if name == "ext4" else ["--drop"])))

    def middle(name, figure):
        return median([result[figure] for result in results[name]])

    def best(name, figure):
        return min(result[figure] for result in results[name])

    def compare(what, figure, mine, other, bar):
        ratio, highest = middle(other, figure) / middle(mine, figure), best(other, figure) / best(mine, figure)
        row(f"{what}, {mine}", f"{ratio:.2f} x {other} (best {highest:.2f})", f"{bar} x", max(ratio, highest) >= bar)

    base = median(numpy["ext4"])
    ratio, least = median(numpy["larder"]) / base, min(numpy["larder"]) / min(numpy["ext4"])
    row("first `import numpy` in a chroot", f"{milliseconds(numpy['larder'])} against {milliseconds(numpy['ext4'])} on ext4: {ratio:.2f} (best {least:.2f})",
        "2.5 x ext4", min(ratio, least) <= 2.5)
    row("- by squashfuse_ll", f"{milliseconds(numpy['squashfuse_ll'])}: {median(numpy['squashfuse_ll']) / base:.2f}")
    compare("find over a cold mount", "find-cold", "larder", "squashfuse_ll", 2)
    compare("find over a cold mount", "find-cold", "larder, no passthrough", "squashfuse_ll", 2)
    compare("random 4 KiB of a file that is here", "random-miss", "larder", "ext4", 0.8)
    compare("random 4 KiB of a file that is here", "random-miss", "larder, no passthrough", "squashfuse_ll", 2.5)
    compare("sequential", "sequential", "larder", "ext4", 0.6)
    names = [name for name in results["ext4"][0] if not name.startswith("import")]
    notes.append("All that was read of mounts, speed relative to ext4, median (best):\n")
    notes.append("| | " + " | ".join(names) + " |\n|---" + "|---" * len(names) + "|")
    for name in contestants:
        cells = [f"{middle(name, figure) * 1000:.1f} ms" if name == "ext4"
                 else f"{middle('ext4', figure) / middle(name, figure):.2f} ({best('ext4', figure) / best(name, figure):.2f})" for figure in names]
        notes.append(f"| {name} | " + " | ".join(cells) + " |")


def last_file(place, registry, rounds):
    path = open(os.path.join(KEPT, "last-file"), encoding="utf-8").read().strip()
    known = place.new("cache")
    place.larder("pull", registry.image("last"), "--cache-dir", known)
    first, ranges, asked = [], [], []
    for _ in range(rounds):
        cache = indexes_only(known, place.new("cache"))
        with Mount(place, registry.image("last"), cache) as mount:
            run("ls", mount.point)
            registry.requests()
            began = time.perf_counter()
            with open(os.path.join(mount.point, path), "rb", buffering=0) as file:
                file.read(1)
            first.append(time.perf_counter() - began)
        blobs = [request for request in registry.requests() if "/blobs/" in request[1]]
        asked.append(len(blobs))
        size = sum(request[3] for request in blobs)
        if blobs:
            ranges.append(timed("curl", "-sf", "-o", "/dev/null", "-r", f"0-{size - 1}", f"http://127.0.0.1:{registry.port}{blobs[0][1]}"))
        shutil.rmtree(cache)
    over = median(first) - median(ranges)
    row("first byte of the last file of a 200 MB gzip layer, index known",
        f"{milliseconds(first)}, {max(asked)} range request of {size / 1e6:.1f} MB, which takes curl {median(ranges) * 1000:.0f} ms",
        "50 ms and one range request", over <= 0.05 and max(asked) == 1)
    shutil.rmtree(known)


def many_readers(place, registry, known):
    cache = indexes_only(known, place.new("cache"))
    failures = []

    def read(point, number):
        try:
            draw = random.Random(number)
            with open(os.path.join(point, "srv/data/large.bin"), "rb", buffering=0) as file:
                file.seek(draw.randrange(100) << 20)
                while not file.read(1 << 20):
                    file.seek(0)
            folder = os.path.join(point, "srv/data/many", f"{number % 50:02}")
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), "rb") as file:
                    file.read()
        except OSError as error:
            failures.append(error)

    with Mount(place, registry.image(), cache) as mount:
        registry.requests()
        readers = [threading.Thread(target=read, args=(mount.point, number)) for number in range(100)]
        began = time.perf_counter()
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        took = time.perf_counter() - began
        time.sleep(1.5)  # What the mount says of itself is written down every second.
        status = mount.status()
    digest, size = registry.layers[-1]
    asked = [request for request in registry.requests() if digest in request[1] and request[0] == "GET"]
    came = sum(request[3] for request in asked)
    opened = sum(layer["openedFromSource"] for layer in status["layers"])
    if failures:
        raise SystemExit(f"run.sh: {len(failures)} of 100 readers failed: {failures[0]}")
    row("100 readers of one cold layer, index known",
        f"{took:.1f} s; {len(asked)} requests, {came / 1e6:.1f} of {size / 1e6:.1f} MB ({came / size:.2f}); {opened} opens waited for the source",
        "no byte twice", came <= size * 1.05)
    shutil.rmtree(cache)
    cache = place.new("cache")
    registry.requests()
    with Mount(place, registry.image(), cache):
        pass
    requests = registry.requests()
    asked = [sum(1 for method, path, _, _ in requests if digest in path and method == "GET") for digest, _ in registry.layers]
    row("- mount when nothing is known: downloads of each layer", ", ".join(map(str, asked)), "1 each", all(count == 1 for count in asked))
    shutil.rmtree(cache)


def read_everything(mount):
    """Reads every byte and watches the private memory of the process that serves."""
    before = peak = mount.private()
    said = mount.place.new("tar")
    with open(said, "wb") as errors:
        reader = subprocess.Popen(["tar", "-cf", "-", "-C", mount.point, "."], stdout=subprocess.PIPE, stderr=errors)
    sink = subprocess.Popen(["wc", "-c"], stdin=reader.stdout, stdout=subprocess.PIPE)
    reader.stdout.close()
    while sink.poll() is None:
        peak = max(peak, mount.private())
        time.sleep(0.05)
    if reader.wait() != 0:
        with open(said, encoding="utf-8", errors="replace") as errors:
            raise SystemExit(f"run.sh: reading all of the image failed: {errors.read(500)}")
    return int(sink.stdout.read()), before, peak, mount.private()


def second_node(place, registry, name, address):
    first, second = place.new("cache"), place.new("cache")
    began = time.perf_counter()
    place.larder("pull", registry.image(), "--cache-dir", first, "--remote", address)
    filled = time.perf_counter() - began
    shutil.rmtree(first)
    registry.requests()
    began = time.perf_counter()
    with Mount(place, registry.image(), second, "--remote", address) as mount:
        mounted = time.perf_counter() - began
        count, before, peak, after = read_everything(mount)
        took = time.perf_counter() - began
    asked = registry.requests()
    others = [path for _, path, _, _ in asked if "/manifests/" not in path and path != "/v2/"]
    row(f"second node through {name}: requests to the registry",
        f"{', '.join(sorted({f'{method} {path}' for method, path, _, _ in asked}))}; mounted in {mounted * 1000:.0f} ms, "
        f"all {count / 1e6:.0f} MB read in {took:.1f} s (first node: {filled:.1f} s)", "the manifest only", not others)
    shutil.rmtree(second)
    return before, peak, after


def through_redis(place, registry):
    port = bench.free_port()
    server = place.start("redis.log", "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                         "--dir", place.path)
    bench.wait_for_port(port, server, "redis-server")
    memory = second_node(place, registry, "Redis", f"redis://127.0.0.1:{port}")
    place.end(server)
    return memory


def through_node(place, registry):
    port_file = place.of("node.port")
    server = place.start("node.log", "dotnet", os.path.join(ROOT, "artifacts", "larder", "larder.dll"), "serve", "--listen", "127.0.0.1:0",
                         "--data", place.of("node"), "--port-file", port_file)
    for _ in range(600):
        if os.path.exists(port_file) and open(port_file, encoding="ascii").read().strip():
            break
        time.sleep(0.05)
    port = open(port_file, encoding="ascii").read().strip().split(":")[-1]
    memory = second_node(place, registry, "HTTP (`larder serve`)", f"http://127.0.0.1:{port}")
    place.end(server)
    shutil.rmtree(place.of("node"), ignore_errors=True)
    return memory


def memory_of(place, registry, known, cache, others):
    with Mount(place, registry.image(), cache) as mount:
        local = read_everything(mount)[1:]
    bare = indexes_only(known, place.new("cache"))
    with Mount(place, registry.image(), bare) as mount:
        ranges = read_everything(mount)[1:]
    shutil.rmtree(bare)
    for what, (before, peak, after) in (("from this disk", local), ("from the registry by range", ranges), *others):
        row(f"private memory of the mount's process while all of the image is read {what}",
            f"{before:.0f} MiB before, {peak:.0f} at most, {after:.0f} after", "40 MiB", peak <= 40)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--markdown", default=os.path.join(ROOT, "bench", "results", "images.md"))
    options = parser.parse_args()
    many, few = (2, 1) if options.short else (5, 2)
    wanted = set(options.only.split(",")) if options.only else {"list", "program", "reads", "last", "readers", "nodes", "memory"}
    load = open("/proc/loadavg", encoding="ascii").read().split()[0]
    place = Place()
    began = time.time()
    try:
        registry = Registry(place)
        cache = place.new("cache")
        place.larder("pull", registry.image(), "--cache-dir", cache)
        known = indexes_only(cache, place.new("cache"))
        if "list" in wanted:
            first_listing(place, registry, cache, many * 3)
        if "reads" in wanted:
            warm_reads(place, registry, cache, many)
        if "last" in wanted:
            last_file(place, registry, many)
        if "readers" in wanted:
            many_readers(place, registry, known)
        others = []
        if "nodes" in wanted:
            others.append(("from Redis", through_redis(place, registry)))
            others.append(("from another node", through_node(place, registry)))
        if "memory" in wanted:
            memory_of(place, registry, known, cache, others)
        if "program" in wanted:
            small_program(place, registry, known, few)
        write(options, load, time.time() - began, registry.layers)
    finally:
        place.close()


def write(options, load, took, layers):
    unpacked = int(run("du", "-sxm", ROOTFS).split()[0])
    kernel = os.uname().release.split("-")[0]
    arguments = " --short" if options.short else ""
    # What stands above in the file is other benches'.
    above = ""
    if os.path.exists(options.markdown):
        with open(options.markdown, encoding="utf-8") as file:
            above = file.read().split(HEADING)[0].rstrip() + "\n\n"
    with open(options.markdown, "w", encoding="utf-8") as out:
        out.write(
            f"{above}{HEADING}\n\nCommand: `bench/images/run.sh{arguments}`; {os.cpu_count()} processors, kernel {kernel}, "
            f"load {load} at the start, {took / 60:.0f} minutes.\nThe image: Debian, Python with numpy, g++, data; {len(layers)} "
            f"layers, {sum(size for _, size in layers) / 1e6:.0f} MB of gzip, {unpacked} MB unpacked,\nin Debian's docker-registry on the same machine. Contestants take "
            "turns; medians of the rounds, and the best.\n\n| what | figure | bar | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
        if notes:
            out.write("\n" + "\n".join(notes) + "\n")
    print(f"written to {os.path.relpath(options.markdown, ROOT)}")


if __name__ == "__main__":
    main()
