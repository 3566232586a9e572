# SPDX-License-Identifier: ISC
"""Instructions of one connection, counted by valgrind's callgrind in every process of it.

A forked process goes on with its parent's counts, so each process also writes what it has
counted, and begins anew, right before it forks; its count is the sum of all it wrote. The
library `preload` takes away what valgrind and the server cannot both have.
"""

import os
import re
import signal
import socket
import subprocess
import time

import machine
import postern

FORKS = ("fork", "_Fork", "vfork")
DEADLINE = 60.0


class Watch:
    """Who is whose child, asked for while the processes live."""

    def __init__(self, root):
        self.root, self.parents = root, {}

    def look(self):
        for pid in machine.children(self.root):
            for below in machine.tree(pid):
                for child in machine.children(below):
                    self.parents[child] = below
        return self.parents


def profile(folder, preload):
    """What goes before the program so that its counts are written into the folder."""
    dumps = [f"--dump-before={name}" for name in FORKS]
    return ["env", f"LD_PRELOAD={preload}", "valgrind", "-q", "--vgdb=no",
            "--tool=callgrind", "--trace-children=yes", *dumps,
            f"--callgrind-out-file={folder}/counts.%p"]


def counts(folder):
    """{pid: instructions}"""
    found = {}
    for path in folder.glob("counts.*"):
        text = path.read_text()
        pid = int(re.search(r"^pid: (\d+)", text, re.M).group(1))
        total = int(re.search(r"^totals: (\d+)", text, re.M).group(1))
        found[pid] = found.get(pid, 0) + total
    return found


def by_role(found, parents):
    """{"smtp": n, "tls": n, "both": n}: the tls process is the smtp process's child."""
    tls = [pid for pid in found if parents.get(pid) in found]
    smtp = [pid for pid in found if pid not in tls]
    if len(smtp) != 1 or len(tls) != 1:
        raise RuntimeError(f"expected the counts of two processes, found {found}")
    return {"smtp": found[smtp[0]], "tls": found[tls[0]], "both": sum(found.values())}


def below(folder, function):
    """Instructions of a library's function and all it called, in every process."""
    total = 0
    for path in folder.glob("counts.*"):
        said = subprocess.run(
            ["callgrind_annotate", "--inclusive=yes", "--auto=no", "--threshold=100", path],
            capture_output=True, text=True, check=True).stdout
        lines = re.findall(rf"^\s*([\d,]+) .*:{function} \[", said, re.M)
        total += sum(int(number.replace(",", "")) for number in lines)
    return total


def start(server, folder, preload, options=()):
    folder.mkdir()
    postern.give(folder)
    server.start(*profile(folder, preload), options=("-o", "sandbox=off", *options))


def whole_session(server, folder, preload, load, options=()):
    """load(): begins one session with the server and returns its Popen."""
    start(server, folder, preload, options)
    try:
        watch = Watch(server.process.pid)
        client = load()
        end = time.monotonic() + DEADLINE
        while client.poll() is None or not server.at_rest():
            watch.look()
            if time.monotonic() > end:
                raise RuntimeError("a session under valgrind does not end")
            time.sleep(0.005)
        if client.returncode:
            raise RuntimeError(f"the session under valgrind failed: {server.log_tail()}")
        return by_role(counts(folder), watch.parents)
    finally:
        server.stop()


def sleeping(pids):
    """The processor time of the processes if all of them wait, else None."""
    used = []
    for pid in pids:
        fields = machine.stat_fields(pid)
        if not fields or fields[0] != "S":
            return None
        used += fields[11:13]
    return used


def at_rest(server):
    """The connection's two processes once both of them have waited for half a second."""
    parents = machine.children(server.process.pid)
    pids = machine.tree(parents[0]) if parents else []
    if len(pids) != 2:
        return None
    for _ in range(10):
        before = sleeping(pids)
        time.sleep(0.05)
        if before is None or sleeping(pids) != before:
            return None
    return pids


def before_hello(server, folder, preload):
    """What has been done when both processes wait for a client that says nothing. A signal
    that ends a process makes valgrind write its counts first."""
    start(server, folder, preload)
    try:
        with socket.create_connection(("127.0.0.1", server.port)):
            pids = machine.wait_for(lambda: at_rest(server), "two processes to wait",
                                    DEADLINE)
            parent, child = pids
            os.kill(parent, signal.SIGSTOP)
            os.kill(child, signal.SIGUSR1)
            machine.wait_for(lambda: (machine.stat_fields(child) or "Z")[0] == "Z",
                             "the tls process to end")
            os.kill(parent, signal.SIGUSR1)
            os.kill(parent, signal.SIGCONT)
            machine.wait_for(server.at_rest, "the smtp process to end")
        return by_role(counts(folder), {child: parent})
    finally:
        server.stop()
