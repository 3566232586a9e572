# SPDX-License-Identifier: ISC
"""The client as a person sees it who sits at a terminal: keys pressed and screens looked at,
in tmux, in 80 and in 200 columns."""

import os
import re
import signal
import termios
import threading

import pytest

import harness
from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, PASSPHRASE, PASSWORD, USERNAME
from scripted import Scripted, b64, mode_of
from tmux import Tmux, environment

START = "EHLO host, HELP, QUIT"
OK = "250 2.0.0 OK"


@pytest.fixture
def screen(caller, pki):
    """screen(server, *options, **settings): the client in a Tmux."""
    def start(server, *more, columns=80, env=None, **settings):
        argv = [caller.programs.path / "postern", *caller.options(server.port, more=more)]
        return Tmux(argv, environment(caller.programs, caller.home, **(env or {})),
                    columns=columns, **settings)
    return start


def quits(peer):
    peer.expect("QUIT", BYE)
    assert peer.at_end()


def greeted(peer):
    peer.send(BANNER)
    peer.expect("EHLO host", "250-447.edu", "250 AUTH PLAIN")


def begun(peer):
    """A session with a sender and a recipient."""
    greeted(peer)
    peer.expect("AUTH EXTERNAL =", "235 2.7.0 Welcome")
    peer.expect("MAIL FROM:<brad@447.edu>", OK)
    peer.expect("RCPT TO:<ann@447.edu>", OK)


def begin(tmux):
    for typed, hint in (("ehlo host", "AUTH, HELP, QUIT"),
                        ("auth external =", "MAIL FROM:<address>, QUIT"),
                        ("mail from brad@447.edu", "RCPT TO:<address>, RSET"),
                        ("rcpt to ann@447.edu", "RCPT TO:<address>, DATA, RSET")):
        tmux.line(typed)
        tmux.until(lambda screen: screen.split("\n")[-1].endswith(hint), hint)


def prompt(hint, columns):
    """The row where nothing is typed yet."""
    return "> " + " " * (columns - 4 - len(hint)) + hint


@pytest.mark.parametrize("columns", [80, 200])
def test_a_whole_session(screen, pki, columns):
    got = []

    def play(peer):
        begun(peer)
        peer.expect("DATA", "354 Go on")
        got.append(peer.message())
        peer.send("250 2.0.0 Message Received")
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server, columns=columns) as tmux:
        tmux.last(prompt(START, columns))
        begin(tmux)
        tmux.line("data")
        tmux.expect("ctrl-C drops it.")
        for line in ("Subject: Test", "", "Hi", ".hidden", "."):
            tmux.line(line)
        tmux.expect("250 2.0.0 Message Received")
        tmux.last(prompt("MAIL FROM:<address>, QUIT", columns))
        tmux.line("quit")
        assert tmux.wait() == 0
        rows = tmux.screen().split("\n")
    assert got == [b"Subject: Test\r\n\r\nHi\r\n..hidden\r\n"]
    # The screen shows what was typed and what was answered, and no old hint.
    assert rows == [
        "Postern SMTP client running...", "(Type 'quit' to exit SMTP client.)", BANNER,
        "> ehlo host", "250-447.edu", "250 AUTH PLAIN",
        "> auth external =", "235 2.7.0 Welcome",
        "> mail from brad@447.edu", OK, "> rcpt to ann@447.edu", OK,
        "> data", 'Enter the message, end it with "." on a single line; ctrl-C drops it.',
        "Subject: Test", "", "Hi", ".hidden", ".", "354 Go on",
        "250 2.0.0 Message Received", "> quit", BYE]


def test_hint_for_a_verb(screen, pki):
    with Scripted(lambda peer: (peer.send(BANNER), quits(peer)), pki.context()) as server, \
            screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.type("mail")
        tmux.expect("MAIL FROM:<address> [SIZE=bytes]")
        tmux.press("BSpace")
        tmux.expect(START)
        tmux.press("C-u")
        tmux.line("quit")
        assert tmux.wait() == 0


