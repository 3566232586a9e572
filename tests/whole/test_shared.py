# SPDX-License-Identifier: ISC
"""The files in `run`: damaged, cut, locked, full or not there, the connection goes on; killed
at any point, nothing stays."""

import concurrent.futures
import fcntl
import json
import os
import random
import signal
import socket
import ssl
import struct
import threading

import pytest

import harness
import observe
from sessions import leave, log_in, plain, send
from smtpline import Client

MESSAGE = b"Subject: Test\r\n\r\nHi\r\n"
BRAD = "brad@447.edu"
FILES = ("sessions.0", "ledger")
SIZES = {"sessions.0": 1085440, "ledger": 4198400}


def session(door, password):
    """Everything that a session does with the files."""
    with door.connect() as client:
        log_in(client, BRAD, password)
        send(client, BRAD, [BRAD], MESSAGE)
        leave(client)
    door.wait()


def listed(door, root=False):
    return json.loads(door.programs.run(
        "posternctl", "-c", door.conf, "sessions", "--json", root=root).stdout)


def counted(door):
    stats = json.loads(door.ctl("stats", "--json").stdout)
    return stats["connections"], stats["messages"]


def as_service(door, path):
    harness.give(path)
    return path


def lock(path, start, length=1):
    """Holds an open-file-description lock for as long as the file is open."""
    file = open(path, "r+b", buffering=0)
    fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, start, length, 0))
    return file


def test_files_are_the_services_own(door):
    d = door()
    session(d, d.add_user(BRAD))
    run = d.dir / "run"
    assert sorted(p.name for p in run.iterdir()) == ["ledger", "sessions.0"]
    for name in FILES:
        st = (run / name).stat()
        assert st.st_mode & 0o7777 == 0o600 and st.st_uid == harness.SERVICE.pw_uid
        assert st.st_size == SIZES[name]
    # They are sparse: a session costs a few pages.
    assert sum((run / name).stat().st_blocks for name in FILES) * 512 < 128 * 1024


