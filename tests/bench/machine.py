# SPDX-License-Identifier: ISC
"""What is read off the machine: processor time and processes of a server, memory, ports.

An Account holds a server's processes and tells what processor time they have used, down to
the last one that has ended: a control group of its own where we may make one, else the sum
over the process tree, in which a process that has been waited for counts at its parent.
"""

import os
import pathlib
import signal
import socket
import subprocess
import time

DEADLINE = 20.0
TICK = os.sysconf("SC_CLK_TCK")


def wait_for(condition, what, deadline=DEADLINE):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise RuntimeError(f"waited {deadline:.0f} s in vain: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def is_listening(port):
    """Asks the kernel's table, because a connection would already be a session."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == "0A" and int(local.split(":")[1], 16) == port:
            return True
    return False


def children(pid):
    try:
        listed = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in listed.split()]


def tree(pid):
    """A process and all below it."""
    found = [pid]
    for child in children(pid):
        found += tree(child)
    return found


def stat_fields(pid):
    """The fields of /proc/PID/stat behind the name, or None when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2:].split()


def process_name(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def pss_kb(pid):
    """Proportional set size, or None where we may not read it."""
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return None


def group_folders():
    """Folders in which a control group of ours could count, the best first."""
    mounts = [line.split() for line in open("/proc/self/mounts", encoding="utf-8")]
    own = [line.rstrip("\n").split(":", 2) for line in open("/proc/self/cgroup",
                                                            encoding="utf-8")]
    for _, where, kind, options, *_ in mounts:
        for _, controllers, path in own:
            if kind == "cgroup2" and controllers == "":
                yield pathlib.Path(where + path)
                yield pathlib.Path(where)
            if kind == "cgroup" and "cpuacct" in options.split(",") \
                    and "cpuacct" in controllers.split(","):
                yield pathlib.Path(where + path)
                yield pathlib.Path(where)


class Group:
    """A control group; close() ends what is still in it and removes it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        try:
            self.cpu()
            subprocess.run(self.wrap(["true"]), check=True, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            folder.rmdir()
            raise

    how = "control group"

    def wrap(self, command):
        """The command that moves itself in before it begins."""
        enter = 'echo $$ >"$0" && exec "$@"'
        return ["/bin/sh", "-c", enter, str(self.folder / "cgroup.procs"), *command]

    def started(self, pid):
        pass

    def pids(self):
        return [int(word) for word in (self.folder / "cgroup.procs").read_text().split()]

    def cpu(self):
        """Seconds."""
        usage = self.folder / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        for line in (self.folder / "cpu.stat").read_text().splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        raise OSError("cpu.stat has no usage_usec")

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            try:
                wait_for(lambda: not self.pids(), "processes to end", 5.0)
                break
            except RuntimeError:
                pass
        self.folder.rmdir()


class Tree:
    """The process tree below one process, to the nearest clock tick of each process."""

    how = "process tree"

    def __init__(self):
        self.pid = None

    def wrap(self, command):
        return command

    def started(self, pid):
        self.pid = pid

    def pids(self):
        return tree(self.pid) if self.pid else []

    def cpu(self):
        """Seconds: own and waited-for time of all that live."""
        total = 0
        for pid in self.pids():
            fields = stat_fields(pid)
            total += sum(int(f) for f in fields[11:15]) if fields else 0
        return total / TICK

    def close(self):
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass


def open_account(name):
    for folder in group_folders():
        try:
            return Group(folder / f"postern-bench-{name}-{os.getpid()}")
        except (OSError, subprocess.CalledProcessError):
            continue
    return Tree()


def describe(folder):
    """One line: processor, kernel, system, and what the mail is stored on."""
    model = "unknown processor"
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            model = " ".join(line.split(":", 1)[1].split())
            break
    system = ""
    for line in open("/etc/os-release", encoding="utf-8"):
        if line.startswith("PRETTY_NAME="):
            system = line.split("=", 1)[1].strip().strip('"')
    stored = subprocess.run(["findmnt", "-no", "FSTYPE", "-T", folder], capture_output=True,
                            text=True, check=True).stdout.strip()
    kernel = os.uname()
    return (f"{len(os.sched_getaffinity(0))} cores of {model}, {kernel.sysname} "
            f"{kernel.release} {kernel.machine}, {system}, mail on {stored}")
