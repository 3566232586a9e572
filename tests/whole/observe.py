# SPDX-License-Identifier: ISC
"""What can be seen of a running handler from outside, through /proc: which of its processes
is which, their descriptors, their memory. Reading memory needs root."""

import base64
import contextlib
import errno
import hashlib
import os
import pathlib
import re
import subprocess

import harness

PROC = pathlib.Path("/proc")


def status(pid):
    """/proc/PID/status as a dict, or None for a process that has ended."""
    try:
        text = (PROC / str(pid) / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.MULTILINE))


def children(pid):
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            state = status(entry.name)
            if state and state["PPid"] == str(pid) and state["State"][0] != "Z":
                found.append(int(entry.name))
    return found


def is_running(pid):
    state = status(pid)
    return state is not None and state["State"][0] != "Z"


def descriptors(pid):
    """{number: what it is}, as the kernel names it: socket:[4711], /dev/null …"""
    folder = PROC / str(pid) / "fd"
    return {int(entry.name): os.readlink(entry) for entry in folder.iterdir()}


def sockets(pid):
    """The inodes of its sockets, one for each descriptor."""
    return [
        int(found[1]) for what in descriptors(pid).values()
        if (found := re.fullmatch(r"socket:\[(\d+)\]", what))]


def tcp_inode(local, remote):
    """The inode of the local end of the TCP/IPv4 connection between two (address, port) on
    this machine; 0 while it is not accepted."""
    def written(address):
        raw = bytes(map(int, address[0].split(".")))
        return f"{int.from_bytes(raw, 'little'):08X}:{address[1]:04X}"
    for line in (PROC / "net" / "tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1] == written(local) and words[2] == written(remote):
            return int(words[9])
    raise AssertionError(f"no connection {local} {remote} in /proc/net/tcp")


class Pair:
    """The two processes of one connection that a client has open."""

    def __init__(self, door, client):
        ends = ("127.0.0.1", door.port), client.sock.getsockname()
        self.inode = harness.until(lambda: tcp_inode(*ends), what="the connection")
        self.smtp = harness.until(lambda: self.parent(door), what="a handler")
        self.tls = harness.until(lambda: children(self.smtp), what="a child")[0]

    def parent(self, door):
        """The handler one of whose children holds the connection; who may not look takes the
        last one."""
        if door.resident:
            handlers = children(door.resident.pid)
        else:
            handlers = [handler.pid for handler in list(door.handlers)]
        if not harness.AS_ROOT and not door.resident:
            return len(door.handlers) >= door.connected and door.handlers[-1].pid
        for handler in handlers:
            for child in children(handler):
                with contextlib.suppress(FileNotFoundError):
                    if self.inode in sockets(child):
                        return handler
        return None


def unix_inodes():
    lines = (PROC / "net" / "unix").read_text().splitlines()[1:]
    return {int(line.split()[6]) for line in lines}


def memory(pid):
    """Every readable region of a process's memory: (name, bytes). A process that is busy may
    unmap one while it is looked at: then all is looked at again."""
    for _ in range(20):
        try:
            return memory_once(pid)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
    raise AssertionError(f"the memory of {pid} does not hold still")


def memory_once(pid):
    regions = []
    with open(PROC / str(pid) / "mem", "rb", buffering=0) as mem:
        for line in (PROC / str(pid) / "maps").read_text().splitlines():
            words = line.split(None, 5)
            if not words[1].startswith("r") or words[-1].startswith(("[vvar", "[vsyscall")):
                continue
            begin, end = (int(x, 16) for x in words[0].split("-"))
            mem.seek(begin)
            data = b""
            while len(data) < end - begin:
                more = mem.read(end - begin - len(data))
                if not more:
                    break
                data += more
            regions.append((words[5] if len(words) > 5 else words[0], data))
    return regions


def search(pid, needles):
    """{what: region} of those of {what: bytes} that are somewhere in its memory."""
    found = {}
    for region, data in memory(pid):
        for what, needle in needles.items():
            if what not in found and needle in data:
                found[what] = region
    return found


def secrets_of_key(path):
    """Every form in which a private key could lie in memory: the numbers, most or least
    significant byte first, the DER and the text of its file."""
    pem = path.read_text()
    body = "".join(line for line in pem.splitlines() if line and not line.startswith("-"))
    lines = [line for line in pem.splitlines() if line and not line.startswith("-")]
    raw = base64.b64decode(body)
    forms = {"file": pem.encode(), "DER": raw, "base64": max(lines, key=len).encode()}
    for name, number in numbers_of_key(path).items():
        forms[name] = number
        forms[f"{name}, reversed"] = number[::-1]
    return forms


def numbers_of_key(path):
    text = subprocess.run(
        ["openssl", "pkey", "-in", path, "-noout", "-text"], check=True, capture_output=True,
        text=True).stdout
    numbers = {}
    for name in ("priv", "privateExponent", "prime1", "prime2"):
        found = re.search(rf"^{name}:\n((?:    [0-9a-f:]+\n)+)", text, re.MULTILINE)
        if found:
            number = bytes.fromhex(re.sub(r"[\s:]", "", found[1])).lstrip(b"\0")
            numbers[name] = number
    assert numbers, text
    if "ED25519" in text:
        numbers["scalar"] = hashlib.sha512(numbers["priv"]).digest()[1:31]
    return numbers