@pytest.mark.parametrize("columns", [80, 200])
def test_keys_edit_the_line(screen, pki, columns):
    def play(peer):
        peer.send(BANNER)
        peer.expect("NOOP one three", OK)
        peer.expect("NOOP one two three", OK)
        peer.expect("NOOP one three", OK)
        peer.expect("NOOP grün", OK)
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server, columns=columns) as tmux:
        tmux.last(prompt(START, columns))
        tmux.type("noop one x")
        tmux.press("BSpace")
        tmux.line("three")
        tmux.until(lambda s: s.count(OK) == 1, "an answer")
        tmux.press("Up")
        tmux.press(*["Left"] * 5)
        tmux.line("two ")
        tmux.until(lambda s: s.count(OK) == 2, "another answer")
        tmux.press("Up", "Up", "Enter")
        tmux.until(lambda s: s.count(OK) == 3, "a third answer")
        tmux.type("one grün")
        tmux.press("Home")
        tmux.type("noop ")
        tmux.press("C-f", "C-f", "C-f", "C-f", "C-w", "Enter")
        tmux.until(lambda s: s.count(OK) == 4, "a fourth answer")
        tmux.line("quit")
        assert tmux.wait() == 0


def test_tab_ends_words(screen, pki):
    def play(peer):
        begun(peer)
        peer.expect("RCPT TO:<ann@447.edu>", OK)
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.type("e")
        tmux.press("Tab")
        tmux.until(lambda s: s.split("\n")[-1].startswith("> EHLO "), "a whole word")
        tmux.line("host")
        tmux.until(lambda s: s.split("\n")[-1] == prompt("AUTH, HELP, QUIT", 80), "a prompt")
        tmux.type("au")
        tmux.press("Tab")
        tmux.type(" e")
        tmux.press("Tab")
        tmux.until(lambda s: "> AUTH EXTERNAL =" in s.split("\n")[-1], "a mechanism")
        tmux.press("Enter")
        tmux.expect("235 2.7.0 Welcome")
        tmux.type("m")
        tmux.press("Tab")
        tmux.line("brad@447.edu>")
        tmux.until(lambda s: s.count(OK) == 1, "an answer")
        tmux.line("rcpt to ann@447.edu")
        tmux.until(lambda s: s.count(OK) == 2, "an answer")
        # Several ways to go on are listed; an address that was used before is one.
        tmux.type("r")
        tmux.press("Tab")
        tmux.until(lambda s: re.search(r"\n> r .*\nRCPT TO:<  RSET\n> r ", s), "a list")
        tmux.type("c")
        tmux.press("Tab")
        tmux.type("a")
        tmux.press("Tab")
        tmux.until(lambda s: "> RCPT TO:<ann@447.edu>" in s.split("\n")[-1], "an address")
        tmux.press("Enter")
        tmux.until(lambda s: s.count(OK) == 3, "an answer")
        tmux.line("quit")
        assert tmux.wait() == 0


def test_history_is_kept_and_holds_no_secret(screen, pki, caller):
    def first(peer):
        peer.send(BANNER)
        peer.expect("HELO brad@447.edu", "250 447.edu says hello")
        peer.expect("AUTH", USERNAME)
        peer.expect(b64("brad"), PASSWORD)
        peer.expect(b64("open sesame"), "530 No")
        peer.expect("AUTH PLAIN c2VjcmV0", "535 No")
        quits(peer)

    def second(peer):
        peer.send(BANNER)
        peer.expect("HELO brad@447.edu", "250 447.edu says hello")
        quits(peer)

    plays = iter((first, second))
    with Scripted(lambda peer: next(plays)(peer), pki.context()) as server:
        with screen(server) as tmux:
            tmux.last(prompt(START, 80))
            tmux.line("helo brad@447.edu")
            tmux.expect("says hello")
            tmux.line("auth")
            tmux.expect("Username:")
            tmux.line("brad")
            tmux.expect("Password:")
            tmux.line("open sesame")
            tmux.expect("530 No")
            tmux.line("auth plain c2VjcmV0")
            tmux.expect("535 No")
            assert "sesame" not in tmux.screen()
            tmux.line("quit")
            assert tmux.wait() == 0
        path = caller.home / ".local/state/postern/history"
        assert mode_of(path) == 0o600
        assert path.read_text() == "HELO brad@447.edu\nAUTH\nQUIT\n"
        with screen(server) as tmux:
            tmux.last(prompt(START, 80))
            tmux.press("Up", "Up", "Up", "Enter")
            tmux.expect("says hello")
            tmux.line("quit")
            assert tmux.wait() == 0


