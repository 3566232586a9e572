# SPDX-License-Identifier: ISC
"""postern enrol: a machine makes its key, shows a token, and is a device from then on; what
is refused, what is left behind, and what is lost on the way."""

import fcntl
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import threading
import time

import harness
import pytest
from certificates import Authority, pin_of
from harness import Bundle, give
from sessions import b64

BRAD = "brad@447.edu"
MESSAGE = "Subject: Test\n\nHi\n"
KILLS = 24
TLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


class Machine:
    """A home directory, and postern in it."""

    def __init__(self, programs, door):
        self.programs, self.door = programs, door
        self.home = harness.folder("postern-home-")
        self.folder = self.home / ".config" / "postern"

    def run(self, *words, connects=1, **more):
        self.door.connected += connects
        return self.programs.run("postern", *words, env={"HOME": str(self.home)}, **more)

    def enrol(self, token, *words, pin=None, status=0, port=None, **more):
        port = port or self.door.port
        ran = self.run("enrol", f"localhost:{port}", "--token", token, "--ca-pin",
                       pin or pin_of(self.door.keys), *words, check=False, **more)
        assert ran.returncode == status, ran
        if status:
            assert not ran.stdout and re.fullmatch(r"postern: [^\n]+\n", ran.stderr), ran
        return ran

    def send(self, *words, **more):
        return self.run("send", *words, BRAD, input=MESSAGE, **more)

    def files(self):
        return sorted(p.name for p in self.folder.iterdir()) if self.folder.exists() else []

    def bundle(self):
        return Bundle(self.folder / "cert.pem", self.folder / "key.pem", self.door.keys.ca)

    def close(self):
        shutil.rmtree(self.home)


@pytest.fixture
def machine(programs):
    machines = []

    def make(door):
        machines.append(Machine(programs, door))
        return machines[-1]

    yield make
    for each in machines:
        each.close()


