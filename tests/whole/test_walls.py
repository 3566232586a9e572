# SPDX-License-Identifier: ISC
"""Both processes of a connection, taken over: what each tries that it must not is stopped,
the log says what it was, and the next connection is served as ever. The same of a resident
parent, who is started anew by others."""

import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

import harness
import sessions

USER = "brad@447.edu"
BOTH_WAYS = True
INTRUDER = pathlib.Path(__file__).with_name("intruder.c")

# A deed, and the system call that ends the process for it; None: it fails, no more.
TLS = {
    "read": "openat", "write": "openat", "remove": "unlink", "execute": "execve",
    "socket": "socket", "trace": "ptrace", "kill": "kill", "fork": "clone",
    "chmod": "chmod", "memory": "process_vm_readv", "run-memory": "mmap",
    "unlock-memory": "mprotect", "touch": "utimensat", "hoard": None,
}
SMTP = {
    "read": None, "write": None, "remove": None, "execute": "execve", "socket": "socket",
    "trace": "ptrace", "kill": "kill", "fork": "clone", "chmod": "chmod",
    "memory": "process_vm_readv", "run-memory": "mmap", "unlock-memory": "mprotect",
    "touch": "utimensat", "cut-log": "ftruncate", "overwrite-log": "pwrite64",
    "loosen-log": "fcntl", "publish-log": "fchmod", "copy-log": "dup", "open-log": None,
    "link-log": None, "spoil-cache": None, "speak": "sendto",
}
# It has to fork, and to send signals.
PARENT = {
    "read": None, "write": None, "remove": None, "execute": None, "socket": "socket",
    "trace": "ptrace", "chmod": "chmod", "memory": "process_vm_readv",
}
DEEDS = [(process, deed, call) for process, deeds in (("tls", TLS), ("smtp", SMTP))
         for deed, call in deeds.items()]


class Overrun(harness.Programs):
    """The programs with the intruder loaded into them."""

    def __init__(self):
        super().__init__()
        self.preload = self.path / "intruder.so"
        subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Wall", "-shared", "-fPIC",
                        "-o", self.preload, INTRUDER], check=True)
        self.secret = pathlib.Path(tempfile.mkdtemp(prefix="postern-outside-"))
        (self.secret / "file").write_text("a secret\n")
        harness.give(self.secret)
        self.places = {}

    def environment(self, **more):
        return super().environment(
            LD_PRELOAD=str(self.preload), INTRUDER_READ=str(self.secret / "file"),
            INTRUDER_WRITE=str(self.secret / "new"),
            INTRUDER_SOCKET=str(self.secret / "socket"), **self.places, **more)

    def aim(self, door):
        """What the deeds are done to, of this door."""
        cache = door.dir / "cache" / "revoked.index"
        cache.touch()
        harness.give(cache)
        self.places = {"INTRUDER_LOG": str(door.log), "INTRUDER_LINK": str(door.mail / "log"),
                       "INTRUDER_CACHE": str(cache)}


@pytest.fixture(scope="module")
def overrun():
    programs = Overrun()
    yield programs
    programs.close()


@pytest.mark.parametrize("process, deed, call", DEEDS)
def test_deeds(overrun, keys, keeper, process, deed, call):
    door = harness.Door(
        overrun, keys, keeper, exits=(0, 71, -31), listen=False, sandbox="require")
    overrun.aim(door)
    door.log.write_text("what was there\n")
    harness.give(door.log)
    door.listen()
    mode = door.log.stat().st_mode & 0o777
    try:
        client = door.connect(USER)
        client.command("EHLO client.447.edu", 250)
        if call is None:
            client.command(f"NOOP {process}:{deed}", 250)
            sessions.leave(client)
        else:
            client.send(f"NOOP {process}:{deed}\r\n")
            with pytest.raises((OSError, EOFError)):
                client.reply()
            client.close()
        door.wait()
        found = [r["reason"] for r in door.records(event="forbidden-call")]
        assert found == ([call] if call else [])
        assert (overrun.secret / "file").read_text() == "a secret\n"
        assert os.listdir(overrun.secret) == ["file"]
        assert door.log.read_text().startswith("what was there\n")
        assert (door.log.stat().st_mode & 0o777, door.log.stat().st_nlink) == (mode, 1)
        sessions.leave(door.connect(USER))
    finally:
        door.close()


