# SPDX-License-Identifier: ISC
"""`postern check`: what it finds with a server of ours, with none, and with servers where
something is wrong; each line is fine, or says what to do."""

import json
import re
import socket
import struct
import subprocess
import threading

import pytest

import harness
from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, EHLO, OFFERS, silent
from scripted import Scripted, plain

LINE = re.compile(r"(OK|WARNING|ERROR) +(\S+) +(.+)")


def findings(text):
    """[(state, what, text)], a remedy behind the text of its line."""
    found = []
    for line in text.splitlines():
        if line.lstrip().startswith("what to do:"):
            state, what, said = found[-1]
            found[-1] = (state, what, f"{said} -> {line.split(':', 1)[1].strip()}")
        else:
            match = LINE.fullmatch(line)
            assert match, line
            found.append(match.groups())
    return found


def one(text, what):
    found = [(state, said) for state, name, said in findings(text) if name == what]
    assert found, f"no {what} in\n{text}"
    return found[-1]


def check(caller, server, *more, **options):
    words = caller.options(server.port, **options)
    return caller.run("check", *words, *more)


@pytest.fixture
def ours(door, programs, keys, home):
    """ours(*words, **settings): the result of checking a server of ours."""
    def run(*words, bundle="brad@447.edu", **settings):
        opened = door(**settings)
        opened.add_user("brad", "open sesame")
        pair = keys.client(bundle)
        result = programs.run(
            "postern", "check", "--ca", pair.ca, "--cert", pair.cert, "--key", pair.key, *words,
            "localhost", opened.port, check=False, env={"HOME": str(home)})
        opened.wait()
        return result
    return run


def test_all_is_well(ours, keys):
    result = ours("--user", "brad@447.edu")
    assert (result.returncode, result.stderr) == (0, "")
    found = findings(result.stdout)
    assert {state for state, _, _ in found} == {"OK"}
    names = list(dict.fromkeys(what for _, what, _ in found))
    assert names == ["server", "ours", "addresses", "SRV", "connection", "TLS", "theirs",
                     "banner", "extensions", "limits", "mechanisms", "login", "sender",
                     "answers"]
    text = result.stdout
    shown = subprocess.run(["postern-keys", "show", str(keys.cert)], capture_output=True,
                           text=True, check=True,
                           env={"PATH": str(keys.programs.path)}).stdout
    pins = [said for _, what, said in found if what == "theirs" and said.startswith("pin ")]
    assert pins[0][4:] in shown.replace(":", "").lower()
    assert re.search(r"for 7[23]\d days", text)
    assert one(text, "TLS")[1].startswith("(TLS1.3)")
    assert "36700160 bytes a message, 100 recipients, 100 messages" in one(text, "limits")[1]
    assert one(text, "mechanisms")[1].startswith("EXTERNAL SCRAM-SHA-256-PLUS")
    assert one(text, "login")[1] == "by the certificate, as brad@447.edu"
    assert one(text, "sender")[1] == "mail from brad@447.edu is taken"
    assert one(text, "extensions")[1] == (
        "PIPELINING CHUNKING SIZE 8BITMIME SMTPUTF8 ENHANCEDSTATUSCODES")


def test_nothing_is_sent(ours, door):
    opened = door()
    opened.add_user("brad")
    assert ours("--user", "brad@447.edu").returncode == 0
    assert not opened.messages()


def test_json(ours):
    result = ours("--json")
    assert result.returncode == 0
    found = json.loads(result.stdout)
    assert all(set(f) <= {"check", "state", "text", "remedy"} for f in found)
    assert {f["state"] for f in found} == {"ok"}
    assert [f for f in found if f["check"] == "sender"][0]["text"].startswith("mail from brad@")


def test_starttls(ours):
    result = ours("--starttls", tls="starttls")
    assert result.returncode == 0, result.stdout
    names = [what for _, what, _ in findings(result.stdout)]
    assert names.index("banner") < names.index("TLS") < names.index("login")