def token_for(door, user="brad", time="1h", *more):
    ran = door.ctl("enrol", "token", user, "--for", time, *more)
    return ran.stdout.splitlines()[-1]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_enrol_and_send(door, authority, machine, tls):
    d = door(keys=authority, tls=tls, tls_ca="none")
    d.add_user("brad")
    token = token_for(d)
    m = machine(d)
    ran = m.enrol(token, "--label", "on the roof", *(["--starttls"] * (tls == "starttls")))
    assert ran.stdout.startswith(f"localhost: this machine is a device of {BRAD} now; ")
    assert m.files() == ["cert.pem", "client.conf", "key.pem"]
    for name in m.files():
        assert stat.S_IMODE((m.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(m.folder.stat().st_mode) == 0o700
    conf = (m.folder / "client.conf").read_text().splitlines()[1:]
    assert conf == [f"server = localhost:{d.port}", *(["tls = starttls"] * (tls == "starttls")),
                    f"pin = {pin_of(authority)}", "cert = cert.pem", "key = key.pem",
                    f"user = {BRAD}"]
    m.send()
    d.wait()
    pin = pin_of(m.bundle())
    device, = json.loads(d.ctl("device", "list", "--json").stdout)
    assert (device["pin"], device["label"], device["user"]) == (pin, "on the roof", BRAD)
    assert [r["event"] for r in d.records(device=pin)] == [
        "admitted-to-enrol", "enrolled", "closed", "admitted", "login", "message-accepted",
        "closed"]
    assert d.records(event="enrolled")[0]["user"] == BRAD
    assert len(d.messages(BRAD)) == 1
    assert token not in d.log.read_text() + d.users.read_text()


def with_ca_behind(authority):
    """Keys whose server shows its CA as well."""
    keys = Authority.__new__(Authority)
    keys.__dict__.update(authority.__dict__)
    keys.cert = give(shutil.copy(authority.cert, authority.dir / "with-ca.pem"))
    keys.cert.write_text(authority.cert.read_text() + authority.ca.read_text())
    return keys


def test_server_known_by_its_ca(door, authority, machine):
    """The CA is kept: a new key of the server's, issued by it, is known as well."""
    keys = with_ca_behind(authority)
    d = door(keys=keys)
    d.add_user("brad")
    ran = d.ctl("enrol", "token", "brad", "--for", "1h")
    ca_pin = pin_of(Bundle(authority.ca, None, None))
    assert f"--ca-pin {ca_pin} --token TOKEN\n" in ran.stderr
    m = machine(d)
    m.enrol(ran.stdout.strip(), pin=ca_pin)
    assert m.files() == ["ca.pem", "cert.pem", "client.conf", "key.pem"]
    assert "ca = ca.pem\n" in (m.folder / "client.conf").read_text()
    assert (m.folder / "ca.pem").read_text().split("-----")[2].split() == \
        authority.ca.read_text().split("-----")[2].split()
    m.send()
    fresh = authority.server()
    d.configure(tls_cert=fresh.cert, tls_key=fresh.key)
    m.send()
    with Authority() as other:
        stranger = other.server()
        d.configure(tls_cert=stranger.cert, tls_key=stranger.key)
        assert m.send(check=False).returncode == 76


def test_server_known_by_its_key(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    m = machine(d)
    m.enrol(token_for(d))
    m.send()
    fresh = authority.server()
    d.configure(tls_cert=fresh.cert, tls_key=fresh.key)
    ran = m.send(check=False)
    assert ran.returncode == 76 and "not the server with that pin" in ran.stderr


def test_server_known_by_a_file(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    m = machine(d)
    m.run("enrol", f"localhost:{d.port}", "--token", token_for(d), "--ca", authority.ca)
    assert (m.folder / "ca.pem").read_text() == authority.ca.read_text()
    m.send()


def test_wrong_server_gets_no_token(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    token = token_for(d)
    m = machine(d)
    ran = m.enrol(token, pin="ab" * 32, status=76)
    assert "not the server with that pin" in ran.stderr and m.files() == []
    d.wait()
    assert [r["event"] for r in d.records()] == ["refused"]
    m.enrol(token)


def test_new_user(door, authority, machine):
    """A token for a user who is not there makes one, without a password."""
    d = door(keys=authority)
    m = machine(d)
    m.enrol(token_for(d, "newuser"))
    user, = json.loads(d.ctl("user", "list", "--json").stdout)
    assert user["user"] == "newuser@447.edu"
    assert not user["password"] and not user["logged_in"]
    d.add_user("brad")
    m.send()
    d.wait()
    assert json.loads(d.ctl("user", "show", "newuser", "--json").stdout)["logged_in"]
    assert d.messages(BRAD)


def test_nothing_is_overwritten(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    m = machine(d)
    m.folder.mkdir(parents=True)
    for name in ("client.conf", "key.pem", "cert.pem", "ca.pem"):
        (m.folder / name).write_text("mine")
        give(m.home)
        ran = m.enrol(token_for(d), status=73, connects=0)
        assert f"{name} is there already: --force" in ran.stderr
        assert m.files() == [name] and (m.folder / name).read_text() == "mine"
        (m.folder / name).unlink()
    m.enrol(token_for(d))
    before = {name: (m.folder / name).read_text() for name in m.files()}
    token = token_for(d)
    m.enrol(token, status=73, connects=0)
    # A refused token leaves all of it as it was, even with --force.
    m.enrol(token_for(d, "brad", "1h")[:-2] + "22", "--force", status=64, connects=0)
    m.enrol(token, "--force", "--user", "sue", status=77)
    assert before == {name: (m.folder / name).read_text() for name in m.files()}
    m.enrol(token, "--force")
    assert before != {name: (m.folder / name).read_text() for name in m.files()}
    m.send()


def test_refused_tokens(door, authority, machine):
    """Used, past, another user's, guessed, a locked user's: the same words."""
    d = door(keys=authority, limit_user_failures=0)
    for name in ("brad", "sue", "lee"):
        d.add_user(name)
    d.ctl("user", "lock", "lee")
    used, late, mine = token_for(d), token_for(d, "brad", "10d"), token_for(d)
    machine(d).enrol(used)
    text = d.users.read_text()
    lines = [line for line in text.splitlines(True) if line.startswith("t ")]
    stamps = sorted(re.search(r" expires=(\S+)", line)[1] for line in lines)
    d.users.write_text(text.replace(f"expires={stamps[-1]}", "expires=2001-01-01T00:00:00Z"))
    guess = "abcd-efgh-ijkm-npqr-stuv-wxyz-2345"
    said = []
    for token, more in ((used, []), (late, []), (mine, ["--user", "sue"]), (guess, []),
                        (token_for(d, "lee"), [])):
        m = machine(d)
        if token == guess:
            with stranger(d, authority) as client:
                said.append(client.command(f"XENROL {guess}", 535).text)
            continue
        ran = m.enrol(token, *more, status=77)
        said.append(re.search(r"\(535-? ?(.*)\)", ran.stderr)[1])
        assert m.files() == []
    assert len(set(said)) == 1, said
    d.wait()
    reasons = [r["reason"] for r in d.records(event="login-failed")]
    assert reasons == ["the token is unknown, used or past"] * 2 + [
        "the token is for another user", "no token", "the token's user is locked"]
    machine(d).enrol(mine, "--user", "Brad")


def stranger(door, authority):
    client = door.connect(authority.self_signed("x"))
    client.command("EHLO client.447.edu", 250)
    return client


def test_no_token_is_open(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    token = token_for(d)
    machine(d).enrol(token)
    m = machine(d)
    ran = m.enrol(token, status=76)
    assert "while no token is open" in ran.stderr and m.files() == []
    d.wait()
    assert d.records(event="refused")[0]["reason"] == "unknown CA"


USAGE = [
    (["--token", "x"], "no token"), (["--token", "-"], "no token"), ([], "--token"),
    (["--token", "TOKEN", "--cert", "x", "--key", "y"], "--cert and --key"),
    (["--token", "TOKEN", "--tls", "off"], "--tls off"),
    (["--token", "TOKEN", "--label", "x" * 65], "--label"),
    (["--token", "TOKEN", "more", "words"], "words"),
]


@pytest.mark.parametrize("words, said", USAGE, ids=range(len(USAGE)))
def test_usage(door, authority, machine, words, said):
    d = door(keys=authority)
    m = machine(d)
    token = "abcd-efgh-ijkm-npqr-stuv-wxyz-2345"
    ran = m.run("enrol", f"localhost:{d.port}", "--ca-pin", "ab" * 32,
                *(word.replace("TOKEN", token) for word in words), connects=0, check=False)
    assert ran.returncode == 64 and said in ran.stderr and m.files() == []


def test_nothing_to_know_the_server_by(door, authority, machine):
    m = machine(door(keys=authority))
    ran = m.run("enrol", "localhost", "--token", "x", connects=0, check=False)
    assert ran.returncode == 64 and "--ca-pin" in ran.stderr
    ran = m.run("send", "--token", "x", BRAD, connects=0, check=False)
    assert ran.returncode == 64 and "postern enrol" in ran.stderr


def test_token_from_standard_input(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    machine(d).enrol("-", input=token_for(d).upper().replace("-", " ") + "\n")


def test_configuration_elsewhere(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    m = machine(d)
    where = m.home / "here"
    where.mkdir()
    give(where)
    m.enrol(token_for(d), "--config", where / "mine.conf")
    assert sorted(p.name for p in where.iterdir()) == ["cert.pem", "key.pem", "mine.conf"]
    assert m.files() == []
    m.send("--config", where / "mine.conf")


def test_secrets_do_not_show(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    token = token_for(d)
    ran = machine(d).enrol(token, "--verbose")
    assert "EHLO" in ran.stderr and token not in ran.stderr and token[:14] not in ran.stderr


def test_full_disk(door, authority, machine):
    """Nothing is asked of the server that could not be kept."""
    d = door(keys=authority)
    d.add_user("brad")
    token = token_for(d)
    m = machine(d)
    m.folder.mkdir(parents=True)
    m.folder.chmod(0o500)
    give(m.home)
    ran = m.enrol(token, status=73, connects=0)
    assert "cannot write" in ran.stderr
    m.folder.chmod(0o700)
    m.enrol(token)


def receive(source):
    try:
        return source.recv(65536)
    except ConnectionError:
        return b""


class Cutter:
    """Carries bytes to a door and back. Of the first connection it takes away all that the
    server says behind the client's second record of data, which it lets through: TLS 1.2."""

    def __init__(self, door):
        self.door = door
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.cutting, self.threads = True, []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.door.port))
            cut = threading.Event()
            for args in ((near, far, cut, self.cutting), (far, near, cut, False)):
                thread = threading.Thread(target=self.carry, args=args, daemon=True)
                thread.start()
                self.threads.append(thread)
            self.cutting = False

    @staticmethod
    def carry(source, sink, cut, counts):
        kept, seen = b"", 0
        with source, sink:
            while data := receive(source):
                kept += data
                while counts and len(kept) >= 5:
                    end = 5 + int.from_bytes(kept[3:5], "big")
                    if len(kept) < end:
                        break
                    seen += kept[0] == 23
                    if seen == 2:
                        cut.set()
                    kept = kept[end:]
                if counts or not cut.is_set():
                    sink.sendall(data)
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in [self.thread, *self.threads]:
            thread.join(harness.DEADLINE)


def test_answer_that_is_lost(door, authority, machine):
    """The client asks what has become of its key, and is ready."""
    d = door(keys=authority, tls_priority=TLS12)
    d.add_user("brad")
    token = token_for(d)
    cutter = Cutter(d)
    m = machine(d)
    try:
        ran = m.enrol(token, port=cutter.port, connects=2)
    finally:
        cutter.close()
    assert "the token's user now" in ran.stdout
    assert m.files() == ["cert.pem", "client.conf", "key.pem"]
    d.wait()
    assert [r["event"] for r in d.records() if r["event"] in ("enrolled", "login")] == [
        "enrolled", "login"]


def undo(machine, *names):
    """As a kill right behind the server's answer leaves it."""
    for name in names:
        (machine.folder / name).unlink()


@pytest.mark.parametrize("more", [[], ["--force"]])
def test_killed_once_the_server_had_the_key(door, authority, machine, more):
    d = door(keys=authority)
    d.add_user("brad")
    token = token_for(d)
    m = machine(d)
    m.enrol(token)
    key = (m.folder / "key.pem").read_text()
    (m.folder / "key.pem").rename(m.folder / "key.pem.enrolling")
    undo(m, "cert.pem", "client.conf")
    ran = m.enrol(token, *more)
    assert "an earlier run has left is known there" in ran.stdout
    assert "add `user = ADDRESS'" in ran.stdout
    assert m.files() == ["cert.pem", "client.conf", "key.pem"]
    assert (m.folder / "key.pem").read_text() == key
    m.send("-f", BRAD)


def test_pair_without_a_configuration(door, authority, machine):
    """It is kept where the server knows it, and refused where it does not."""
    d = door(keys=authority)
    d.add_user("brad")
    token = token_for(d)
    m = machine(d)
    m.enrol(token)
    undo(m, "client.conf")
    before = {name: (m.folder / name).read_text() for name in m.files()}
    m.enrol(token)
    assert before.items() < {n: (m.folder / n).read_text() for n in m.files()}.items()
    m.send("-f", BRAD)
    undo(m, "client.conf")
    d.ctl("device", "revoke", pin_of(m.bundle()))
    token = token_for(d)
    ran = m.enrol(token, status=73)
    assert "key.pem is there already: --force" in ran.stderr
    assert before == {name: (m.folder / name).read_text() for name in m.files()}
    m.enrol(token, "--force", connects=2)
    m.send("-f", BRAD)


def test_key_that_was_left_is_not_the_servers(door, authority, machine):
    """It is shown with the token, and stays where the token is refused."""
    d = door(keys=authority, limit_user_failures=0)
    d.add_user("brad")
    token = token_for(d)
    m = machine(d)
    m.folder.mkdir(parents=True)
    left = m.folder / "key.pem.enrolling"
    left.write_text(authority.self_signed("x").key.read_text())
    give(m.home)
    key = left.read_text()
    m.enrol(token, "--user", "sue", status=77, connects=2)
    assert m.files() == ["key.pem.enrolling"] and left.read_text() == key
    m.enrol(token)
    assert (m.folder / "key.pem").read_text() == key
    m.send("-f", BRAD)
    undo(m, "client.conf", "key.pem", "cert.pem")
    left.write_text("no key")
    m.enrol(token_for(d))
    m.send("-f", BRAD)


def test_killed_anywhere(door, authority, machine):
    """And the same command again: the machine is a device, with no key lost. How long a run
    takes says where the kills fall."""
    d = door(keys=authority, limit_user_failures=0)
    d.add_user("brad")
    begun = time.monotonic()
    machine(d).enrol(token_for(d))
    whole = time.monotonic() - begun
    for i in range(KILLS):
        m, token = machine(d), token_for(d)
        words = ("enrol", f"localhost:{d.port}", "--token", token, "--ca-pin", pin_of(d.keys))
        with d.programs.popen("postern", *words, env={"HOME": str(m.home)},
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            try:
                run.wait(whole * i / KILLS)
            except subprocess.TimeoutExpired:
                run.kill()
        ran = m.run(*words, check=False)
        assert ran.returncode in (0, 73), (i, ran)
        assert m.files() == ["cert.pem", "client.conf", "key.pem"]
        m.send("-f", BRAD)
    assert json.loads(d.ctl("enrol", "status", "--json").stdout)["tokens"] == []
    d.connected = 0


def test_two_runs_in_one_folder(door, authority, machine):
    d = door(keys=authority)
    d.add_user("brad")
    token = token_for(d)
    m = machine(d)
    m.folder.mkdir(parents=True)
    give(m.home)
    folder = os.open(m.folder, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        ran = m.enrol(token, status=75, connects=0)
    finally:
        os.close(folder)
    assert "another `postern enrol' is at work" in ran.stderr
    m.enrol(token)


def test_many_show_one_token(door, authority):
    """64 strangers at the same moment: one of them is the device."""
    d = door(keys=authority, limit_user_failures=0)
    d.add_user("brad")
    bundles = [authority.self_signed("x") for _ in range(64)]
    token = token_for(d)
    clients = [d.connect(bundle, banner=False) for bundle in bundles]
    for client in clients:
        assert client.reply().code == 220
        client.command("EHLO client.447.edu", 250)
    for client in clients:
        client.send(f"XENROL {token}\r\n".encode())
    codes = [client.reply().code for client in clients]
    assert sorted(codes) == [250] + [535] * 63
    for client in clients:
        client.close()
    d.wait()
    lines = d.users.read_text().splitlines()
    assert [line[:1] for line in lines[1:]] == ["d", "u"]
    assert pin_of(bundles[codes.index(250)]) in lines[1]


def test_a_stranger_is_held_to_three_guesses(door, authority):
    d = door(keys=authority)
    d.add_user("brad")
    token_for(d)
    with stranger(d, authority) as client:
        for _ in range(2):
            client.command("XENROL abcd-efgh-ijkm-npqr-stuv-wxyz-2345", 535)
        client.send(b"XENROL x\r\n")
        assert [client.reply().code for _ in range(2)] == [535, 421]
        assert client.at_end()


def test_shut_out(door, authority, machine):
    """The client says when to come back, and keeps nothing."""
    d = door(keys=authority, limit_user_failures=1)
    d.add_user("brad")
    used, token = token_for(d), token_for(d)
    machine(d).enrol(used)
    m = machine(d)
    m.enrol(used, status=77)
    ran = m.enrol(token, status=75)
    assert re.search(r"too many failed logins from your address, come back in \d+ sec", ran.stderr)
    assert m.files() == []


@pytest.mark.parametrize("bind", ["user", "any"])
def test_enrol_in_a_window(door, authority, bind):
    """The classic 330, for a certificate that names nobody: the key becomes a device where
    the password alone would be worth nothing."""
    d = door(keys=authority, enrol="window", bind=bind)
    bundle, other = authority.issue("x", mail=None), authority.issue("y", mail=None)

    def ask(who, code, name="newuser"):
        with d.connect(who) as client:
            client.command("HELO client.447.edu", 250)
            client.command("AUTH", 334)
            reply = client.command(b64(name), code)
            if code == 334:
                client.command(b64("x"), 530)
            return reply.text.split()[-1]

    ask(bundle, 334)
    d.ctl("enrol", "open", "--for", "15m", "--name", "newuser", "--uses", "1")
    ask(other, 334, "another")
    password = ask(bundle, 330)
    ask(other, 334)
    with d.connect(bundle) as client:
        client.command("HELO client.447.edu", 250)
        client.command("AUTH", 334)
        client.command(b64("newuser"), 334)
        client.command(b64(password), 235)
    with d.connect(other) as client:
        client.command("HELO client.447.edu", 250)
        client.command("AUTH", 334)
        client.command(b64("newuser"), 334)
        client.command(b64(password), 530 if bind == "user" else 235)
    assert (pin_of(bundle) in d.ctl("device", "list").stdout) == (bind == "user")
    d.wait()
    assert len(d.records(event="enrolled")) == 1


def test_many_use_one_window(door, authority):
    d = door(keys=authority, enrol="window", bind="any")
    d.ctl("enrol", "open", "--for", "15m", "--uses", "5")
    bundle = authority.issue("x", mail=None)
    clients = [d.connect(bundle, banner=False) for _ in range(64)]
    for client in clients:
        assert client.reply().code == 220
        client.command("HELO client.447.edu", 250)
        client.command("AUTH", 334)
    for n, client in enumerate(clients):
        client.send(f"{b64(f'user{n}')}\r\n".encode())
    codes = [client.reply().code for client in clients]
    assert sorted(codes) == [330] * 5 + [334] * 59
    for client in clients:
        client.close()
    d.wait()
    assert len(d.ctl("user", "list").stdout.splitlines()) == 5
    assert d.ctl("enrol", "status").stdout == "enrol = window\n"
