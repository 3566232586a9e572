# SPDX-License-Identifier: ISC
"""Floods: what strangers do to a port, from an address of their own, until they are told to
stop.

Each of FLOODS takes a port and a Flood, whose .count it raises for each thing done
"""

import contextlib
import os
import socket
import subprocess
import threading
import time

import harness

FROM = "127.0.0.9"
SILENT, HALF_OPEN, PAUSE, UPDATES = 2000, 300, 0.002, 2000


class Flood:
    """Runs one of FLOODS beside the test, which waits until so many things were done."""

    def __init__(self, flood, port, first):
        self.stop, self.count = threading.Event(), 0
        self.thread = threading.Thread(target=flood, args=(port, self), daemon=True)
        self.thread.start()
        harness.until(lambda: self.count >= first or not self.thread.is_alive(),
                      timeout=60, what="the flood")
        assert self.count >= first

    def close(self):
        self.stop.set()
        self.thread.join(harness.DEADLINE)
        assert not self.thread.is_alive()


def connect(port):
    sock = socket.socket()
    sock.settimeout(harness.DEADLINE)
    sock.bind((FROM, 0))
    sock.connect(("127.0.0.1", port))
    return sock


def keep_open(port, flood, many, first=b""):
    """Holds so many connections, each with the same first bytes."""
    with contextlib.ExitStack() as held:
        while flood.count < many and not flood.stop.is_set():
            sock = held.enter_context(connect(port))
            with contextlib.suppress(OSError):
                sock.sendall(first)
            flood.count += 1
        flood.stop.wait()


def silent(port, flood):
    keep_open(port, flood, SILENT)


def half_open(port, flood):
    """The beginning of a ClientHello that announces more."""
    keep_open(port, flood, HALF_OPEN, bytes([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]) + bytes(40))


def hang_up(port, flood):
    """Five hundred a second, at most."""
    while not flood.stop.is_set():
        connect(port).close()
        flood.count += 1
        time.sleep(PAUSE)


def garbage(port, flood):
    """As fast as it goes: something that begins as a ClientHello does."""
    while not flood.stop.is_set():
        with contextlib.suppress(OSError), connect(port) as sock:
            sock.sendall(bytes([22, 3, 1, 0x10, 0, 1, 0, 0x0f, 0xfc]) + os.urandom(0xffc))
            sock.recv(1)
        flood.count += 1


def commands(tls, letter):
    """What openssl s_client does when it reads this letter alone on a line, over and over,
    with a certificate that is let in."""
    def flood_with(port, flood):
        bundle = flood_with.bundle
        while not flood.stop.is_set():
            done = subprocess.run(
                ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", tls, "-cert",
                 bundle.cert, "-key", bundle.key, "-CAfile", bundle.ca],
                input=f"{letter}\n" * UPDATES, capture_output=True, text=True, check=False,
                timeout=60)
            assert "Verification: OK" in done.stdout, done.stderr
            flood.count += 1
    return flood_with


# Which: how many things are done before anybody else comes.
FLOODS = {
    "silent": (silent, SILENT),
    "half-open": (half_open, HALF_OPEN),
    "hang-up": (hang_up, 500),
    "garbage": (garbage, 200),
    "key updates": (commands("-tls1_3", "K"), 1),
    "renegotiation": (commands("-tls1_2", "R"), 1),
}