def test_login_by_password(ours, caller):
    path = caller.file("secret", "open sesame\n")
    result = ours("--user", "brad@447.edu", "--password-file", path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert one(result.stdout, "login") == ("OK", "by password, as brad@447.edu")
    path.write_text("wrong\n")
    result = ours("--user", "brad@447.edu", "--password-file", path)
    state, said = one(result.stdout, "login")
    assert result.returncode == 77 and state == "ERROR" and "535" in said


def test_a_certificate_that_is_somebody_elses(ours):
    result = ours("--user", "brad@447.edu", bundle="ann@447.edu")
    assert result.returncode == 77 or "WARNING" in result.stdout
    state, said = one(result.stdout, "login")
    assert state in ("WARNING", "ERROR") and ("->" in said or "535" in said)


# What is wrong.

def test_no_server(caller, pki):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = caller.run("check", *caller.options(port))
    assert result.returncode == 69
    assert one(result.stdout, "connection")[0] == "ERROR"
    assert "cannot reach localhost" in result.stdout
    assert re.fullmatch(r"postern: 1 of \d+ findings is an error\n", result.stderr)


def test_no_host(caller, pki):
    result = caller.run("check", "--ca", pki.ca, "host.invalid")
    assert result.returncode == 69
    assert "cannot find the host host.invalid" in one(result.stdout, "connection")[1]


@pytest.mark.parametrize("shown, ca, status, words", [
    ("misnamed", "ca", 76, "is not for localhost"),
    ("foreign", "ca", 76, "was not issued by a CA in"),
    ("expired", "ca", 76, "has expired"),
])
def test_server_that_is_not_trusted(caller, pki, shown, ca, status, words):
    with Scripted(silent, pki.context(shown)) as server:
        result = check(caller, server, ca=ca)
    state, said = one(result.stdout, "TLS")
    assert result.returncode == status and state == "ERROR" and words in said


@pytest.mark.parametrize("cert, words", [
    ("client-expired", "has expired on"), ("client-foreign", "does not know who issued"),
    (None, "--cert and --key")])
def test_certificate_that_is_refused(caller, pki, cert, words):
    with Scripted(silent, pki.context(crl=True)) as server:
        result = check(caller, server, cert=cert)
    assert result.returncode == 76 and words in result.stdout
    if cert == "client-expired":
        assert ("ERROR", "ours") in [(s, w) for s, w, _ in findings(result.stdout)]
        assert "-> have a new certificate made" in one(result.stdout, "ours")[1]


def test_certificate_that_ends_soon(caller, pki):
    """Of 30 days that the test's certificates have nobody is warned; of the last days all."""
    pki.issue("client-ending", "email = brad@447.edu\ntls_www_client\n" + pki.dates(-80, 5))
    harness.give(pki.dir)

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *OFFERS)
        peer.expect("MAIL FROM:<brad@447.edu>", "530 5.7.0 Log in")
        peer.expect("RSET", "250 OK")
        for _ in range(5):
            peer.expect("NOOP", "250 OK")
        peer.expect("QUIT", BYE)

    with Scripted(play, pki.context()) as server:
        result = check(caller, server, cert="client-ending")
    assert result.returncode == 0, result.stdout
    state, said = one(result.stdout, "ours")
    assert state == "WARNING" and re.search(r"expires on .*, in [45] days -> have a new", said)
    assert one(result.stdout, "mechanisms") == (
        "WARNING", "PLAIN LOGIN: the server sees the password -> have the server offer EXTERNAL "
        "or SCRAM-SHA-256-PLUS")
    assert one(result.stdout, "login")[0] == "WARNING"
    assert "530 5.7.0 Log in -> send from another address" in one(result.stdout, "sender")[1]


@pytest.mark.parametrize("lines, status, what", [
    (["554 5.7.1 Go away"], 69, "admission"), (["421 4.3.2 Later"], 75, "admission"),
    (["220 \x1b[2J"], 75, "EHLO"), (["Hello"], 76, "admission")])
