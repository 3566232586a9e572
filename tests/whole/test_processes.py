# SPDX-License-Identifier: ISC
"""The two processes of a connection: what each has and lacks; nothing stays behind."""

import os
import pathlib
import re
import select
import socket
import ssl
import subprocess
import time

import pytest

import harness
import observe
from certificates import KEY_TYPES, Authority, der
from sessions import begin, leave, log_in, plain, send, stuffed

BOTH_WAYS = True

needs_root = pytest.mark.skipif(not harness.AS_ROOT, reason="needs root")

PASSWORD = "correct-horse-battery-staple"
WITNESS = "nobody-in-particular@447.edu"


@pytest.fixture(scope="module")
def authorities():
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = Authority(server_key=kind)
        return made[kind]

    yield get
    for each in made.values():
        each.close()


# What each has.


@needs_root
def test_network_belongs_to_the_tls_process_alone(door):
    d = door()
    d.add_user("brad")
    with d.connect() as client:
        pair = observe.Pair(d, client)
        assert observe.children(pair.smtp) == [pair.tls]
        assert observe.children(pair.tls) == []
        assert pair.inode not in observe.sockets(pair.smtp)
        assert pair.inode in observe.sockets(pair.tls)


@needs_root
def test_tls_process_has_its_sockets_and_nothing_else(door):
    d = door()
    with d.connect() as client:
        pair = observe.Pair(d, client)
        found = observe.descriptors(pair.tls)
        if harness.SANDBOX == "off":
            del found[2]
        assert all(what.startswith("socket:[") for what in found.values()), found
        assert len(found) <= 4
        inodes = set(observe.sockets(pair.tls)) - {pair.inode}
        assert len(inodes) == 2 and inodes <= observe.unix_inodes()


@needs_root
def test_smtp_process_keeps_no_file_open_between_commands(door):
    d = door()
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        send(client, "brad@447.edu", ["brad@447.edu"], b"one\r\n")
        files = observe.descriptors(observe.Pair(d, client).smtp).values()
        files = {f for f in files if f.startswith("/") and not f.startswith("/dev/null")}
        # The log, and what it shares with others while it lives.
        shared = {str(d.dir / "run" / name) for name in ("sessions.0", "ledger")}
        assert files == {str(d.log), str(d.stderr)} | shared


@needs_root
@pytest.mark.parametrize("kind", KEY_TYPES)
def test_private_key_is_never_in_the_tls_process(door, authorities, kind):
    own = authorities(kind)
    needles = observe.secrets_of_key(own.key)
    d = door(keys=own)
    silent = d.socket()
    pair = observe.Pair(d, silent)
    # While it waits for the handshake, the smtp process has the key: that the search finds
    # it there says that it would find it elsewhere.
    held = harness.until(lambda: observe.search(pair.smtp, needles), what="the key")
    assert any("priv" in what or "prime" in what for what in held), held
    assert observe.search(pair.tls, needles) == {}
    if d.resident:
        assert observe.search(d.resident.pid, needles) == {}
    silent.start_tls(d.context(own.client(), "1.3", own.ca))
    assert silent.reply().code == 220
    assert observe.search(pair.tls, needles) == {}
    assert observe.search(pair.smtp, needles) == {}
    # The certificate is in both, as it was read before the fork.
    public = {"certificate": der(own.cert)[-64:]}
    assert observe.search(pair.tls, public)
    if d.resident:
        assert observe.search(d.resident.pid, public)
        assert observe.search(d.resident.pid, needles) == {}


