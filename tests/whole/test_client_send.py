# SPDX-License-Identifier: ISC
"""`postern send` against servers that do as they are told."""

import itertools
import pathlib
import re
import resource
import signal

import pytest

import harness
from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, EHLO, OFFERS, delivery, silent
from scripted import Scripted, transcript


def test_send(caller, pki):
    got = []
    with Scripted(delivery(got=got), pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert got == [b"Subject: Test\r\n\r\nHi\r\n"]


# Numbers for names: a test's name is a variable of the environment, which has a limit.
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
], ids=itertools.count())
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
], ids=itertools.count())
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
