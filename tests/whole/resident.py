# SPDX-License-Identifier: ISC
"""A door kept by a resident parent, and what the parent tells the one that has started it."""

import contextlib
import re
import socket

import harness
import observe


class Notified:
    """The socket that NOTIFY_SOCKET names. wait(TEXT) is the next message with that in it."""

    def __init__(self):
        self.dir = harness.folder("postern-notify-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.dir / "socket"))
        (self.dir / "socket").chmod(0o777)
        self.socket.settimeout(harness.DEADLINE)
        self.env = {"NOTIFY_SOCKET": str(self.dir / "socket")}

    def wait(self, text):
        while text not in (message := self.socket.recv(4096).decode()):
            pass
        return message

    def status(self, pattern):
        """Waits for a STATUS that the pattern is found in: the match."""
        while not (found := re.search(pattern, self.wait("STATUS="))):
            pass
        return found

    def close(self):
        self.socket.close()
        harness.shutil.rmtree(self.dir)


@contextlib.contextmanager
def watched(door, watchdog=None, **settings):
    """A door whose parent is ready, and its Notified."""
    told = Notified()
    if watchdog:
        told.env["WATCHDOG_USEC"] = str(watchdog)
    try:
        d = door(handoff="resident", env=told.env, **settings)
        told.wait("READY=1")
        yield d, told
    finally:
        told.close()


def handlers(d):
    return observe.children(d.resident.pid)


def base_address(pid):
    """Where the program lies in a process's memory."""
    lines = (observe.PROC / str(pid) / "maps").read_text().splitlines()
    return next(line.split("-")[0] for line in lines if line.endswith("/postern-smtpd"))