@needs_root
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_user_store_is_never_in_the_tls_process(door, tls):
    d = door(bind="any")
    d.add_user("brad", PASSWORD)
    d.add_user(WITNESS, PASSWORD)
    head, *lines = d.users.read_text().splitlines()
    witness = next(line for line in lines if line.startswith(f"u {WITNESS} "))
    needles = {"head": head[-24:].encode(), "line": witness.encode()[:60],
               "name": WITNESS.encode()}
    for field in witness.split()[2:]:
        name, _, value = field.partition("=")
        if len(value) > 20:
            needles[name] = value.encode()[:40]
    assert len(needles) >= 4, witness
    with d.connect(tls=tls) as client:
        log_in(client, WITNESS, PASSWORD)
        pair = observe.Pair(d, client)
        found = observe.search(pair.tls, {k: v for k, v in needles.items() if k != "name"})
        assert found == {}
        # The smtp process knows at least who has logged in.
        assert "name" in observe.search(pair.smtp, needles)


@needs_root
def test_search_finds_what_is_there():
    """Each form of a key in the memory of a process that holds it in that form alone."""
    with Authority() as own:
        for what, needle in observe.secrets_of_key(own.key).items():
            script = "import sys; x = sys.stdin.buffer.read(); print(len(x), flush=True); " \
                "import time; time.sleep(60)"
            holder = subprocess.Popen(
                ["/usr/bin/python3", "-c", script], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE)
            try:
                holder.stdin.write(needle)
                holder.stdin.close()
                assert int(holder.stdout.readline()) == len(needle)
                assert list(observe.search(holder.pid, {what: needle})) == [what]
                assert observe.search(holder.pid, {what: needle[:-1] + b"\xff\xfe"}) == {}
            finally:
                holder.kill()
                holder.wait()
                holder.stdout.close()


# What each may do.


def test_privileges_of_both(door):
    d = door()
    with d.connect() as client:
        pair = observe.Pair(d, client)
        for pid in (pair.smtp, pair.tls):
            state = observe.status(pid)
            assert state["NoNewPrivs"] == "1"
            assert set(state["Uid"].split()) == {str(harness.SERVICE.pw_uid)}
            assert set(state["Gid"].split()) == {str(harness.SERVICE.pw_gid)}
            assert int(state["CapEff"], 16) == int(state["CapPrm"], 16) == 0
        if harness.SANDBOX != "off" and harness.AS_ROOT:
            timers = pathlib.Path(f"/proc/{pair.smtp}/timers").read_text()
            assert re.findall(r"^signal: (\d+)/", timers, re.M) == ["9"], "it ends in any case"


READ_MEMORY = """
import ctypes, os, sys
pid = int(sys.argv[1])
done = []
try:
    open(f"/proc/{pid}/mem", "rb").close()
    done.append("mem")
except PermissionError:
    pass
libc = ctypes.CDLL(None, use_errno=True)
class iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
room = ctypes.create_string_buffer(16)
here = iovec(ctypes.addressof(room), 16)
there = iovec(int(sys.argv[2], 16), 16)
if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
    done.append("process_vm_readv")
try:
    os.readlink(f"/proc/{pid}/fd/0")
    done.append("fd")
except PermissionError:
    pass
ptrace_seize = 0x4206  # unlike PTRACE_ATTACH it does not stop the other
if libc.ptrace(ptrace_seize, pid, 0, 0) == 0:
    done.append("ptrace")
print(*done)
"""


def what_a_neighbour_can(pid):
    """What another process of the service's user can do to this one."""
    begin = "0"
    if harness.AS_ROOT:
        begin = pathlib.Path(f"/proc/{pid}/maps").read_text().split("-")[0]
    more = {}
    if harness.AS_ROOT:
        more = {"user": harness.SERVICE.pw_uid, "group": harness.SERVICE.pw_gid,
                "extra_groups": []}
    done = subprocess.run(
        ["/usr/bin/python3", "-c", READ_MEMORY, str(pid), begin], check=True,
        capture_output=True, text=True, **more)
    return set(done.stdout.split())