# Leaving, and what is left.

def test_ctrl_c_drops_the_message_not_the_program(screen, pki):
    got = []

    def play(peer):
        begun(peer)
        peer.expect("DATA", "354 Go on")
        got.append(peer.message())
        peer.send("250 2.0.0 Message Received")
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server) as tmux:
        tmux.last(prompt(START, 80))
        begin(tmux)
        tmux.line("data")
        tmux.expect("ctrl-C drops it.")
        tmux.line("What I would not")
        tmux.type("like to have sai")
        tmux.press("C-c")
        tmux.expect("the message is dropped; nothing of it was sent")
        tmux.line("data")
        tmux.until(lambda s: s.count("ctrl-C drops it.") == 2, "another try")
        tmux.line("Fine")
        tmux.line(".")
        tmux.expect("250 2.0.0 Message Received")
        tmux.line("quit")
        assert tmux.wait() == 0
    assert got == [b"Fine\r\n"]


def test_ctrl_c_drops_a_command_then_leaves(screen, pki):
    with Scripted(lambda peer: (peer.send(BANNER), quits(peer)), pki.context()) as server, \
            screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.type("helo wrong")
        tmux.expect("> helo wrong")
        tmux.press("C-c")
        tmux.last(prompt(START, 80))
        tmux.press("C-c")
        tmux.expect(BYE)
        assert tmux.wait() == 0


@pytest.mark.parametrize("at", ["Username:", "Password:"])
def test_ctrl_c_gives_a_login_up(screen, pki, at):
    def play(peer):
        peer.send(BANNER)
        peer.expect("AUTH", USERNAME)
        if at == "Password:":
            peer.expect(b64("brad"), PASSWORD)
        peer.expect("*", "501 Cancelled")
        peer.expect("NOOP", OK)
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.line("auth")
        tmux.expect("Username:")
        if at == "Password:":
            tmux.line("brad")
        tmux.expect(at)
        tmux.type("half")
        tmux.press("C-c")
        tmux.expect("501 Cancelled")
        tmux.line("noop")
        tmux.expect(OK)
        assert "half" not in tmux.screen()
        tmux.line("quit")
        assert tmux.wait() == 0


def test_ctrl_d_leaves(screen, pki):
    with Scripted(lambda peer: (peer.send(BANNER), quits(peer)), pki.context()) as server, \
            screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.press("C-d")
        tmux.expect(BYE)
        assert tmux.wait() == 0


def test_enrolled_password_is_used(screen, pki):
    def first(peer):
        peer.send(BANNER)
        peer.expect("HELO x", "250 447.edu says hello")
        peer.expect("AUTH", USERNAME)
        peer.expect(b64("newuser"),
                    f"330 New username stored. Here is your password: {PASSPHRASE}")

    def second(peer):
        peer.send(BANNER)
        peer.expect("AUTH", USERNAME)
        peer.expect(b64("newuser"), PASSWORD)
        peer.expect(b64(PASSPHRASE), "235 Login Successful")
        quits(peer)

    plays = iter((first, second))
    with Scripted(lambda peer: next(plays)(peer), pki.context()) as server, \
            screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.line("helo x")
        tmux.expect("says hello")
        tmux.line("auth")
        tmux.expect("Username:")
        tmux.line("newuser")
        tmux.expect("Restarting 5... 4... 3... 2... 1...")
        tmux.last(prompt(START, 80))
        tmux.line("auth")
        tmux.until(lambda s: s.count("Username:") == 2, "a prompt")
        tmux.line("newuser")
        tmux.expect("235 Login Successful")
        tmux.line("quit")
        assert tmux.wait() == 0