def test_server_that_does_not_serve_us(caller, pki, lines, status, what):
    with Scripted(lambda peer: peer.send(*lines), pki.context()) as server:
        result = check(caller, server)
    assert result.returncode == status, result.stdout
    assert one(result.stdout, what)[0] == "ERROR"
    assert "\x1b" not in result.stdout


def test_files_that_are_not_there(caller, pki):
    result = caller.run("check", "--ca", "/nowhere", "localhost")
    assert result.returncode == 78 and one(result.stdout, "files")[0] == "ERROR"


def test_json_is_for_check_alone(caller):
    result = caller.run("--json", "localhost")
    assert result.returncode == 64 and "--json is for `postern check' alone" in result.stderr


# Names in the DNS: a resolver of our own, which the program finds in a /etc/resolv.conf of
# its own.

def labels(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


class Resolver:
    """Answers every question for SRV with these records: (port, target)."""

    def __init__(self, records):
        self.records, self.asked = records, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = next(address for address in (f"127.0.83.{n}" for n in range(1, 255))
                            if self._bind(address))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _bind(self, address):
        """Whether nobody else has it: the port is always the same."""
        try:
            self.socket.bind((address, 53))
        except OSError:
            return False
        return True

    def _serve(self):
        while True:
            try:
                question, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            if not question:
                return
            end = question.index(b"\0", 12) + 5
            self.asked.append(question[12:end - 4])
            kind = struct.unpack(">H", question[end - 4:end - 2])[0]
            records = self.records if kind == 33 else []
            answer = question[:2] + struct.pack(">5H", 0x8180, 1, len(records), 0, 0)
            answer += question[12:end]
            for port, target in records:
                data = struct.pack(">3H", 10, 1, port) + labels(target)
                answer += b"\xc0\x0c" + struct.pack(">2HIH", 33, 1, 60, len(data)) + data
            self.socket.sendto(answer, peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", (self.address, 53))
        self.thread.join(20)
        self.socket.close()


# The file, the user, the group, and the program with its options.
MOUNTED = ('mount --bind "$1" /etc/resolv.conf && user=$2 group=$3 && shift 3 && '
           'exec setpriv --reuid "$user" --regid "$group" --clear-groups -- "$@"')


@pytest.mark.skipif(not harness.AS_ROOT, reason="needs root: port 53 and a mount")
@pytest.mark.parametrize("target, offset, state, words", [
    ("localhost", 0, "OK", "_submissions._tcp.447.edu names localhost, port "),
    ("mail.447.edu", 0, "WARNING", "names mail.447.edu, port "),
    ("localhost", 1, "WARNING", "which is not the server that is asked here -> if that is"),
    (".", None, "WARNING", "says that there is no such service -> "),
    (None, None, "OK", "there is none; none is needed"),
])
def test_srv(caller, pki, target, offset, state, words):
    with Scripted(silent, pki.context()) as server:
        records = [] if target is None else [
            (0 if offset is None else server.port + offset, target)]
        argv = [caller.programs.path / "postern", "check", *caller.options(server.port),
                "--timeout", "1", "--user", "brad@447.edu"]
        with Resolver(records) as resolver:
            conf = caller.file("resolv.conf", f"nameserver {resolver.address}\n", 0o644)
            done = subprocess.run(
                ["unshare", "--mount", "/bin/sh", "-c", MOUNTED, "sh", str(conf),
                 str(harness.SERVICE.pw_uid), str(harness.SERVICE.pw_gid), *map(str, argv)],
                env=caller.programs.environment(HOME=str(caller.home)), capture_output=True,
                text=True, check=False, timeout=60)
    assert labels("_submissions._tcp.447.edu") in resolver.asked, done.stderr
    found = one(done.stdout, "SRV")
    assert found[0] == state and words in found[1], found