@needs_root
def test_neighbours_of_the_same_user_cannot_look_into_either(door):
    d = door()
    with d.connect() as client:
        pair = observe.Pair(d, client)
        assert what_a_neighbour_can(pair.smtp) == set()
        assert what_a_neighbour_can(pair.tls) == set()
    open_book = subprocess.Popen(
        ["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE, user=harness.SERVICE.pw_uid,
        group=harness.SERVICE.pw_gid, extra_groups=[])
    try:
        everything = {"mem", "process_vm_readv", "fd", "ptrace"}
        assert what_a_neighbour_can(open_book.pid) == everything
    finally:
        open_book.kill()
        open_book.communicate()


@needs_root
def test_started_as_root_it_becomes_the_user(door, programs):
    d = door(listen=False, user="nobody")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = d.socket(listener.getsockname()[1])
        conn, _ = listener.accept()
    with conn, open(d.stderr, "ab") as err:
        handler = subprocess.Popen(
            [programs.path / "postern-smtpd", "-c", d.conf], stdin=conn, stdout=conn,
            stderr=err, env=programs.environment())
    d.handlers.append(handler)
    client.start_tls(d.context())
    assert client.reply().code == 220
    [tls] = observe.children(handler.pid)
    for pid in (handler.pid, tls):
        state = observe.status(pid)
        assert set(state["Uid"].split()) == {str(harness.SERVICE.pw_uid)}
        assert set(state["Gid"].split()) == {str(harness.SERVICE.pw_gid)}
        assert set(state["Groups"].split()) <= {str(harness.SERVICE.pw_gid)}
        assert state["NoNewPrivs"] == "1" and int(state["CapEff"], 16) == 0
    client.command("QUIT", 221)


@needs_root
def test_root_as_the_user_has_no_capabilities(programs):
    """Root's number alone is left, which owns root's files."""
    own = harness.Keys(programs)
    own.client()
    d = harness.Door(programs, own, listen=False, user="root")
    for path in [d.dir, own.dir, *d.dir.rglob("*"), *own.dir.rglob("*")]:
        os.chown(path, 0, 0)
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = d.socket(listener.getsockname()[1])
            conn, _ = listener.accept()
        with conn, open(d.stderr, "ab") as err:
            d.handlers.append(subprocess.Popen(
                [programs.path / "postern-smtpd", "-c", d.conf], stdin=conn, stdout=conn,
                stderr=err, env=programs.environment()))
        client.start_tls(d.context())
        assert client.reply().code == 220
        smtp = d.handlers[0].pid
        for pid in (smtp, *observe.children(smtp)):
            state = observe.status(pid)
            assert set(state["Uid"].split()) == {"0"}
            for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert int(state[which], 16) == 0, which
        leave(client)
        d.wait()
        assert d.records(event="runs-as-root")
    finally:
        d.close()
        own.close()


@needs_root
def test_started_as_root_without_such_a_user(door, programs):
    d = door(listen=False, user="no-such-user")
    here, there = socket.socketpair()
    with here, there:
        done = subprocess.run(
            [programs.path / "postern-smtpd", "-c", d.conf], stdin=there, stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL, text=True, timeout=30)
    assert done.returncode == 78
    assert "no-such-user" in done.stderr and done.stderr.count("\n") == 1


# The relay.


def write_until_stuck(sock, data):
    """Writes without reading until the other side takes no more: how many bytes."""
    sock.setblocking(False)
    sent = 0
    while sent < len(data):
        try:
            sent += sock.send(data[sent:sent + 16384])
        except (ssl.SSLWantWriteError, BlockingIOError):
            _, ready, _ = select.select([], [sock], [], 1.0)
            if not ready:
                break
    return sent


def pump(sock, data, sent, expected):
    """Writes the rest and reads to the expected number of lines: all that came."""
    said = bytearray()
    lines, end = 0, time.monotonic() + 60
    while lines < expected:
        assert time.monotonic() < end, f"{lines} of {expected} replies, {sent} bytes sent"
        moved = False
        try:
            more = sock.recv(65536)
            assert more, "closed"
            lines += more.count(b"\n")
            said += more
            moved = True
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        if sent < len(data):
            try:
                sent += sock.send(data[sent:sent + 16384])
                moved = True
            except (ssl.SSLWantWriteError, BlockingIOError):
                pass
        if not moved:
            select.select([sock], [sock] if sent < len(data) else [], [], 1.0)
    return bytes(said)


@pytest.mark.parametrize("greeting", ["EHLO client.447.edu", "HELO client"])
def test_pipelined_commands_whose_replies_nobody_reads(door, greeting):
    count = 200_000
    data = b"NOOP\r\n" * count
    d = door()
    with d.connect() as client:
        client.command(greeting, 250)
        pair = observe.Pair(d, client)
        sent = write_until_stuck(client.sock, data)
        for pid in (pair.smtp, pair.tls):
            assert int(observe.status(pid)["VmRSS"].split()[0]) < 100_000
        said = pump(client.sock, data, sent, count)
        lines = said.split(b"\r\n")
        assert len(lines) == count + 1 and set(lines[:-1]) == {lines[0]}
        client.sock.setblocking(True)
        client.sock.settimeout(harness.DEADLINE)
        client.command("QUIT", 221)
        assert client.at_end()


def test_large_message_both_ways_at_once(door):
    """A message of megabytes behind pipelined commands, read only afterwards."""
    body = b"".join(b"%07d %s\r\n" % (n, b"x" * 60) for n in range(120_000))
    d = door()
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        begin(client, "brad@447.edu", ["brad@447.edu"])
        client.send(stuffed(body) + b"NOOP\r\n" * 1000)
        assert client.reply().code == 250
        for _ in range(1000):
            assert client.reply().code == 250
    d.wait()
    [message] = d.messages("brad@447.edu")
    assert message.endswith(body.replace(b"\r\n", b"\n"))


def test_one_byte_at_a_time(door):
    d = door()
    password = d.add_user("brad")
    with d.connect() as client:
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for line in ("EHLO client.447.edu", f"AUTH PLAIN {plain('brad', password)}",
                     "MAIL FROM:<brad@447.edu>", "RCPT TO:<brad@447.edu>", "DATA",
                     "a line\r\n..\r\n."):
            for byte in f"{line}\r\n".encode():
                client.send(bytes([byte]))
            assert client.reply().code in (250, 235, 354)
    d.wait()
    [message] = d.messages("brad@447.edu")
    assert message.endswith(b"\na line\n.\n")


def test_last_words_come_before_the_close(door):
    """A QUIT behind replies that fill every buffer is answered last, and then is the end."""
    d = door()
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        count = 20_000
        data = b"NOOP\r\n" * count + b"QUIT\r\n"
        sent = write_until_stuck(client.sock, data)
        said = pump(client.sock, data, sent, count + 1).split(b"\r\n")
        assert set(said[:-2]) == {said[0]} and said[-2].startswith(b"221 ")
        client.sock.setblocking(True)
        assert client.at_end()


def test_quit_is_answered_with_close_notify(door):
    d = door()
    with d.connect() as client:
        client.command("QUIT", 221)
        # A stream cut without close_notify is an error here, not an end.
        assert client.sock.recv(1) == b""


def test_commands_behind_quit_are_not_read(door):
    d = door()
    with d.connect() as client:
        client.send(b"RSET\r\nQUIT\r\nNOOP\r\nNOOP\r\n")
        assert [client.reply().code for _ in range(2)] == [250, 221]
        assert client.at_end()


def test_peer_that_has_said_all_gets_every_reply(door):
    """One that closes its side behind the last command and reads only then."""
    d = door(tls="starttls")
    with d.connect() as client:
        client.send(b"HELO client\r\n" + b"HELP\r\n" * 2000 + b"QUIT\r\n")
        client.sock.shutdown(socket.SHUT_WR)
        codes = [client.reply().code for _ in range(2002)]
        assert codes == [250] + [214] * 2000 + [221]
        assert client.at_end()


@pytest.mark.parametrize("handoff", ["inetd", "systemd"])
def test_handoff(door, handoff):
    d = door(handoff=handoff)
    with d.connect() as client:
        client.command("QUIT", 221)