# What is lost.

def hang_up_after(*script):
    def play(peer):
        peer.send(BANNER)
        for want, *replies in script:
            peer.expect(want, *replies)
        go.wait(20)
    go = threading.Event()
    play.go = go
    return play


TRANSACTION = (("MAIL FROM:<a@b.c>", OK), ("RCPT TO:<d@e.f>", OK), ("RCPT TO:<g@h.i>", OK))
TYPED = ("mail from a@b.c", "rcpt to d@e.f", "rcpt to g@h.i")


@pytest.mark.parametrize("script, typed, loss", [
    ((), (), "localhost has closed the connection"),
    (TRANSACTION[:1], TYPED[:1], "; the message that was begun, with its sender, is lost"),
    (TRANSACTION, TYPED, "; the message that was begun, for 2 recipients, is lost"),
    (TRANSACTION, (*TYPED, "data", "one", "two"),
     "; the message being typed (2 lines) is lost, the server has not taken it"),
    ((*TRANSACTION, ("DATA", "354 Go on"), ("one",), (".",)), (*TYPED, "data", "one", "."),
     "; whether it has taken the message is not known"),
])
def test_a_lost_connection_says_what_is_lost(screen, pki, script, typed, loss):
    play = hang_up_after(*script)
    with Scripted(play, pki.context()) as server, screen(server, columns=200) as tmux:
        tmux.expect(START)
        for n, line in enumerate(typed):
            tmux.line(line)
            if line.split()[0] in ("mail", "rcpt"):
                tmux.until(lambda s: s.count(OK) == n + 1, "an answer")
            elif line == "data":
                tmux.expect("ctrl-C drops it.")
            else:
                tmux.expect("\n" + line)
        play.go.set()
        tmux.expect("has closed the connection" + loss if loss[0] == ";" else loss)
        assert tmux.wait() == 75


# The server speaks while somebody types; the window changes.

def test_what_is_typed_stays_when_the_server_speaks(screen, pki):
    go = threading.Event()

    def play(peer):
        peer.send(BANNER)
        assert go.wait(20)
        peer.send("450 4.2.0 Hurry")
        peer.expect("NOOP with words", OK)
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.type("noop with")
        tmux.expect("> noop with")
        go.set()
        tmux.until(lambda s: re.search(r"450 4.2.0 Hurry\n> noop with ", s), "both")
        assert tmux.screen().count("> noop with") == 1
        tmux.line(" words")
        tmux.expect(OK)
        tmux.line("quit")
        assert tmux.wait() == 0


@pytest.mark.parametrize("before, behind", [(80, 200), (200, 80)])
def test_the_window_changes_its_size(screen, pki, before, behind):
    def play(peer):
        peer.send(BANNER)
        peer.expect("NOOP with words", OK)
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server, columns=before) as tmux:
        tmux.last(prompt(START, before))
        tmux.type("noop with")
        tmux.expect("> noop with")
        tmux.resize(behind)
        tmux.line(" words")
        tmux.expect(OK)
        tmux.last(prompt(START, behind))
        tmux.line("quit")
        assert tmux.wait() == 0


def test_a_line_longer_than_the_window(screen, pki):
    text = "noop " + "0123456789" * 12

    def play(peer):
        peer.send(BANNER)
        peer.expect("NOOP " + text[5:] + "!", OK)
        quits(peer)

    with Scripted(play, pki.context()) as server, screen(server) as tmux:
        tmux.last(prompt(START, 80))
        tmux.type(text)
        tmux.until(lambda s: ("> " + text).replace(" ", "") in re.sub(r"\s", "", s), "all")
        tmux.line("!")
        tmux.expect(OK)
        tmux.line("quit")
        assert tmux.wait() == 0


# Colours.

