# SPDX-License-Identifier: ISC
"""The client against servers that do as they are told: the interactive dialogue at a
terminal and fed from a pipe, one message by `postern send`, and a dozen servers that lie,
stall or talk nonsense."""

import base64
import hashlib
import hmac
import os
import pathlib
import re
import resource
import signal
import ssl
import threading
import time

import pytest

import harness
from scripted import Pki, Scripted, Terminal, b64, mode_of, transcript

BANNER = "220 447.edu SMTP Services Ready."
OPENING = "Postern SMTP client running...\n(Type 'quit' to exit SMTP client.)\n"
HELP = ["help [option]", "List of options:", "HELO", "AUTH", "MAIL FROM", "RCPT TO", "DATA",
        "RSET", "QUIT"]
USERNAME, PASSWORD = "334 dXNlcm5hbWU=", "334 cGFzc3dvcmQ="
EHLO = re.compile(r"EHLO [A-Za-z0-9.-]+")
BYE = "221 447.edu closing connection"


@pytest.fixture(scope="module")
def pki():
    pki = Pki()
    yield pki
    pki.close()


@pytest.fixture
def home():
    path = harness.folder("postern-home-")
    yield path
    harness.shutil.rmtree(path, ignore_errors=True)


class Caller:
    """Runs postern against a scripted server, with a home of its own."""

    def __init__(self, programs, pki, home):
        self.programs, self.pki, self.home = programs, pki, home

    def options(self, port, cert="client", ca="ca", host="localhost", more=()):
        words = ["--server", f"{host}:{port}", "--ca", self.pki.path(ca), "--timeout", "10"]
        if cert:
            words += ["--cert", self.pki.path(cert), "--key", self.pki.path(cert, "key")]
        return [*words, *more]

    def run(self, *args, input="", check=False, **more):
        return self.programs.run(
            "postern", *args, input=input, check=check, env={"HOME": str(self.home)}, **more)

    def talk(self, server, input, *more, **options):
        return self.run(*self.options(server.port, more=more, **options), input=input)

    def send(self, server, *more, input="Subject: Test\n\nHi\n", **options):
        words = self.options(server.port, **options)
        return self.run("send", *words, *more, input=input)

    def terminal(self, server, *more, **options):
        words = self.options(server.port, more=more, **options)
        return Terminal(lambda **popen: self.programs.popen(
            "postern", *words, env={"HOME": str(self.home), "TERM": "xterm"}, **popen))

    def file(self, name, text, mode=0o600):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        harness.give(self.home)
        return path


@pytest.fixture
def caller(programs, pki, home):
    return Caller(programs, pki, home)


# The whole session of the classic voice, as the server sees it: two connections.
PASSPHRASE = "q7wm-8xkd-v3rt-p2nz-h6yc"


def classic_enrolment(peer):
    peer.send(BANNER)
    peer.expect("help", *[f"214-{line}" for line in HELP[:-1]], f"214 {HELP[-1]}")
    peer.expect("", "503 Polite people say Helo first")
    peer.expect("helo brad@447.edu", "250 447.edu says hello")
    peer.expect("hello there", "500 Syntax error, command unrecognized")
    peer.expect("helo", '530 Please Authenticate credentials with "AUTH".')
    peer.expect("auth", USERNAME)
    peer.expect(b64("newuser@447.edu"),
                f"330 New username stored. Here is your password: {PASSPHRASE}")


def classic_message(peer):
    peer.send(BANNER)
    peer.expect("helo brad@447.edu", "250 447.edu says hello")
    peer.expect("auth", USERNAME)
    peer.expect(b64("newuser"), PASSWORD)
    peer.expect(b64(PASSPHRASE), "235 Login Successful")
    peer.expect("data", '503 Choose Sender\'s Domain by using command: "MAIL FROM".')
    peer.expect("mail from brad@447.edu", "250 <brad@447.edu>.... OK")
    peer.expect("rcpt to someone@447.edu", "250 <someone@447.edu>... OK")
    peer.expect("data", '354 Enter Message, end with "." on a single line')
    assert peer.message() == b"Subject: Test\r\n\r\nHi this is a test message\r\n"
    peer.send("250 Message Received")
    peer.expect("quit", BYE)
    assert peer.at_end()


class Classic:
    """Plays both connections of the session, one after the other."""

    def __init__(self):
        self.parts = iter((classic_enrolment, classic_message))

    def __call__(self, peer):
        next(self.parts)(peer)


# What is typed stands behind "> "; the screen shows it as it is echoed.
SESSION = transcript(f"""
    Postern SMTP client running...
    (Type 'quit' to exit SMTP client.)
    220 447.edu SMTP Services Ready.
    > help
    help [option]
    List of options:
    HELO
    AUTH
    MAIL FROM
    RCPT TO
    DATA
    RSET
    QUIT
    >\x20
    503 Polite people say Helo first
    > helo brad@447.edu
    250 447.edu says hello
    > hello there
    500 Syntax error, command unrecognized
    > helo
    530 Please Authenticate credentials with "AUTH".
    > auth
    334 dXNlcm5hbWU=> newuser@447.edu
    330 New username stored. Here is your password: {PASSPHRASE}
    Restarting 5... 4... 3... 2... 1...
    Postern SMTP client running...
    (Type 'quit' to exit SMTP client.)
    220 447.edu SMTP Services Ready.
    > helo brad@447.edu
    250 447.edu says hello
    > auth
    334 dXNlcm5hbWU=> newuser
    334 cGFzc3dvcmQ=
    235 Login Successful
    > data
    503 Choose Sender's Domain by using command: "MAIL FROM".
    > mail from brad@447.edu
    250 <brad@447.edu>.... OK
    > rcpt to someone@447.edu
    250 <someone@447.edu>... OK
    > data
    354 Enter Message, end with "." on a single line
    > Subject: Test
    >\x20
    > Hi this is a test message
    > .
    250 Message Received
    > quit
    221 447.edu closing connection
""")