DAMAGES = {
    "random": lambda path, size: path.write_bytes(random.Random(1).randbytes(size)),
    "ones": lambda path, size: path.write_bytes(b"\xff" * size),
    "cut": lambda path, size: os.truncate(path, 1000),
    "text": lambda path, size: path.write_text("nothing of ours\n"),
    "link": lambda path, size: (path.unlink(), path.symlink_to("/etc/passwd")),
    "folder": lambda path, size: (path.unlink(), path.mkdir()),
    "pipe": lambda path, size: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_damaged(door, name, damage):
    d = door()
    password = d.add_user(BRAD)
    session(d, password)
    path = d.dir / "run" / name
    DAMAGES[damage](path, SIZES[name])
    as_service(d, d.dir / "run")
    session(d, password)
    records = d.records(event="shared-file")
    assert [r["reason"] for r in records] == ["damaged"], records
    assert str(path) in records[0]["message"]
    assert (d.dir / "run" / f"{name}.damaged").exists() or damage == "link"
    # The new one is in order, and works.
    session(d, password)
    assert len(d.records(event="shared-file")) == 1
    assert len(d.messages(BRAD)) == 3
    assert counted(d) == ((2, 2) if name == "sessions.0" else (3, 3))


@pytest.mark.parametrize("name", FILES)
def test_empty(door, name):
    """Whoever made it died before it was filled: that is no damage."""
    d = door()
    (d.dir / "run" / name).touch()
    as_service(d, d.dir / "run")
    session(d, d.add_user(BRAD))
    assert not d.records(event="shared-file")
    assert (d.dir / "run" / name).stat().st_size == SIZES[name]


def test_damaged_while_a_session_is_open(door):
    d = door(limit_user_messages=100)
    password = d.add_user(BRAD)
    with d.connect() as client:
        log_in(client, BRAD, password)
        for name in FILES:
            os.truncate(d.dir / "run" / name, 3000)
        send(client, BRAD, [BRAD], MESSAGE)
        send(client, BRAD, [BRAD], MESSAGE)
        leave(client)
    session(d, password)
    assert len(d.messages(BRAD)) == 3
    assert {r["reason"] for r in d.records(event="shared-file")} == {"damaged"}


def test_no_folder(door):
    d = door()
    password = d.add_user(BRAD)
    d.configure(run=d.dir / "nowhere")
    session(d, password)
    assert len(d.messages(BRAD)) == 1
    records = d.records(event="shared-file")
    assert [r["reason"] for r in records] == ["No such file or directory"]
    assert "Limits are those of this connection alone" in records[0]["message"]
    said = d.programs.run("postern-smtpd", "-c", d.conf, "-t", check=False)
    assert said.returncode == 78 and f"run: {d.dir / 'nowhere'}" in said.stderr


@pytest.mark.skipif(not harness.AS_ROOT, reason="needs root")
def test_folder_of_another(door):
    d = door()
    password = d.add_user(BRAD)
    os.chown(d.dir / "run", 0, 0)
    session(d, password)
    assert len(d.messages(BRAD)) == 1
    assert {r["reason"] for r in d.records(event="shared-file")} == {"Permission denied"}


@pytest.mark.skipif(not harness.AS_ROOT, reason="needs root")
def test_files_of_root_are_set_aside(door):
    """An administrator who runs something as root locks nobody out."""
    d = door()
    password = d.add_user(BRAD)
    for name in FILES:
        (d.dir / "run" / name).write_bytes(b"")
        os.chown(d.dir / "run" / name, 0, 0)
        os.chmod(d.dir / "run" / name, 0o600)
    session(d, password)
    assert len(d.messages(BRAD)) == 1
    assert [r["reason"] for r in d.records(event="shared-file")] == ["damaged"] * 2


def test_lock_that_is_kept(door):
    """A limit may fail open, a login never."""
    d = door(limit_address_connections=1)
    password = d.add_user(BRAD)
    session(d, password)
    with lock(d.dir / "run" / "sessions.0", 0):
        session(d, password)
    assert len(d.messages(BRAD)) == 2
    records = d.records(event="shared-file")
    assert [r["reason"] for r in records] == ["Connection timed out"]
    # With the lock the limit is back.
    with pytest.raises(ssl.SSLError):
        d.connect(banner=False)


def test_lock_that_is_kept_meanwhile(door):
    d = door(limit_user_messages=1)
    password = d.add_user(BRAD)
    with d.connect() as client:
        log_in(client, BRAD, password)
        with lock(d.dir / "run" / "sessions.0", 0):
            for _ in range(3):
                send(client, BRAD, [BRAD], MESSAGE)
        leave(client)
    d.wait()
    assert len(d.records(event="shared-file")) == 1


def test_table_is_full(door):
    """All slots of all files that there may be are somebody's."""
    d = door(limit_address_connections=2)
    password = d.add_user(BRAD)
    session(d, password)
    run, head = d.dir / "run", (d.dir / "run" / "sessions.0").read_bytes()
    held = []
    for n in range(64):
        path = run / f"sessions.{n}"
        path.write_bytes(head[:64] + struct.pack("<II", 9, n < 63))
        os.truncate(path, SIZES["sessions.0"])
        held.append(lock(path, 128, 128 * 256))
    as_service(d, run)
    session(d, password)
    records = d.records(event="shared-file")
    assert [r["reason"] for r in records] == ["full"], records
    # What needs no slot is kept all the same.
    with pytest.raises(ssl.SSLError):
        d.connect(banner=False)
    for file in held:
        file.close()


def test_slot_is_not_the_tls_processes(door):
    """Whoever is killed leaves the slot at once, while the other process is still there."""
    d = door(limit_device_sessions=1)
    with d.connect():
        smtp = d.handlers[0]
        tls = harness.until(lambda: observe.children(smtp.pid), what="a child")[0]
        assert [p["state"] for p in listed(d)] == ["connected"]
        if harness.AS_ROOT:
            run = str(d.dir / "run")
            assert any(what.startswith(run) for what in observe.descriptors(smtp.pid).values())
            assert not any(what.startswith(run) for what in observe.descriptors(tls).values())
        os.kill(tls, signal.SIGSTOP)
        os.kill(smtp.pid, signal.SIGKILL)
        smtp.wait()
        assert listed(d) == []
    d.exits = (0, -signal.SIGKILL)
    with d.connect() as client:
        assert client.banner.code == 220
        leave(client)


def test_killed_at_any_point(door):
    """Two hundred in a row, whatever they were doing: nobody is listed who is not there, the
    counters have not gone back, and the next one finds all in order."""
    d = door(exits=(0, -signal.SIGKILL), limit_device_sessions=6, max_messages=1000)
    password = d.add_user(BRAD)
    d.keys.client(BRAD)
    context = d.context()
    chance = random.Random(7)
    session(d, password)
    before = counted(d)

    def visit(_):
        ours, theirs = socket.socketpair()
        with theirs:
            handler = d.handle(theirs)
        ours.settimeout(harness.DEADLINE)
        d.handlers.append(handler)
        threading.Timer(chance.random() * 0.06, handler.kill).start()
        try:
            client = Client.__new__(Client)
            client.sock, client.pending = ours, b""
            client.sock = context.wrap_socket(ours, server_hostname="localhost")
            client.reply()
            client.command("EHLO client", 250)
            client.command(f"AUTH PLAIN {plain(BRAD, password)}", 235)
            while True:
                send(client, BRAD, [BRAD], MESSAGE)
        except (OSError, EOFError, AssertionError):
            ours.close()
            if client.sock is not ours:
                client.close()
        return handler.wait()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for number, status in enumerate(pool.map(visit, range(200))):
            assert status in (0, -signal.SIGKILL)
            if number % 20 == 0:
                now = counted(d)
                assert now >= before
                before = now
    d._settle(harness.DEADLINE)
    assert listed(d) == []
    session(d, password)
    assert counted(d) >= (before[0] + 1, before[1] + 1)
    assert not d.records(event="shared-file") and not d.records(event="limited")
    assert sorted(p.name for p in (d.dir / "run").iterdir()) == ["ledger", "sessions.0"]
    remove_half_messages(d)


def remove_half_messages(door):
    """Whoever was killed leaves what he was writing, and what he had not locked."""
    for path in door.leftovers():
        path.unlink()


def test_many_addresses(door):
    """The ledger has the size that it had."""
    d = door()
    session(d, d.add_user(BRAD))
    ledger = d.dir / "run" / "ledger"
    environment = d.programs.environment
    for n in range(40):
        ours, theirs = socket.socketpair()
        d.programs.environment = lambda n=n, **more: environment(
            REMOTE_ADDR=f"192.0.2.{n}", **more)
        with theirs, ours:
            d.handlers.append(d.handle(theirs))
    d.programs.environment = environment
    d.wait()
    assert ledger.stat().st_size == SIZES["ledger"]
    assert counted(d)[0] == 41
