# SPDX-License-Identifier: ISC
"""posternctl sessions: who is connected now, for people, for programs, and live."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import termios

import pytest

import harness
import observe
from certificates import pin_of
from scripted import Terminal
from sessions import b64, leave, log_in, plain, send, stuffed

MESSAGE = b"Subject: Test\r\n\r\nHi\r\n"
BRAD, ANN = "brad@447.edu", "ann@447.edu"
COLUMNS = ["SINCE", "FROM", "DEVICE", "USER", "STATE", "FOR", "MSGS", "RCPTS", "BYTES",
           "MSGSLEFT", "RCPTLEFT"]


def listed(door, **more):
    return json.loads(door.ctl("sessions", "--json", **more).stdout)


def in_state(door, state, n=1):
    """The one session, or all n of them, once they are in that state."""
    def all_are():
        found = listed(door)
        return found if len(found) == n and all(s["state"] == state for s in found) else None
    found = harness.until(all_are, what=f"state {state}")
    return found[0] if n == 1 else found


def test_nobody_and_nothing(door):
    """No table is needed to say so, and none is made."""
    d = door()
    assert listed(d) == []
    assert d.ctl("sessions").stdout.split() == COLUMNS
    assert not list((d.dir / "run").iterdir())


def test_what_is_known_at_each_step(door):
    d = door(limit_device_messages=5, limit_user_recipients=9)
    password = d.add_user(BRAD)
    client = d.socket()
    first = in_state(d, "handshake")
    assert (first["address"], first["port"]) == client.sock.getsockname()
    assert first["device"] is None and first["user"] is None
    assert first["pid"] == d.handlers[0].pid
    client.start_tls(d.context())
    client.reply()
    connected = in_state(d, "connected")
    d.records()
    assert connected["device"] == d.records(event="admitted")[0]["device"]
    assert connected["session"] == d.records(event="admitted")[0]["session"]
    assert connected["since"] == first["since"] <= connected["state_since"]
    client.command("EHLO client", 250)
    in_state(d, "greeted")
    client.command("AUTH LOGIN", 334)
    in_state(d, "authenticating")
    client.command("*", 501)
    client.command(f"AUTH PLAIN {plain(BRAD, password)}", 235)
    ready = in_state(d, "ready")
    assert ready["user"] == BRAD
    assert ready["left"]["device"]["messages"] == 5
    assert ready["left"]["user"]["recipients"] == 9
    assert ready["left"]["user"]["messages"] is None
    client.command(f"MAIL FROM:<{BRAD}>", 250)
    in_state(d, "sender")
    client.command(f"RCPT TO:<{BRAD}>", 250)
    in_state(d, "recipients")
    client.command("DATA", 354)
    message = in_state(d, "message")
    assert message["messages"] == 0
    # What is under way is taken from what is left.
    assert message["left"]["device"]["messages"] == 4
    client.send(stuffed(MESSAGE))
    client.reply()
    ready = in_state(d, "ready")
    assert (ready["messages"], ready["recipients"]) == (1, 1)
    assert ready["bytes"] > len(MESSAGE)
    assert ready["left"]["user"]["recipients"] == 8
    leave(client)
    d.wait()
    assert listed(d) == []


def test_state_in_the_clear(door):
    d = door(tls="starttls")
    with d.socket() as client:
        client.reply()
        in_state(d, "connected")
        client.command("EHLO client", 250)
        client.command("STARTTLS", 220)
        in_state(d, "handshake")
        client.start_tls(d.context())
        assert in_state(d, "connected")["device"]


def test_many(door):
    """The oldest first; what each has left of being connected at a time."""
    d = door(limit_device_sessions=10, limit_address_sessions=50)
    clients = [d.connect(cert) for cert in (BRAD, ANN, BRAD)]
    found = in_state(d, "connected", 3)
    assert [s["port"] for s in found] == [c.sock.getsockname()[1] for c in clients]
    assert [s["left"]["device"]["sessions"] for s in found] == [8, 9, 8]
    assert [s["left"]["address"]["sessions"] for s in found] == [47] * 3
    assert found[0]["device"] == found[2]["device"] != found[1]["device"]


def test_table_for_people(door):
    d = door()
    password = d.add_user(BRAD)
    with d.connect() as client, d.connect(ANN):
        log_in(client, BRAD, password)
        send(client, BRAD, [BRAD], MESSAGE)
        harness.until(lambda: [(s["state"], s["messages"]) for s in listed(d)]
                      == [("ready", 1), ("connected", 0)], what="both sessions")
        head, first, second = d.ctl("sessions").stdout.splitlines()
    assert head.split() == COLUMNS
    since, peer, device, user, state, lasts, messages, recipients, *rest = first.split()
    assert re.fullmatch(r"\d+s", since) and re.fullmatch(r"\d+s", lasts)
    assert re.fullmatch(r"127\.0\.0\.1:\d+", peer) and re.fullmatch(r"[0-9a-f]{16}", device)
    assert (user, state, messages, recipients) == (BRAD, "ready", "1", "1")
    assert second.split()[3:5] == ["-", "connected"]


def test_the_dead_are_never_shown(door):
    d = door(exits=(0, -signal.SIGKILL))
    for _ in range(10):
        with d.connect() as client:
            assert in_state(d, "connected")["port"] == client.sock.getsockname()[1]
            d.handlers[-1].kill()
            d.handlers[-1].wait()
            assert listed(d) == [] and len(d.ctl("sessions").stdout.splitlines()) == 1


def rows(door):
    """The rows of the first table that are not all zero."""
    table = (door.dir / "run" / "sessions.0").read_bytes()[128:128 + 128 * 256]
    return [row for n in range(256) if any(row := table[n * 128:(n + 1) * 128])]


def quits(d):
    with d.connect() as client:
        assert len(rows(d)) == 1
        leave(client)


def vanishes(d):
    with d.connect():
        assert len(rows(d)) == 1


def never_speaks(d):
    with d.socket():
        in_state(d, "handshake")


def is_nobody(d):
    with d.socket() as client, pytest.raises(ssl.SSLError):
        client.start_tls(d.context(None, tls="1.2"))


def address_is_over(d):
    """Its neighbour is listed, and nobody else."""
    d.configure(limit_address_sessions=1)
    with d.connect() as neighbour:
        with d.socket() as client, pytest.raises(ssl.SSLError):
            client.start_tls(d.context(tls="1.2"))
        assert [s["port"] for s in listed(d)] == [neighbour.sock.getsockname()[1]]
        assert len(rows(d)) == 1


def device_is_over(d):
    d.configure(limit_device_sessions=1)
    with d.connect():
        with d.socket() as client:
            client.start_tls(d.context())
            assert client.reply().code == 421 and client.at_end()
        harness.until(lambda: len(rows(d)) == 1, what="the end of the row")


def user_is_over(d):
    d.configure(limit_user_connections=1)
    password = d.add_user(BRAD)
    for code in (235, 421):
        with d.connect() as client:
            client.command("EHLO client", 250)
            client.command(f"AUTH PLAIN {plain(BRAD, password)}", code)


def is_told_to_stop(d):
    with d.connect() as client:
        d.handlers[-1].terminate()
        assert client.reply().code == 421


def tls_process_dies(d):
    d.exits = (0, 71)
    with d.connect():
        os.kill(harness.until(lambda: observe.children(d.handlers[-1].pid), what="it")[0],
                signal.SIGKILL)
        d.wait()


@pytest.mark.parametrize("way", [
    quits, vanishes, never_speaks, is_nobody, address_is_over, device_is_over, user_is_over,
    is_told_to_stop, tls_process_dies], ids=lambda way: way.__name__)
def test_no_row_stays(door, way):
    """However a session ends, or is refused."""
    d = door()
    way(d)
    d.wait()
    assert rows(d) == [] and listed(d) == []
    assert json.loads(d.ctl("stats", "--json").stdout)["connections"] == len(d.handlers)


def test_labels_of_devices(door):
    """What people call a device, whatever its certificate says; as the store has it now."""
    d = door(limit_device_sessions=5)
    pin = pin_of(d.keys.client(ANN))
    d.add_user(BRAD)
    d.ctl("device", "add", "brad", "--pin", pin, "--label", "on the second floor, left")
    with d.connect(ANN) as client, d.connect(BRAD), d.socket():
        client.command("EHLO client", 250)
        client.command(f"AUTH EXTERNAL {b64(BRAD)}", 235)
        found = harness.until(lambda: [
            s for s in listed(d) if s["state"] == "ready"], what="the device")[0]
        assert (found["device"], found["label"]) == (pin, "on the second floor, left")
        assert found["left"]["device"]["sessions"] == 4 and found["user"] == BRAD
        known = {s["port"]: s["label"] for s in listed(d)}
        assert len(known) == 3 and list(known.values()).count(None) == 2
        # So much of it as the column has room for.
        assert " on the second floor,  brad@" in d.ctl("sessions").stdout
        d.ctl("device", "label", pin, "roof")
        assert re.search(r" roof +brad@447\.edu +ready", d.ctl("sessions").stdout)
        d.ctl("device", "del", pin)
        assert [s["label"] for s in listed(d)] == [None] * 3
        assert re.search(rf" {pin[:16]} +brad@447\.edu +ready", d.ctl("sessions").stdout)
        d.users.unlink()
        assert [s["label"] for s in listed(d)] == [None] * 3


def test_ipv6_and_no_address(door):
    d = door()
    environment = d.programs.environment
    ends = []
    for address in ("2001:db8::7", "nowhere"):
        ours, theirs = socket.socketpair()
        d.programs.environment = lambda a=address, **more: environment(REMOTE_ADDR=a, **more)
        with theirs:
            d.handlers.append(d.handle(theirs))
        ends.append(ours)
    d.programs.environment = environment
    found = in_state(d, "handshake", 2)
    assert {s["address"] for s in found} == {"2001:db8::7", "local"}
    for end in ends:
        end.close()


def test_bytes_of_others_are_escaped(door):
    """Whatever stands in a page, no control character reaches the terminal."""
    d = door()
    password = d.add_user(BRAD)
    with d.connect() as client:
        log_in(client, BRAD, password)
        in_state(d, "ready")
        path = d.dir / "run" / "sessions.0"
        data = bytearray(path.read_bytes())
        at = data.index(BRAD.encode())
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(b"\x1b[2J\x9b\"\\\r\n\xff")
        text = d.ctl("sessions").stdout
        assert "\\x1b[2J\\x9b\\x22\\x5c\\x0d\\x0a\\xff" in text
        assert all(c == "\n" or " " <= c <= "~" for c in text)
        assert listed(d)[0]["user"].startswith("\x1b[2J\x9b\"\\\r\n\xff")


@pytest.mark.skipif(
    not harness.AS_ROOT or not shutil.which("strace"), reason="needs root and strace")
def test_rows_are_not_written_for_each_command(door):
    d = door(listen=False)
    password = d.add_user(BRAD)
    trace = d.dir / "trace"
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = d.socket(server.getsockname()[1])
        conn, _ = server.accept()
    with conn:
        process = subprocess.Popen(
            ["strace", "-f", "-y", "-o", trace, "-e", "trace=pwrite64,pread64,fcntl,openat",
             d.programs.path / "postern-smtpd", "-c", d.conf],
            stdin=conn, stdout=conn, stderr=subprocess.DEVNULL)
    d.handlers.append(process)
    client.start_tls(d.context())
    client.reply()
    log_in(client, BRAD, password)
    for _ in range(200):
        client.command("NOOP", 250)
    leave(client)
    process.wait(harness.DEADLINE)
    calls = [line for line in trace.read_text().splitlines() if f"{d.dir}/run/" in line]
    writes = [line for line in calls if "pwrite64" in line and "sessions.0" in line]
    assert 4 <= len(writes) < 14 and len(calls) < 60, "\n".join(calls)


def test_damaged_table(door):
    """What is damaged is named, and not touched."""
    d = door()
    with d.connect():
        in_state(d, "connected")
        path = d.dir / "run" / "sessions.0"
        with open(path, "r+b") as file:
            file.seek(128 + 5 * 128)
            file.write(b"x" * 128)
        before = path.read_bytes()
        said = d.ctl("sessions", "--json", check=False)
        assert said.returncode == 65 and str(path) in said.stderr
        assert len(json.loads(said.stdout)) == 1
        os.truncate(path, 5000)
        said = d.ctl("sessions", check=False)
        assert said.returncode == 65 and str(path) in said.stderr and not said.stdout
        assert path.read_bytes() == before[:5000]


@pytest.mark.skipif(not harness.AS_ROOT, reason="needs root")
def test_who_may_look(door):
    d = door()
    with d.connect():
        in_state(d, "connected")
        os.chown(d.dir / "run", 0, 0)
        assert d.ctl("sessions", check=False).returncode == 77
        assert len(listed(d, root=True)) == 1
        harness.give(d.dir / "run")


def test_options(door):
    d = door()
    for words in (["--json", "--watch"], ["--prometheus"], ["again"]):
        assert d.ctl("sessions", *words, check=False).returncode == 64
    assert d.ctl("sessions", "--watch", check=False).returncode == 64  # no terminal


# Live.


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.kill(terminal.process.pid, signal.SIGWINCH)


def watch(door):
    return Terminal(lambda **more: door.programs.popen(
        "posternctl", "-c", door.conf, "sessions", "--watch", **more))


@pytest.mark.parametrize("end", ["q", "\x03", signal.SIGTERM, signal.SIGINT])
def test_watch(door, end):
    d = door()
    password = d.add_user(BRAD)
    with watch(d) as terminal:
        terminal.expect("\x1b[?1049h")  # the other screen
        terminal.expect("0 connected")
        before = termios.tcgetattr(terminal.slave)
        assert not terminal.echoes()
        with d.connect() as client:
            terminal.expect("1 connected")
            log_in(client, BRAD, password)
            resize(terminal, 24, 160)
            terminal.expect(BRAD)
            leave(client)
        terminal.expect("0 connected")
        if isinstance(end, str):
            terminal.type(end)
        else:
            terminal.process.send_signal(end)
        assert terminal.wait() == 0
        assert terminal.output.endswith("\x1b[?25h\x1b[?1049l")
        assert terminal.echoes()
        after = termios.tcgetattr(terminal.slave)
        assert after[3] == before[3] | termios.ECHO | termios.ICANON | termios.ISIG


def test_watch_in_any_size(door):
    """No line is wider than the terminal, and no frame higher."""
    d = door()
    clients = [d.connect() for _ in range(8)]
    with watch(d) as terminal:
        terminal.expect("8 connected")
        for rows, columns in ((24, 80), (6, 40), (8, 60), (3, 12), (1, 5), (50, 200)):
            terminal.output, terminal.seen = "", 0
            resize(terminal, rows, columns)
            # The first frame that begins behind it is of that size.
            terminal.expect("\x1b[J")
            terminal.output, terminal.seen = "", 0
            terminal.expect("\x1b[J")
            frame = terminal.output.split("\x1b[J")[0].replace("\x1b[H", "")
            lines = frame.replace("\x1b[K", "").replace("\r", "").rstrip("\n").split("\n")
            assert max(map(len, lines)) <= columns
            # The cursor stands in a line of its own behind them.
            assert len(lines) < max(rows, 5)
            shown = sum("127.0.0.1:" in line for line in lines)
            if columns >= 21:
                assert shown == min(8, rows - 5 if rows < 12 else 8)
                assert shown == 8 or lines[-1] == f"... and {8 - shown} more"
            if columns == 60:
                assert lines[2].split() == ["FROM", "USER"]
            if columns == 80:
                assert lines[2].split() == ["SINCE", "FROM", "DEVICE", "USER"]
        assert frame.count("127.0.0.1:") == 8
        terminal.type("q")
        assert terminal.wait() == 0
    for client in clients:
        client.close()


@pytest.mark.parametrize("command", ["sessions", "stats"])
def test_no_folder_to_share(door, command):
    d = door(listen=False)
    d.configure(run=d.dir / "no-such-folder")
    for more in ([], ["--json"]):
        ran = d.ctl(command, *more, check=False)
        assert ran.returncode == 66 and not ran.stdout
        assert f"{d.dir}/no-such-folder: there is no such folder" in ran.stderr


def test_watch_ends_with_the_terminal(door):
    d = door()
    terminal = watch(d)
    terminal.expect("0 connected")
    os.close(terminal.master)
    os.close(terminal.slave)
    assert terminal.process.wait(harness.DEADLINE) is not None
    assert not observe.is_running(terminal.process.pid)