@pytest.mark.parametrize("deed, call", PARENT.items())
def test_deeds_of_a_parent(overrun, keys, deed, call):
    door = harness.Door(overrun, keys, "resident", sandbox="require",
                        env={"INTRUDER_ACCEPT": deed})
    try:
        if call is None:
            sessions.leave(door.connect(USER))
            door.wait()
        else:
            door.socket()
            assert door.resident.wait(harness.DEADLINE) == -signal.SIGSYS
            door.resident = None
            door.listener.close()
        found = [r["reason"] for r in door.records(event="forbidden-call")]
        assert found == ([call] if call else [])
        assert (overrun.secret / "file").read_text() == "a secret\n"
        assert os.listdir(overrun.secret) == ["file"]
    finally:
        door.close()


def test_a_parent_without_walls_succeeds(overrun, keys):
    door = harness.Door(overrun, keys, "resident", sandbox="off",
                        env={"INTRUDER_ACCEPT": "socket"})
    try:
        door.socket()
        assert door.resident.wait(harness.DEADLINE) == 99
        door.resident = None
        door.listener.close()
    finally:
        door.close()


def test_without_walls_they_succeed(overrun, keys, keeper):
    """The deeds are such that somebody could do them."""
    done = [("tls", "read"), ("tls", "run-memory"), ("tls", "hoard"), ("smtp", "socket"),
            ("smtp", "execute"), ("smtp", "unlock-memory"), ("smtp", "touch"),
            ("smtp", "publish-log"), ("smtp", "copy-log"), ("smtp", "open-log"),
            ("smtp", "link-log"), ("smtp", "spoil-cache"), ("smtp", "loosen-log"),
            ("smtp", "cut-log")]
    door = harness.Door(
        overrun, keys, keeper, exits=(0, 71, 99), listen=False, sandbox="off")
    overrun.aim(door)
    door.listen()
    try:
        for process, deed in done:
            client = door.connect(USER)
            client.command("EHLO client.447.edu", 250)
            client.send(f"NOOP {process}:{deed}\r\n")
            with pytest.raises((OSError, EOFError)):
                client.reply()
            client.close()
        door.wait()
        assert not door.records(event="forbidden-call")
    finally:
        door.close()


def test_a_login_by_password_behind_walls(programs, keys, keeper):
    """libgsasl and the libraries it brings are loaded by then."""
    door = harness.Door(programs, keys, keeper, sandbox="require")
    try:
        password = door.add_user(USER)
        client = door.connect(USER)
        sessions.log_in(client, USER, password)
        sessions.send(client, USER, [USER], b"Subject: x\r\n\r\nx\r\n")
        sessions.leave(client)
        door.wait()
        assert len(door.messages(USER)) == 1
        assert not door.records(event="sandbox-missing")
    finally:
        door.close()


def test_without_libgsasl_nobody_is_ended(programs, keys, monkeypatch):
    """It is not looked for again where no library can be loaded."""
    folder = harness.folder("postern-library-")
    (folder / "libgsasl.so.18").write_text("no library\n")
    environment = programs.environment
    monkeypatch.setattr(
        programs, "environment", lambda **more: environment(LD_LIBRARY_PATH=str(folder), **more))
    door = harness.Door(programs, keys, exits=(0, 75), sandbox="require")
    try:
        client = door.connect(USER)
        client.command("EHLO client.447.edu", 250)
        client.command("AUTH PLAIN", 454)
        client.command("AUTH EXTERNAL =", 535)
        sessions.leave(client)
        door.wait()
        assert not door.records(event="forbidden-call")
    finally:
        door.close()
        harness.shutil.rmtree(folder)
