"""What bench/images/run.sh stands on: programs that are started and ended again, mounts, and figures."""
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEPT = os.path.join(ROOT, "artifacts", "bench-images")
ROOTFS = os.path.join(KEPT, "bundle", "rootfs")
LARDER = os.path.join(ROOT, "larder")
MEASURE = os.path.join(ROOT, "artifacts", "bin", "Larder.Bench", "release", "Larder.Bench")
BULK_KINDS = ("image-file", "image-pack")


def run(*command, **options):
    """Runs a program to its end and returns what it printed; a program that fails ends the bench with what it said."""
    options = {"stdout": subprocess.PIPE, **options}
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", timeout=300, **options)
    if done.returncode != 0:
        raise SystemExit(f"run.sh: {' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def timed(*command, **options):
    """Seconds that a program takes from its start to its end."""
    began = time.perf_counter()
    run(*command, **options)
    return time.perf_counter() - began


def processor_of_children():
    """Seconds of processor time of all programs that were run to their end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def median(values):
    return statistics.median(values)


class Place:
    """A directory for everything a run makes, the servers it started and the mounts it made; all of it goes at the end."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="larder-bench-images.", dir=os.environ.get("TMPDIR", "/var/tmp"))
        self.servers = []
        self.names = 0
        for name in ("run", "home"):
            os.mkdir(self.of(name))
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=self.of("run"), XDG_CACHE_HOME=self.of("home"), OTEL_TRACES_EXPORTER="none")
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(143))

    def of(self, name):
        return os.path.join(self.path, name)

    def new(self, name):
        self.names += 1
        return self.of(f"{name}-{self.names}")

    def start(self, log, *command):
        """Starts a server that is ended with the run."""
        with open(self.of(log), "ab") as output:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environment)
        self.servers.append(server)
        return server

    def end(self, server):
        if server.poll() is None:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def mounts(self):
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as table:
            return [line.split()[1] for line in table if line.split()[1].startswith(self.path + "/")]

    def close(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for mount in reversed(self.mounts()):
            subprocess.run(["umount", "-l", mount], check=False)
        self.end_keepers()
        for server in self.servers:
            self.end(server)
        for _ in range(200):
            # The processes of a mount end when it is gone, and write until then.
            shutil.rmtree(self.path, ignore_errors=True)
            if not os.path.exists(self.path):
                break
            time.sleep(0.1)

    def end_keepers(self):
        """A mount that was being made when the run was interrupted has processes and is in no table yet."""
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{process}/cmdline", "rb") as file:
                    command = file.read().split(b"\0")
                if b"keep-mount" in command and any(self.path.encode() in part for part in command):
                    os.kill(int(process), signal.SIGTERM)
            except OSError:
                pass  # It has ended.

    def larder(self, *arguments):
        return run(LARDER, *arguments, env=self.environment)

    def directory(self, name):
        path = self.new(name)
        os.mkdir(path)
        return path


def wait_for_port(port, server, what):
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.05)
    raise SystemExit(f"run.sh: {what} does not start")


class Registry:
    """Debian's docker-registry, with the images, and what it was asked for."""

    def __init__(self, place):
        self.port = free_port()
        self.log = place.of("registry.log")
        self.seen = 0
        with open(place.of("registry.yml"), "w", encoding="utf-8") as config:
            config.write(
                f"version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {place.of('registry')}\n"
                f"http:\n  addr: 127.0.0.1:{self.port}\n")
        server = place.start("registry.log", "docker-registry", "serve", place.of("registry.yml"))
        wait_for_port(self.port, server, "docker-registry")
        for name in ("app", "last"):
            run("skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false",
                f"oci:{KEPT}/layout:{name}", f"docker://{self.image(name)}")
        image = json.loads(run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{self.image('app')}"))
        self.layers = [(layer["digest"], layer["size"]) for layer in image["layers"]]

    def image(self, name="app", port=None):
        return f"127.0.0.1:{port or self.port}/bench/{name}:x"

    def requests(self):
        """What came since the last call: (method, path, status, bytes)."""
        time.sleep(0.2)
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self.seen)
            text = log.read()
            self.seen = log.tell()
        return [(method, path, int(status), int(size))
                for method, path, status, size in re.findall(r'"([A-Z]+) (\S+) HTTP/[0-9.]+" (\d+) (\d+)', text)]


class Mount:
    """A mount made by the command, in the background."""

    def __init__(self, place, reference, cache, *options):
        self.place = place
        self.point = place.directory("mnt")
        began = time.perf_counter()
        status = place.larder("mount", reference, self.point, "--cache-dir", cache, "--json", *options)
        self.seconds = time.perf_counter() - began
        self.process = json.loads(status)["processId"]

    def status(self):
        for mount in json.loads(self.place.larder("mounts", "--json")):
            if mount["mountPoint"] == self.point:
                return mount
        raise SystemExit(f"run.sh: {self.point} is not among the mounts")

    def private(self):
        """Private memory of the process that serves it, in MiB."""
        with open(f"/proc/{self.process}/status", encoding="utf-8") as status:
            return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1)) / 1024

    def processor(self):
        """Seconds of processor time that the process that serves it and the one that keeps it, its parent, have used."""
        ticks, process = 0, self.process
        for _ in range(2):
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
            process = int(fields[1])
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.place.larder("unmount", "--lazy", self.point)


class Squashfs:
    """The same tree by squashfuse_ll."""

    def __init__(self, place):
        self.place = place
        self.point = place.directory("squash")
        self.server = place.start("squashfuse.log", "squashfuse_ll", "-f", os.path.join(KEPT, "stored.squashfs"), self.point)
        for _ in range(600):
            if os.path.ismount(self.point):
                return
            time.sleep(0.01)
        raise SystemExit("run.sh: squashfuse_ll does not mount")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run("umount", self.point)
        self.place.end(self.server)


class Tree:
    """The same tree, as it lies on the disk."""

    point = ROOTFS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def indexes_only(cache, target):
    """A copy of a cache that has what is known of layers, and nothing of what is in them."""
    shutil.copytree(cache, target, symlinks=True, ignore=lambda _, names: [name for name in names if name in BULK_KINDS])
    return target
