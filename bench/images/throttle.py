#!/usr/bin/env python3
"""Passes TCP connections on to another port, all of them together at so many bytes a second in each direction.

    bench/images/throttle.py TARGET_PORT BYTES_A_SECOND      prints the port that it listens on, on the loopback
"""
import socket
import sys
import threading
import time

PIECE = 32 * 1024


class Limit:
    """Gives out the right to pass bytes on: at a steady rate, with at most 5 ms of it saved up."""

    def __init__(self, rate):
        self.rate = rate
        self.free_at = time.monotonic()
        self.lock = threading.Lock()

    def wait(self, count):
        with self.lock:
            now = time.monotonic()
            self.free_at = max(self.free_at, now - 0.005) + count / self.rate
            wait = self.free_at - now
        if wait > 0:
            time.sleep(wait)


def copy(source, target, limit):
    try:
        while data := source.recv(PIECE):
            limit.wait(len(data))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def main():
    port, rate = int(sys.argv[1]), float(sys.argv[2])
    up, down = Limit(rate), Limit(rate)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=copy, args=(client, server, up), daemon=True).start()
        threading.Thread(target=copy, args=(server, client, down), daemon=True).start()


main()
