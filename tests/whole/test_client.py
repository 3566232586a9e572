# SPDX-License-Identifier: ISC
"""The client as a person uses it, against servers that do as they are told: at a terminal
and fed from a pipe."""

import os
import pathlib
import re
import signal
import socket
import threading
import time

import pytest

import harness
from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, OPENING, PASSPHRASE, PASSWORD, USERNAME, delivery
from scripted import Scripted, b64, mode_of, plain, transcript

HELP = ["help [option]", "List of options:", "HELO", "AUTH", "MAIL FROM", "RCPT TO", "DATA",
        "RSET", "QUIT"]

# The whole session of the classic voice, as the server sees it: two connections.

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


class Busy:
    """A port where connections are never made: what may wait there waits already."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self.socket.getsockname()[1]
        self.waiting = [socket.socket() for _ in range(8)]
        for client in self.waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))

    def __enter__(self):
        return self

    def __exit__(self, *fault):
        for one in (self.socket, *self.waiting):
            one.close()

    def asked(self):
        """How many ask for a connection and have none: state 02 is SYN_SENT."""
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        return sum(line.split()[2].endswith(f":{self.port:04X}") and line.split()[3] == "02"
                   for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_what_waits_for_a_connection(caller, pki, number):
    with Busy() as server:
        before = server.asked()
        with caller.terminal(server, host="127.0.0.1") as terminal:
            terminal.expect("to exit SMTP client.)")
            harness.until(lambda: server.asked() > before, what="an attempt to connect")
            terminal.process.send_signal(number)
            assert terminal.wait() == (0 if number == signal.SIGINT else 128 + number)


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


# What --trace shows.

TIMED = re.compile(r"\d\d:\d\d:\d\d\.\d\d\d ([CS]): (.*)")


def traced(text):
    found = [TIMED.fullmatch(line) for line in text.splitlines()]
    assert all(found), text
    return [f"{line[1]}: {line[2]}" for line in found]


def test_trace_of_a_dialogue(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("auth plain c2VjcmV0", "535 No")
        peer.expect("auth", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        peer.expect(b64("open sesame"), "235 Login Successful")
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server:
        result = caller.talk(server, "auth plain c2VjcmV0\nauth\nbrad\nopen sesame\nquit\n",
                             "--trace")
    assert result.returncode == 0
    assert traced(result.stderr) == [
        f"S: {BANNER}", "C: auth plain *", "S: 535 No", "C: auth", f"S: {USERNAME}", "C: *",
        f"S: {PASSWORD}", "C: *", "S: 235 Login Successful", "C: quit", f"S: {BYE}"]


def test_trace_of_an_enrolment_hides_the_password(caller, pki):
    def play(peer):
        peer.send(BANNER)
        peer.expect("auth", USERNAME)
        peer.expect(b64("newuser"), f"330 New username stored. Here is your password: "
                                    f"{PASSPHRASE}")

    def again(peer):
        peer.send(BANNER)
        peer.expect("quit", BYE)

    plays = iter((play, again))
    with Scripted(lambda peer: next(plays)(peer), pki.context()) as server:
        result = caller.talk(server, "auth\nnewuser\nquit\n", "--trace")
    assert result.returncode == 0
    assert PASSPHRASE in result.stdout and PASSPHRASE not in result.stderr
    assert "S: 330 New username stored. Here is your password:*" in traced(result.stderr)


def test_trace_of_send(caller, pki):
    path = caller.file("secret", "open sesame\n")
    login = [(f"AUTH PLAIN {plain('brad@447.edu', 'open sesame')}", "235 2.7.0 Welcome")]
    with Scripted(delivery(login=login), pki.context()) as server:
        result = caller.send(server, "--trace", "--user", "brad@447.edu", "--password-file",
                             str(path), "ann@447.edu")
    assert result.returncode == 0
    assert [line for line in traced(result.stderr) if line[0] == "C"][1:] == [
        "C: *", "C: MAIL FROM:<brad@447.edu> SIZE=21", "C: RCPT TO:<ann@447.edu>", "C: DATA",
        "C: .", "C: QUIT"]
    assert plain("brad@447.edu", "open sesame") not in result.stderr


def test_a_lost_message_is_said(caller, pki):
    """Also where no lines are edited."""
    def play(peer):
        peer.send(BANNER)
        peer.expect("data", "354 Go on")
        peer.expect("half a message")

    with Scripted(play, pki.context()) as server, caller.terminal(server) as terminal:
        terminal.expect(BANNER)
        terminal.type("data\n")
        terminal.expect("354 Go on\n")
        terminal.type("half a message\n")
        terminal.expect("localhost has closed the connection; the message being typed (1 line) "
                        "is lost, the server has not taken it\n")
        assert terminal.wait() == 75