def test_session_at_a_terminal(caller, pki):
    with Scripted(Classic(), pki.context()) as server, caller.terminal(server) as terminal:
        for line in SESSION.splitlines():
            shown, typed, answer = line.partition("> ")
            terminal.expect(shown + ("" if typed else "\n"))
            if typed:
                terminal.type(answer + "\n")
                terminal.expect(answer + "\n")
        assert terminal.wait() == 0
        assert terminal.output == SESSION.replace("> ", "")
    kept = list((caller.home / ".local/state/postern").glob("**/newuser@447.edu"))
    assert [path.read_text() for path in kept] == [PASSPHRASE + "\n"]
    assert mode_of(kept[0]) == 0o600 and mode_of(kept[0].parent) == 0o700


def test_session_from_a_pipe(caller, pki):
    typed = "".join(line.partition("> ")[2] + "\n"
                    for line in SESSION.splitlines() if "> " in line)
    # Nothing is echoed, so the answers to a 334 are printed by the client.
    shown = re.sub(r"(?m)^> .*\n", "", SESSION).replace("> ", "")
    shown = shown.replace(PASSWORD + "\n", PASSWORD + "*\n")
    began = time.monotonic()
    with Scripted(Classic(), pki.context()) as server:
        result = caller.talk(server, typed)
    assert (result.stdout, result.stderr, result.returncode) == (shown, "", 0)
    assert time.monotonic() - began < 4, "the countdown waits off a terminal"