COLOUR = re.compile(r"\x1b\[([0-9;]*)m")
# Those that can be read on light and on dark ground: no yellow, white or black, no ground.
LEGIBLE = {"", "0", "1", "2", "22", "31", "32", "35", "36", "39", "49", "0;1", "0;2"}


def coloured(peer):
    peer.send(BANNER)
    peer.expect("NOOP", OK)
    peer.expect("HELP", "214 HELO")
    peer.expect("XYZZY", "500 What?")
    peer.expect("EXPN", "450 4.0.0 Later")
    quits(peer)


def play_colours(tmux):
    for line, answer in (("noop", OK), ("help", "HELO"), ("XYZZY", "500 What?"),
                         ("expn", "450 4.0.0 Later"), ("quit", BYE)):
        tmux.expect(">")
        tmux.line(line)
        tmux.expect(answer)
    assert tmux.wait() == 0
    return tmux.screen(colours=True)


@pytest.mark.parametrize("columns", [80, 200])
def test_colours_that_can_be_read_on_light_and_dark(screen, pki, columns):
    with Scripted(coloured, pki.context()) as server, screen(server, columns=columns) as tmux:
        tmux.last(prompt(START, columns))
        assert re.search(rf"\x1b\[2m{START}", tmux.screen(colours=True))
        shown = play_colours(tmux)
    assert f"\x1b[32m{OK}" in shown and "\x1b[31m500 What?" in shown
    assert "\x1b[35m450 4.0.0 Later" in shown and "\x1b[32mHELO" in shown
    assert set(COLOUR.findall(shown)) <= LEGIBLE, COLOUR.findall(shown)


@pytest.mark.parametrize("env, term", [({"NO_COLOR": "1"}, "screen-256color"), ({}, "vt100")])
def test_no_colours(screen, pki, env, term):
    with Scripted(coloured, pki.context()) as server, \
            screen(server, env=env, term=term) as tmux:
        tmux.last(prompt(START, 80))
        assert not COLOUR.search(play_colours(tmux))


@pytest.mark.parametrize("more, term", [(("--plain",), "screen-256color"), ((), "dumb")])
def test_plain(screen, pki, more, term):
    """No prompt, no hint, no colour; what is typed goes out as it is."""
    def play(peer):
        peer.send(BANNER)
        peer.expect("helo brad@447.edu", "250 447.edu says hello")
        peer.expect("mail from brad@447.edu", OK)
        peer.expect("quit", BYE)

    with Scripted(play, pki.context()) as server, screen(server, *more, term=term) as tmux:
        for line, answer in (("helo brad@447.edu", BANNER),
                             ("mail from brad@447.edu", "says hello"), ("quit", OK)):
            tmux.expect(answer)
            tmux.line(line)
        assert tmux.wait() == 0
        assert tmux.screen(colours=True).split("\n") == [
            "Postern SMTP client running...", "(Type 'quit' to exit SMTP client.)", BANNER,
            "helo brad@447.edu", "250 447.edu says hello", "mail from brad@447.edu", OK,
            "quit", BYE]


def test_stop_and_go_on(caller, pki):
    """A stop from the keyboard gives the terminal back as it was."""
    def play(peer):
        peer.send(BANNER)
        peer.expect("NOOP", OK)
        quits(peer)

    with Scripted(play, pki.context()) as server:
        with caller.terminal(server, plain=False) as terminal:
            terminal.expect(START)
            canonical = lambda: bool(termios.tcgetattr(terminal.slave)[3] & termios.ICANON)
            harness.until(lambda: not canonical(), what="a line being edited")
            terminal.type("no")
            terminal.process.send_signal(signal.SIGTSTP)
            os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED)
            assert canonical() and terminal.echoes()
            terminal.process.send_signal(signal.SIGCONT)
            harness.until(lambda: not canonical(), what="a line being edited again")
            terminal.type("op\n")
            terminal.expect(OK)
            terminal.type("quit\n")
            assert terminal.wait() == 0
            assert canonical() and terminal.echoes()