def login(answer, then="quit", end=BYE):
    def play(peer):
        peer.send(BANNER)
        peer.expect("helo x", "250 447.edu says hello")
        peer.expect("auth", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        peer.expect(answer, "235 Login Successful")
        peer.expect(then, end)
    return play


def reach_password(terminal):
    terminal.expect(BANNER)
    terminal.type("helo x\n")
    terminal.expect("says hello")
    terminal.type("auth\n")
    terminal.expect(USERNAME)
    assert terminal.echoes()
    terminal.type("brad\n")
    terminal.expect(PASSWORD)
    harness.until(lambda: not terminal.echoes(), what="a hidden password")


def test_typed_password_is_hidden(caller, pki):
    with Scripted(login(b64("open sesame")), pki.context()) as server:
        with caller.terminal(server) as terminal:
            reach_password(terminal)
            terminal.type("open sesame\n")
            terminal.expect("\n235 Login Successful\n")
            assert terminal.echoes()
            terminal.type("quit\n")
            assert terminal.wait() == 0
            assert "sesame" not in terminal.output
            assert f"{PASSWORD}\n235 Login" in terminal.output


def test_typed_password_off_a_terminal(caller, pki):
    with Scripted(login(b64("open sesame")), pki.context()) as server:
        result = caller.talk(server, "helo x\nauth\nbrad\nopen sesame\nquit\n")
    assert result.returncode == 0
    assert f"{USERNAME}brad\n{PASSWORD}*\n235 Login Successful\n" in result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_bring_the_echo_back(caller, pki, number):
    def play(peer):
        peer.send(BANNER)
        peer.expect("helo x", "250 447.edu says hello")
        peer.expect("auth", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        assert peer.at_end()

    with Scripted(play, pki.context()) as server, caller.terminal(server) as terminal:
        reach_password(terminal)
        if number == signal.SIGINT:
            terminal.type("\x03")
        else:
            terminal.process.send_signal(number)
        assert terminal.wait() == (0 if number == signal.SIGINT else 128 + number)
        assert terminal.echoes()


def test_stop_brings_the_echo_back_for_a_while(caller, pki):
    with Scripted(login(b64("open sesame")), pki.context()) as server:
        with caller.terminal(server) as terminal:
            reach_password(terminal)
            pid = terminal.process.pid
            terminal.process.send_signal(signal.SIGTSTP)
            os.waitid(os.P_PID, pid, os.WSTOPPED)
            assert terminal.echoes()
            terminal.process.send_signal(signal.SIGCONT)
            harness.until(lambda: not terminal.echoes(), what="a hidden password")
            terminal.type("open sesame\n")
            terminal.expect("235 Login Successful\n")
            terminal.type("quit\n")
            assert terminal.wait() == 0


def test_interrupt_at_a_command_quits(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("QUIT", BYE)
        assert peer.at_end()

    with Scripted(play, pki.context()) as server, caller.terminal(server) as terminal:
        terminal.expect(BANNER)
        terminal.type("\x03")
        terminal.expect(BYE)
        assert terminal.wait() == 0


def test_end_of_input_quits(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("noop", "250 OK")
        peer.expect("QUIT", BYE)
        assert peer.at_end()

    with Scripted(play, pki.context()) as server:
        result = caller.talk(server, "noop")  # a last line without an end counts
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{OPENING}{BANNER}\n250 OK\n{BYE}\n"


def test_end_of_input_at_a_prompt_gives_up_and_quits(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("auth", USERNAME)
        peer.expect("*", "501 Authentication cancelled")
        peer.expect("QUIT", BYE)

    with Scripted(play, pki.context()) as server:
        result = caller.talk(server, "auth\n")
    assert result.returncode == 0
    assert f"{USERNAME}\n501 Authentication cancelled\n{BYE}\n" in result.stdout


def test_a_star_is_sent_as_it_is(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("auth", USERNAME)
        peer.expect("*", "501 Authentication cancelled")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server:
        assert caller.talk(server, "auth\n*\nquit\n").returncode == 0


def test_end_of_input_in_a_message_sends_nothing(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("data", "354 Go on")
        peer.expect("half a message")
        assert peer.at_end()

    with Scripted(play, pki.context()) as server:
        result = caller.talk(server, "data\nhalf a message\n")
    assert result.returncode == 65 and "the message is not sent" in result.stderr


def test_dots_of_a_typed_message_are_doubled(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("data", "354 Go on")
        assert peer.message() == b"..hidden\r\na.b\r\n... three\r\n...\r\n"
        peer.send("250 Message Received")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server:
        typed = "data\r\n.hidden\r\na.b\r\n.. three\r\n..\r\n.\r\nquit\r\n"
        assert caller.talk(server, typed).returncode == 0


def test_lost_connection_is_said(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("noop")

    with Scripted(play, pki.context()) as server:
        result = caller.talk(server, "noop\nquit\n")
    assert result.returncode == 75
    assert result.stderr == "postern: localhost has closed the connection\n"


def test_server_that_closes_while_nobody_types(caller, pki):
    def play(peer):
        peer.send(BANNER, "421 4.4.2 447.edu Idle for too long")

    with Scripted(play, pki.context()) as server, caller.terminal(server) as terminal:
        terminal.expect("421 4.4.2 447.edu Idle for too long\n")
        terminal.expect("localhost has closed the connection\n")
        assert terminal.wait() == 75


def test_interjection_does_not_turn_a_message_into_commands(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("data", "354 Go on")
        peer.expect("one", "452 4.3.1 No space")
        assert peer.message() == b".. two\r\nquit\r\n"
        peer.send("452 4.3.1 No space")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server, caller.terminal(server) as terminal:
        terminal.expect(BANNER)
        terminal.type("data\n")
        terminal.expect("354 Go on\n")
        terminal.type("one\n")
        terminal.expect("452 4.3.1 No space\n")
        terminal.type(". two\nquit\n.\n")
        terminal.expect("452 4.3.1 No space\n")
        terminal.type("quit\n")
        assert terminal.wait() == 0


def test_interjection_at_a_hidden_prompt_brings_the_echo_back(caller, pki):
    go = threading.Event()

    def play(peer):
        peer.send(BANNER)
        peer.expect("helo x", "250 447.edu says hello")
        peer.expect("auth", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        assert go.wait(20)
        peer.send("450 4.2.0 Hurry")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server, caller.terminal(server) as terminal:
        reach_password(terminal)
        go.set()
        terminal.expect("\n450 4.2.0 Hurry\n")
        harness.until(terminal.echoes, what="the echo")
        terminal.type("quit\n")
        assert terminal.wait() == 0


def test_refused_kept_password_is_asked_for(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("auth", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        peer.expect(b64("stale"), "530 Please Authenticate")
        peer.expect("auth", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        peer.expect(b64("fresh"), "235 Login Successful")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server:
        caller.file(f".local/state/postern/passwords/localhost:{server.port}/brad@447.edu",
                    "stale\n")
        result = caller.talk(server, "auth\nbrad\nauth\nbrad\nfresh\nquit\n")
    assert result.returncode == 0 and "fresh" not in result.stdout


def test_kept_password_is_for_its_server_and_user_alone(caller, pki):
    def play(peer):
        peer.send(BANNER)
        for name in ("brad", "ann@447.edu", "ann@elsewhere.example"):
            peer.expect("auth", USERNAME)
            peer.expect(b64(name), PASSWORD)
            peer.expect(b64("typed"), "530 Please Authenticate")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server:
        root = ".local/state/postern/passwords"
        caller.file(f"{root}/localhost:1/brad", "kept\n")
        caller.file(f"{root}/localhost:{server.port}/ann@447.edu", "kept\n", mode=0o644)
        caller.file(f"{root}/localhost:{server.port}/ann@third.example", "kept\n")
        result = caller.talk(server, "auth\nbrad\ntyped\nauth\nann@447.edu\ntyped\n"
                             "auth\nann@elsewhere.example\ntyped\nquit\n")
    assert result.returncode == 0, result.stderr


def enrol_and_leave(name, password=PASSPHRASE):
    def enrol(peer):
        peer.send(BANNER)
        peer.expect("auth", USERNAME)
        peer.expect(b64(name), f"330 New username stored. Here is your password: {password}")

    def leave(peer):
        peer.send(BANNER)
        peer.expect("auth", USERNAME)
        peer.expect(b64(name), PASSWORD)
        peer.expect(b64(password), "235 Login Successful")
        peer.expect("quit", BYE)

    parts = iter((enrol, leave))
    return lambda peer: next(parts)(peer)


def test_new_password_goes_to_the_password_file(caller, pki):
    path = caller.home / "secret"
    with Scripted(enrol_and_leave("brad"), pki.context()) as server:
        result = caller.talk(
            server, "auth\nbrad\nauth\nbrad\nquit\n", "--password-file", str(path))
    assert (result.returncode, result.stderr) == (0, "")
    assert path.read_text() == PASSPHRASE + "\n" and mode_of(path) == 0o600


def test_password_that_cannot_be_kept(caller, pki):
    caller.file(".local", "no folder")
    with Scripted(enrol_and_leave("brad"), pki.context()) as server:
        result = caller.talk(server, "auth\nbrad\nauth\nbrad\nquit\n")
    assert result.returncode == 0
    assert re.fullmatch(r"postern: cannot keep the password in .* mode 0600 .*\n",
                        result.stderr)


@pytest.mark.parametrize("name", ["../../../etc/passwd", ".", "..", "a/b", "~", "%2e", "ö"])
def test_kept_names_stay_in_their_folder(caller, pki, name):
    with Scripted(enrol_and_leave(name), pki.context()) as server:
        result = caller.talk(server, f"auth\n{name}\nauth\n{name}\nquit\n")
        folder = caller.home / f".local/state/postern/passwords/localhost:{server.port}"
    assert result.returncode == 0, result.stderr
    files = [p for p in caller.home.rglob("*") if p.is_file()]
    assert len(files) == 1 and files[0].parent == folder


def test_terminal_is_safe_from_the_server(caller, pki):
    def play(peer):
        peer.raw(b"220 \x1b]0;owned\x07 \xc2\x9b31m\tReady\r\n")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server:
        result = caller.talk(server, "quit\n")
    assert r"220 \x1b]0;owned\x07 \xc2\x9b31m" in result.stdout and "\x1b" not in result.stdout


# STARTTLS.

def starttls(context, injected=b"", offer="250 STARTTLS", reply="220 Go on"):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", offer)
        if "STARTTLS" not in offer:
            assert peer.at_end()
            return
        assert peer.line() == "STARTTLS"
        peer.raw(reply.encode() + b"\r\n" + injected)
        if injected or not reply.startswith("220"):
            assert peer.at_end()
            return
        peer.start_tls(context)
        peer.expect("NOOP", "250 OK")
        peer.expect("quit", BYE)
    return play


def test_starttls(caller, pki):
    with Scripted(starttls(pki.context())) as server:
        result = caller.talk(server, "quit\n", "--starttls")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{OPENING}{BANNER}\n{BYE}\n"


@pytest.mark.parametrize("broken, words", [
    ({"injected": b"250 injected\r\n"}, "in the clear behind its reply to STARTTLS"),
    ({"injected": b"\x16\x03\x03"}, "in the clear behind its reply to STARTTLS"),
    ({"offer": "250 SIZE"}, "does not offer STARTTLS"),
    ({"reply": "250 Fine"}, "answers STARTTLS with: 250 Fine"),
])
@pytest.mark.parametrize("form", ["interactive", "send"])
def test_starttls_that_is_not_one(caller, pki, broken, words, form):
    with Scripted(starttls(pki.context(), **broken)) as server:
        if form == "send":
            result = caller.send(server, "-f", "a@b.c", "--starttls", "d@e.f")
        else:
            result = caller.talk(server, "quit\n", "--starttls")
    assert result.returncode == 76, result.stderr
    assert words in result.stderr and BANNER not in result.stdout


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("form", ["interactive", "send"])
def test_refused_behind_starttls(caller, pki, form, tls):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250 STARTTLS")
        peer.expect("STARTTLS", "220 Go on")
        with pytest.raises(ssl.SSLError):
            peer.start_tls(pki.context(tls=tls))

    with Scripted(play) as server:
        if form == "send":
            result = caller.send(
                server, "-f", "a@b.c", "--starttls", "d@e.f", cert="client-foreign")
        else:
            result = caller.talk(server, "quit\n", "--starttls", cert="client-foreign")
    assert result.returncode == 76, result.stderr
    assert "does not know who issued our certificate" in result.stderr
    assert BANNER not in result.stdout


# In the clear.

def test_in_the_clear_on_this_machine(caller):
    def play(peer):
        peer.send(BANNER)
        peer.expect("quit", BYE)

    with Scripted(play) as server:
        result = caller.run("--tls", "off", "127.0.0.1", server.port, input="quit\n")
        assert (result.returncode, result.stdout) == (0, f"{OPENING}{BANNER}\n{BYE}\n")


def test_in_the_clear_elsewhere_is_refused(caller):
    result = caller.run("--tls", "off", "192.0.2.1", "25")
    assert result.returncode == 64
    assert "192.0.2.1 is not this machine" in result.stderr


# The server's certificate.

@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("shown, ca, host, words", [
    ("misnamed", "ca", "localhost", "is not for localhost"),
    ("server", "ca", "127.0.0.2", "is not for 127.0.0.2"),
    ("foreign", "ca", "localhost", "was not issued by a CA in"),
    ("pinned", "ca", "localhost", "was not issued by a CA in"),
    ("expired", "ca", "localhost", "has expired"),
    ("purpose", "ca", "localhost", "was not made for a server"),
    ("weak", "weak", "localhost", "too weak"),
])
def test_server_that_is_not_trusted(caller, pki, shown, ca, host, words, tls):
    with Scripted(lambda peer: None, pki.context(shown, tls, verify=False),
                  "0.0.0.0") as server:
        result = caller.talk(server, "quit\n", ca=ca, host=host)
        sent = caller.send(server, "-f", "a@b.c", "d@e.f", ca=ca, host=host)
    assert (result.returncode, sent.returncode) == (76, 76)
    assert words in result.stderr and words in sent.stderr
    assert result.stdout == OPENING


@pytest.mark.parametrize("shown, ca, host", [
    ("server", "ca", "localhost"), ("server", "ca", "127.0.0.1"),
    ("pinned", "pinned", "localhost")])
def test_server_that_is_trusted(caller, pki, shown, ca, host):
    with Scripted(lambda peer: (peer.send(BANNER), peer.expect("quit", BYE)),
                  pki.context(shown)) as server:
        assert caller.talk(server, "quit\n", ca=ca, host=host).returncode == 0


def test_ipv6(caller, pki):
    with Scripted(lambda peer: (peer.send(BANNER), peer.expect("quit", BYE)),
                  pki.context(), "::1") as server:
        assert caller.talk(server, "quit\n", host="[::1]").returncode == 0


# Our certificate, refused.

@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("cert, words", [
    (None, "--cert and --key"),
    ("client-foreign", "does not know who issued our certificate"),
    ("client-expired", "has expired or is not valid yet"),
    ("client-purpose", "is not made for clients"),
    ("client-revoked", "has been revoked"),
])
def test_refused_certificate_is_explained(caller, pki, cert, words, tls):
    context = pki.context(tls=tls, crl=cert == "client-revoked")
    with Scripted(lambda peer: peer.send(BANNER), context) as server:
        result = caller.talk(server, "quit\n", cert=cert)
        sent = caller.send(server, "-f", "a@b.c", "d@e.f", cert=cert)
    assert (result.returncode, sent.returncode) == (76, 76)
    assert words in result.stderr and words in sent.stderr
    assert len(server.refused) == 2 and result.stdout == OPENING


# Servers that talk nonsense.

def silent(peer):
    while peer.sock.recv(65536):
        pass


def cut(data):
    return lambda peer: peer.raw(data)


def drip(peer):
    """Forty bytes in four seconds: each of them in time, the reply not."""
    try:
        for byte in b"220 " + b"x" * 100:
            peer.raw(bytes([byte]))
            time.sleep(0.1)
    except OSError:
        pass


def flood(line):
    def play(peer):
        try:
            peer.raw(line * 1000)
            silent(peer)
        except OSError:  # the client has had enough
            pass
    return play


HOSTILE = {
    "garbage": (cut(b"\x80\x81\x82\r\n"), 76, "without a reply code"),
    "no-code": (cut(b"Hello there\r\n"), 76, "without a reply code"),
    "code-199": (cut(b"199 Hello\r\n"), 76, "without a reply code"),
    "code-changes": (cut(b"220-Hello\r\n250 there\r\n"), 76, "two reply codes"),
    "bare-lf": (cut(b"220 Hello\n"), 76, "LF without CR"),
    "bare-cr": (cut(b"220 Hello\r220 there\r\n"), 76, "CR in the middle"),
    "nul": (cut(b"220 Hel\0lo\r\n"), 76, "NUL"),
    "long-line": (cut(b"220 " + b"x" * 20000), 76, "more than 12288 bytes"),
    "many-lines": (flood(b"220-more\r\n"), 76, "more than 256 lines"),
    "much": (flood(b"220-" + b"x" * 5000 + b"\r\n"), 76, "more than 65536 bytes"),
    "mid-reply": (cut(b"220 Hel"), 75, "closed the connection in the middle of a reply"),
    "mid-lines": (cut(b"220-Hello\r\n"), 75, "closed the connection"),
    "no-word": (cut(b""), 75, "closed the connection"),
    "stall": (silent, 75, "not answered in time"),
    "mid-stall": (lambda peer: (peer.raw(b"220 Hel"), silent(peer)), 75, "in time"),
    "drip": (drip, 75, "in time"),
    "not-now": (lambda peer: peer.send("421 4.3.2 Come back"), 75, ""),
    "not-you": (lambda peer: peer.send("554 5.7.1 Go away"), 69, ""),
    "not-a-banner": (lambda peer: peer.send("250 Hello"), 76, ""),
}


@pytest.mark.parametrize("how", HOSTILE)
@pytest.mark.parametrize("form", ["interactive", "send"])
def test_hostile_banner(caller, pki, how, form):
    play, status, words = HOSTILE[how]
    short = ("--timeout", "2")
    with Scripted(play, pki.context()) as server:
        if form == "send":
            result = caller.send(server, *short, "-f", "a@b.c", "d@e.f")
        else:
            result = caller.talk(server, "quit\n", *short)
    assert result.returncode == status, result.stderr
    assert words in result.stderr and result.stderr.count("\n") == 1
    assert result.stderr.startswith("postern: ")


def test_plain_server_where_tls_is_due(caller):
    with Scripted(lambda peer: peer.send(BANNER)) as server:
        result = caller.talk(server, "quit\n")
    assert result.returncode == 76 and "does not answer in TLS" in result.stderr


def test_stall_in_the_handshake(caller):
    with Scripted(silent) as server:
        result = caller.talk(server, "quit\n", "--timeout", "1")
    assert result.returncode == 75 and "not answered in time" in result.stderr


def test_nobody_there(caller, pki):
    with Scripted(lambda peer: None) as server:
        pass
    result = caller.talk(server, "quit\n")
    assert result.returncode == 69
    assert f"cannot reach localhost on port {server.port}" in result.stderr
    result = caller.run("--ca", pki.ca, "host.invalid")
    assert result.returncode == 69 and "cannot find the host host.invalid" in result.stderr


# send

OFFERS = ("250-447.edu", "250-SIZE 100000", "250-8BITMIME", "250 AUTH PLAIN LOGIN")


def delivery(mail="MAIL FROM:<brad@447.edu> SIZE=21", to=("ann@447.edu",), got=None,
             offers=OFFERS, login=(), answers=None, end="250 2.0.0 Message Received"):
    """A server that takes one message; what came is put into got."""
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *offers)
        for want, *replies in login:
            peer.expect(want, *replies)
        peer.expect(mail, "250 2.1.0 OK")
        for address in to:
            peer.expect(f"RCPT TO:<{address}>", (answers or {}).get(address, "250 2.1.5 OK"))
        if any((answers or {}).get(address, "2")[0] == "2" for address in to):
            peer.expect("DATA", "354 Go on")
            message = peer.message()
            if got is not None:
                got.append(message)
            peer.send(end)
        peer.expect("QUIT", BYE)
        assert peer.at_end()
    return play


def test_send(caller, pki):
    got = []
    with Scripted(delivery(got=got), pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert got == [b"Subject: Test\r\n\r\nHi\r\n"]


@pytest.mark.parametrize("text, sent", [
    ("a\nb\n", b"a\r\nb\r\n"),
    ("a\r\nb\r\n", b"a\r\nb\r\n"),
    ("a\nb", b"a\r\nb\r\n"),
    ("a\r\n.\r\nb\n", b"a\r\n..\r\nb\r\n"),
    (".\n..\n.x\n", b"..\r\n...\r\n..x\r\n"),
    ("", b""),
    ("\n", b"\r\n"),
    ("x" * 65535 + "\n.\n", b"x" * 65535 + b"\r\n..\r\n"),
    ("x" * 65534 + "\r\n.\n", b"x" * 65534 + b"\r\n..\r\n"),
    ("x" * 65535 + "\r\n.\n", b"x" * 65535 + b"\r\n..\r\n"),
    ("x" * 65536 + "\n", b"x" * 65536 + b"\r\n"),
])
def test_send_ends_lines_and_doubles_dots(caller, pki, text, sent):
    got = []
    size = len(sent) - sum(line.startswith(b".") for line in sent.split(b"\r\n"))
    mail = f"MAIL FROM:<brad@447.edu> SIZE={size}"
    with Scripted(delivery(mail, got=got), pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu", input=text)
    assert (result.returncode, got) == (0, [sent]), result.stderr


@pytest.mark.parametrize("text, words", [
    ("a\nb\rc\n", "line 2 of the message has a CR"),
    ("a\r\r\n", "line 1 of the message has a CR"),
    ("a\r", "line 1 of the message has a CR"),
    ("x" * 65535 + "\ry\n", "line 1 of the message has a CR"),
    ("a\0b\n", "line 1 of the message has a NUL"),
])
def test_send_refuses_what_no_server_takes(caller, pki, text, words):
    with Scripted(silent, pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu", input=text)
    assert result.returncode == 65 and words in result.stderr
    assert server.played == 0


def test_send_8bit(caller, pki):
    got = []
    mail = "MAIL FROM:<brad@447.edu> SIZE=4 BODY=8BITMIME"
    with Scripted(delivery(mail, got=got), pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu", input="ö\n")
    assert (result.returncode, got) == (0, ["ö\r\n".encode()])
    with Scripted(delivery("MAIL FROM:<brad@447.edu>", offers=("250 447.edu",)),
                  pki.context()) as server:
        assert caller.send(server, "-f", "brad@447.edu", "ann@447.edu",
                           input="ö\n").returncode == 0


def test_send_headers(caller, pki):
    got = []
    text = transcript("""
    From: Brad <brad@447.edu>
    To: "Ann, the one" <ann@447.edu>, bob@447.edu (Bob),
     carl@447.edu
    cc: friends: dora@447.edu, <ann@447.edu>;, eve @ 447.edu
    Bcc: frank@447.edu,
    \tgil@447.edu
    Bcc : hal@447.edu
    Subject: To: nobody@447.edu

    Bcc: this stays
    """)
    names = ["zed", "ann", "bob", "carl", "dora", "eve", "frank", "gil", "hal"]
    mail = re.compile(r"MAIL FROM:<brad@447.edu> SIZE=\d+")
    with Scripted(delivery(mail, [f"{n}@447.edu" for n in names], got),
                  pki.context()) as server:
        result = caller.send(server, "-t", "-f", "brad@447.edu", "zed@447.edu", input=text)
    assert result.returncode == 0, result.stderr
    want = re.sub(r"(?m)^Bcc ?: [fh].*\n(\t.*\n)?", "", text).replace("\n", "\r\n").encode()
    assert got == [want] and b"gil" not in want and b"Bcc: this stays" in want


@pytest.mark.parametrize("text, status, words", [
    ("To: Ann Lee, bob@447.edu\n\nx\n", 65, "the message's To cannot be read"),
    ("Cc: <a@b.c\n\nx\n", 65, "the message's Cc cannot be read"),
    ("Subject: x\n\nTo: a@b.c\n", 64, "no recipient is named"),
    ("To: undisclosed-recipients:;\n\nx\n", 64, "no recipient is named"),
    ("To: a@b.c\n" + "X: " + "y" * (1 << 20) + "\n\n", 65, "header has more than"),
])
def test_send_headers_that_cannot_be_read(caller, pki, text, status, words):
    with Scripted(silent, pki.context()) as server:
        result = caller.send(server, "-t", "-f", "brad@447.edu", input=text)
    assert result.returncode == status and words in result.stderr


@pytest.mark.parametrize("answers, status, tail", [
    ({"b@447.edu": "550 5.1.1 No such mailbox"}, 67, "accepted for the others"),
    ({"b@447.edu": "450 4.2.1 Not now"}, 75, "accepted for the others"),
    ({"a@447.edu": "450 4.2.1 Not now", "b@447.edu": "550 5.1.1 No such mailbox"}, 67,
     "accepted for the others"),
    ({n: "550 5.1.1 No such mailbox" for n in ("a@447.edu", "b@447.edu", "c@447.edu")}, 67,
     "the message is not sent"),
    ({n: "452 4.5.3 Too many" for n in ("a@447.edu", "b@447.edu", "c@447.edu")}, 75,
     "the message is not sent"),
])
def test_send_names_refused_recipients(caller, pki, answers, status, tail):
    to = ["a@447.edu", "b@447.edu", "c@447.edu"]
    with Scripted(delivery(to=to, answers=answers), pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", *to)
    lines = result.stderr.splitlines()
    assert result.returncode == status, result.stderr
    assert lines[:-1] == [f"postern: recipient {n} refused: {answers[n]}"
                          for n in to if n in answers]
    assert lines[-1].startswith(f"postern: {len(answers)} of 3 recipients refused;")
    assert lines[-1].endswith(tail)


@pytest.mark.parametrize("end, status", [
    ("554 5.6.0 We do not like it", 65), ("451 4.3.0 Not now", 75),
    ("452 4.3.1 No space", 75), ("354 What?", 76)])
def test_send_refused_message(caller, pki, end, status):
    with Scripted(delivery(end=end), pki.context()) as server:
        server.faults.clear()
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu")
        server.thread.join(0.2)
        server.faults.clear()
    assert result.returncode == status and end in result.stderr


@pytest.mark.parametrize("reply, status, words", [
    ("530 5.7.0 Authentication required", 77, "--user and"),
    ("553 5.7.1 Not yours", 65, "553 5.7.1 Not yours"),
    ("452 4.3.1 No space", 75, "452 4.3.1 No space"),
    ("354 What?", 76, "354 What?"),
])
def test_send_refused_sender(caller, pki, reply, status, words):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *OFFERS)
        peer.expect("MAIL FROM:<brad@447.edu> SIZE=21", reply)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu")
    assert result.returncode == status and words in result.stderr


def test_send_too_big_is_not_sent(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250 SIZE 20")
        peer.expect("QUIT", BYE)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu")
    assert result.returncode == 65 and "21 bytes" in result.stderr


@pytest.mark.parametrize("words", [b"552 5.3.4 Too big\r\n", b"421 4.3.0 Sorry\r\n"])
def test_send_hears_the_last_words(caller, pki, words):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250 447.edu")
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
        peer.expect("DATA", "354 Go on")
        peer.raw(words)
        peer.sock.shutdown(2)

    text = "x" * 70 + "\n"
    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu", input=text * 100000)
    assert result.returncode == (65 if words.startswith(b"5") else 75), result.stderr


@pytest.mark.parametrize("where", ["EHLO", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("how", ["close", "stall", "garbage"])
def test_send_through_every_break(caller, pki, where, how):
    def play(peer):
        peer.send(BANNER)
        while True:
            line = peer.line()
            verb = line.split(" ")[0]
            if verb == "DATA" and where == ".":
                peer.send("354 Go on")
                peer.message()
                verb = "."
            if verb == where:
                break
            peer.send("250 OK")
        if how == "garbage":
            peer.raw(b"\r\n\r\n")
        elif how == "stall":
            assert peer.at_end()  # whoever has given up says no QUIT

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "--timeout", "1", "-f", "brad@447.edu", "ann@447.edu")
    assert result.returncode == (76 if how == "garbage" else 75), result.stderr
    assert result.stderr.count("\n") == 1


# Login.

def plain(user, password):
    return b64(f"\0{user}\0{password}")


def test_send_plain(caller, pki):
    path = caller.file("secret", "open sesame\n")
    with Scripted(delivery(login=[(f"AUTH PLAIN {plain('brad@447.edu', 'open sesame')}",
                                   "235 2.7.0 Welcome")]), pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "-v", "ann@447.edu")
    assert result.returncode == 0, result.stderr
    assert plain("brad@447.edu", "open sesame") not in result.stderr
    assert "C: *\n" in result.stderr and "S: 235 2.7.0 Welcome\n" in result.stderr
    assert "TLS1.3" in result.stderr and "C: DATA\n" in result.stderr


def test_send_login(caller, pki):
    path = caller.file("secret", "open sesame\n")
    script = [("AUTH LOGIN", "334 VXNlcm5hbWU6"), (b64("brad@447.edu"), "334 UGFzc3dvcmQ6"),
              (b64("open sesame"), "235 2.7.0 Welcome")]
    with Scripted(delivery(login=script, mail="MAIL FROM:<brad@447.edu>",
                           offers=("250-447.edu", "250 auth login cram-md5")),
                  pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "ann@447.edu")
    assert result.returncode == 0, result.stderr


def test_send_uses_a_kept_password(caller, pki):
    with Scripted(delivery(login=[(f"AUTH PLAIN {plain('brad@447.edu', PASSPHRASE)}",
                                   "235 2.7.0 Welcome")]), pki.context()) as server:
        caller.file(f".local/state/postern/passwords/localhost:{server.port}/brad@447.edu",
                    PASSPHRASE + "\n")
        result = caller.send(server, "--user", "brad@447.edu", "ann@447.edu")
    assert result.returncode == 0, result.stderr


class Scram:
    """The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677). forge: it does not know the
    password; hurry: it leaves its own proof out."""

    def __init__(self, password="open sesame", forge=False, hurry=False):
        self.password, self.forge, self.hurry = password, forge, hurry

    def __call__(self, peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250 AUTH PLAIN SCRAM-SHA-256")
        line = peer.line()
        assert line.startswith("AUTH SCRAM-SHA-256 "), line
        first = base64.b64decode(line.split()[2]).decode()
        header, bare = first[:3], first[3:]
        nonce = bare.split(",r=")[1]
        assert header == "n,," and bare.startswith("n=brad@447.edu,r=")
        salt, rounds = b"0123456789abcdef", 4096
        server_first = f"r={nonce}server,s={base64.b64encode(salt).decode()},i={rounds}"
        peer.send(f"334 {b64(server_first)}")
        final = base64.b64decode(peer.line()).decode()
        message, _, proof = final.rpartition(",p=")
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, rounds)
        key = hmac.digest(salted, b"Client Key", "sha256")
        auth = f"{bare},{server_first},{message}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), auth, "sha256")
        good = bytes(a ^ b for a, b in zip(key, signature)) == base64.b64decode(proof)
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        mine = hmac.digest(b"x" if self.forge else server_key, auth, "sha256")
        if not good:
            peer.send("535 5.7.8 Wrong")
        elif self.hurry:
            peer.send("235 2.7.0 Welcome")
        else:
            peer.send(f"334 {b64('v=' + base64.b64encode(mine).decode())}")
            peer.expect("*" if self.forge else "",
                        "501 Oh" if self.forge else "235 2.7.0 Welcome")
        if good and not self.forge and not self.hurry:
            peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
            peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
            peer.expect("DATA", "354 Go on")
            peer.message()
            peer.send("250 OK")
            peer.expect("QUIT", BYE)


@pytest.mark.parametrize("server_does, status, words", [
    ({}, 0, ""),
    ({"password": "another"}, 77, "535 5.7.8 Wrong"),
    ({"forge": True}, 76, "has not proved that it knows the password"),
    ({"hurry": True}, 76, "before it has proved"),
])
def test_send_scram(caller, pki, server_does, status, words):
    path = caller.file("secret", "open sesame\n")
    with Scripted(Scram(**server_does), pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "-v", "ann@447.edu")
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert "S: 334 *\n" in result.stderr
    assert not re.search(r"[A-Za-z0-9+/]{24}", re.sub(r"(?m)^postern: .*", "", result.stderr))


@pytest.mark.parametrize("offers, reply, status, words", [
    (OFFERS, "535 5.7.8 Wrong", 77, "535 5.7.8 Wrong"),
    (OFFERS, "454 4.7.0 Not now", 75, "454 4.7.0 Not now"),
    (OFFERS, "250 OK", 76, "250 OK"),
    (("250-447.edu", "250 AUTH CRAM-MD5 XOAUTH2"), None, 77, "no login that can be used"),
    (("250 447.edu",), None, 77, "no login that can be used"),
])
def test_send_login_refused(caller, pki, offers, reply, status, words):
    path = caller.file("secret", "open sesame\n")

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *offers)
        if reply:
            peer.expect(re.compile("AUTH PLAIN .*"), reply)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "ann@447.edu")
    assert result.returncode == status, result.stderr
    assert words in result.stderr


def test_no_password_in_the_clear(caller):
    path = caller.file("secret", "open sesame\n")

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *OFFERS)
        assert peer.at_end()

    with Scripted(play) as server:
        result = caller.run(
            "send", "--tls", "off", "--server", f"127.0.0.1:{server.port}", "--user",
            "brad@447.edu", "--password-file", path, "ann@447.edu", input="x\n")
    assert result.returncode == 77 and "without TLS" in result.stderr


def test_offers_in_the_clear_are_forgotten(caller, pki):
    path = caller.file("secret", "open sesame\n")

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250-STARTTLS", "250 AUTH PLAIN")
        peer.expect("STARTTLS", "220 Go on")
        peer.start_tls(pki.context())
        peer.expect(EHLO, "250 447.edu")
        assert peer.at_end()

    with Scripted(play) as server:
        result = caller.send(server, "--starttls", "--user", "brad@447.edu",
                             "--password-file", str(path), "ann@447.edu")
    assert result.returncode == 77 and "no login that can be used" in result.stderr


# Much, and many.

def test_send_needs_no_memory_for_much(caller, pki, programs):
    size, peaks = 64 << 20, []

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250 447.edu")
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
        peer.expect("DATA", "354 Go on")
        total, tail = 0, b""
        while not tail.endswith(b"\r\n.\r\n"):
            data = peer.sock.recv(1 << 20)
            assert data
            total += len(data)
            tail = (tail + data)[-5:]
        assert total == size // 64 * 65 + 3
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]))
        peer.send("250 OK")
        peer.expect("QUIT", BYE)

    with Scripted(play, pki.context()) as server:
        process = programs.popen(
            "postern", "send", *caller.options(server.port), "-f", "brad@447.edu",
            "ann@447.edu", env={"HOME": str(caller.home)}, stdin=harness.subprocess.PIPE)
        block = (b"x" * 63 + b"\n") * 16384
        for _ in range(size >> 20):
            process.stdin.write(block)
        process.stdin.close()
        assert process.wait(60) == 0
    if harness.SANDBOX != "off":  # sanitizers take memory of their own
        assert peaks[0] < 16 << 10, f"{peaks[0]} KB"


def test_file_in_vain(caller, pki):
    """Without room for the message nothing is sent, and the fault is a temporary one."""
    with Scripted(silent, pki.context()) as server:
        words = caller.options(server.port)
        process = caller.programs.popen(
            "postern", "send", *words, "-f", "a@b.c", "d@e.f", text=True,
            env={"HOME": str(caller.home)}, stdin=harness.subprocess.PIPE,
            stderr=harness.subprocess.PIPE,
            preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))))
        _, said = process.communicate("x" * 5000 + "\n", timeout=20)
    assert process.returncode == 75 and "temporary file" in said


# Usage and configuration.

@pytest.mark.parametrize("args, status, words", [
    (["--nonsense"], 64, "unknown option --nonsense"),
    (["-x"], 64, "unknown option -x"),
    (["--ca"], 64, "--ca: expected a value"),
    (["send", "-f"], 64, "-f: expected a value"),
    (["--ca", ""], 64, "--ca: expected a value that is not empty"),
    ([], 64, "no server is named"),
    (["a", "b", "c"], 64, "too many words, beginning with c"),
    (["a", "b"], 64, "PORT b: expected a number from 1 to 65535"),
    (["a", "0"], 64, "PORT 0: expected"),
    (["a", "65536"], 64, "PORT 65536: expected"),
    (["--server", "a:b"], 64, "--server a:b: expected HOST"),
    (["--server", "a b"], 64, "--server a b: expected HOST"),
    (["--server", "[::1"], 64, "--server [::1: expected HOST"),
    (["--server", "a", "b"], 64, "named twice"),
    (["--tls", "maybe", "a"], 64, "--tls maybe: expected implicit, starttls or off"),
    (["--timeout", "0", "a"], 64, "--timeout 0: expected seconds"),
    (["a"], 78, "no CA is named"),
    (["--ca", "/nowhere/ca.pem", "a"], 78, "/nowhere/ca.pem"),
    (["--cert", "x", "--ca", "y", "a"], 64, "--cert and --key go together"),
    (["--config", "/nowhere.conf", "a"], 78, "cannot read /nowhere.conf"),
    (["send", "--server", "a", "--ca", "x", "b@c.d"], 64, "no sender is named"),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c"], 64, "no recipient is named"),
    (["send", "--server", "a", "--ca", "x", "-f", "a b", "c@d.e"], 64, "-f a b: expected"),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c", "x>\r\nRSET"], 64, "recipient x>"),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c", "ö@b.c"], 64, "recipient "),
    (["send", "--server", "a", "--ca", "x", "-f", "a@b.c", "--password-file", "x", "d@e.f"],
     64, "--password-file is named without --user"),
])
def test_usage(caller, args, status, words):
    result = caller.run(*args)
    assert result.returncode == status, result.stderr
    assert words in result.stderr and result.stdout == ""
    assert result.stderr.startswith("postern: ")


def test_help_and_version(caller):
    result = caller.run("--help", check=True)
    assert result.stdout.startswith("Usage: postern [OPTIONS] [HOST [PORT]]\n")
    for option in ("--server", "--cert", "--key", "--ca", "--user", "--password-file",
                   "--starttls", "--config", "-v"):
        assert option in result.stdout
    assert re.fullmatch(r"postern \d+\.\d+\.\d+\n", caller.run("--version").stdout)


@pytest.mark.parametrize("mode, text, words", [
    (0o644, "x\n", "is open to others (mode 0644)"),
    (0o660, "x\n", "is open to others (mode 0660)"),
    (0o600, "", "expected 1 to 1024 bytes"),
    (0o600, "x" * 2000, "expected 1 to 1024 bytes"),
])
def test_password_file_that_is_refused(caller, mode, text, words):
    path = caller.file("secret", text, mode)
    result = caller.run("send", "--server", "a", "--ca", "x", "--user", "u", "-f", "a@b.c",
                        "--password-file", path, "d@e.f")
    assert result.returncode == 78 and words in result.stderr and str(path) in result.stderr


def test_configuration(caller, pki):
    got = []
    secret = caller.file("secret", "open sesame\n")
    with Scripted(delivery(login=[(f"AUTH PLAIN {plain('brad@447.edu', 'open sesame')}",
                                   "235 2.7.0 Welcome")], got=got), pki.context()) as server:
        caller.file(".config/postern/client.conf", f"""# where to
server = localhost:{server.port}
ca = {pki.ca}
   cert = {pki.client}
key = {pki.path("client", "key")}
user = brad@447.edu
password_file = ~/{secret.name}
starttls = no
timeout = 10
""")
        result = caller.run("send", "ann@447.edu", input="Subject: Test\n\nHi\n")
    assert result.returncode == 0, result.stderr
    assert len(got) == 1


def test_options_win(caller, pki):
    with Scripted(lambda peer: (peer.send(BANNER), peer.expect("quit", BYE)),
                  pki.context()) as server:
        path = caller.file("conf/client.conf", "server = host.invalid:1\ntls = starttls\n"
                           f"ca = other.pem\ncert = a\nkey = b\ntimeout = 1\n")
        result = caller.talk(server, "quit\n", "--config", str(path), "--tls", "implicit")
        assert result.returncode == 0, result.stderr
        result = caller.run("--config", path, "--tls", "implicit", "localhost", server.port)
    assert result.returncode == 78 and str(path.parent / "other.pem") in result.stderr


@pytest.mark.parametrize("line, words", [
    ("colour = red", "unknown key colour"),
    ("server =", "server: expected a value"),
    ("server = a:0", "server a:0: expected HOST"),
    ("ca = x\nca = y", "ca stands here for the second time"),
    ("tls = off\nstarttls = yes", "say the same"),
    ("starttls = perhaps", "starttls perhaps: expected yes or no"),
    ("[server]\nca = x", "in the section [server]"),
    ("just words", "expected key = value"),
    ("ca = " + "x" * 5000, "the line is too long"),
])
def test_configuration_faults(caller, line, words):
    path = caller.file(".config/postern/client.conf", f"# first\n{line}\n")
    result = caller.run("a")
    assert result.returncode == 78, result.stderr
    assert words in result.stderr
    assert f"{path}:{2 + line.count(chr(10))}: " in result.stderr
