# SPDX-License-Identifier: ISC
"""`postern send` and what servers offer: PIPELINING, CHUNKING, SIZE, 8BITMIME, SMTPUTF8 and
LIMITS, used where they are offered and done without where they are not."""

import re
import threading

import pytest

from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, EHLO
from scripted import Scripted

FROM = ("-f", "brad@447.edu")
TEXT = "Subject: Test\n\nHi\n"
SENT = b"Subject: Test\r\n\r\nHi\r\n"


def offer(*keywords):
    lines = ["447.edu", *keywords]
    return [f"250{'-' if i + 1 < len(lines) else ' '}{line}" for i, line in enumerate(lines)]


def opening(peer, *keywords):
    peer.send(BANNER)
    peer.expect(EHLO, *offer(*keywords))


def closing(peer):
    peer.expect("QUIT", BYE)
    assert peer.at_end()


def chunk(peer):
    """What comes as one BDAT: (bytes, whether it is the last)."""
    words = peer.line().split()
    assert words[0] == "BDAT" and words[2:] in ([], ["LAST"]), words
    data = exactly(peer, int(words[1]))
    return data, len(words) == 3


def exactly(peer, size):
    while len(peer.pending) < size:
        more = peer.sock.recv(1 << 20)
        assert more
        peer.pending += more
    data, peer.pending = peer.pending[:size], peer.pending[size:]
    return data


def test_one_group_holds_all(caller, pki):
    """A server that answers nothing before all of it has come gets all of it."""
    got = []

    def play(peer):
        opening(peer, "PIPELINING", "SIZE")
        for want in ("MAIL FROM:<brad@447.edu> SIZE=21", "RCPT TO:<ann@447.edu>",
                     "RCPT TO:<bob@447.edu>", "DATA"):
            peer.expect(want)
        peer.send("250 OK", "250 OK", "550 5.1.1 No such mailbox", "354 Go on")
        got.append(peer.message())
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu", "bob@447.edu")
    assert (result.returncode, got) == (67, [SENT]), result.stderr
    assert "recipient bob@447.edu refused: 550 5.1.1 No such mailbox" in result.stderr


def test_one_group_holds_a_short_message_too(caller, pki):
    got = []

    def play(peer):
        opening(peer, "PIPELINING", "CHUNKING", "8BITMIME", "BINARYMIME")
        peer.expect("MAIL FROM:<brad@447.edu>")
        peer.expect("RCPT TO:<ann@447.edu>")
        got.append(chunk(peer))
        peer.send("250 OK", "250 OK", "250 2.0.0 Message Received")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu", input=".\n" + TEXT)
    assert (result.returncode, got) == (0, [(b".\r\n" + SENT, True)]), result.stderr


def test_no_group_without_pipelining(caller, pki):
    def play(peer):
        opening(peer, "CHUNKING")
        for want in ("MAIL FROM:<brad@447.edu>", "RCPT TO:<ann@447.edu>"):
            peer.expect(want)
            assert not peer.pending
            peer.send("250 OK")
        assert chunk(peer) == (SENT, True)
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        assert caller.send(server, *FROM, "ann@447.edu").returncode == 0


def test_more_recipients_than_a_window(caller, pki):
    """Neither side waits for the other, however many there are and however long replies."""
    names = [f"user{i}@447.edu" for i in range(1000)]
    words = "x" * 480

    def play(peer):
        opening(peer, "PIPELINING")
        peer.expect("MAIL FROM:<brad@447.edu>", f"250 {words}")
        for name in names:
            peer.expect(f"RCPT TO:<{name}>", f"250 {words}")
        peer.expect("DATA", "354 Go on")
        assert peer.message() == SENT
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, *names)
    assert result.returncode == 0, result.stderr


def long_text(size):
    line = "".join(chr(ord("a") + i % 26) for i in range(63)) + "\n"
    return "Subject: Long\n\n" + "." + line * (size // 64)


@pytest.mark.parametrize("pipelining", [True, False])
def test_chunks(caller, pki, pipelining):
    text, got, sizes = long_text(5 << 20), [], []

    def play(peer):
        opening(peer, "CHUNKING", "SIZE", *(["PIPELINING"] if pipelining else []))
        size = len(text) + text.count("\n")
        peer.expect(f"MAIL FROM:<brad@447.edu> SIZE={size}", "250 OK")
        peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
        last = False
        while not last:
            data, last = chunk(peer)
            sizes.append(len(data))
            got.append(data)
            if not pipelining:
                assert not peer.pending
            peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu", input=text)
    assert result.returncode == 0, result.stderr
    assert b"".join(got) == text.replace("\n", "\r\n").encode()
    assert len(sizes) > 5 and max(sizes) < 1 << 20


def test_chunks_stop_at_the_first_refusal(caller, pki):
    """The server takes one chunk and refuses it; the client does not send all the others."""
    counted = []

    def play(peer):
        opening(peer, "CHUNKING", "PIPELINING")
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
        chunk(peer)
        peer.send("552 5.3.4 Too much of it")
        while (line := peer.line()) and line.startswith("BDAT"):
            exactly(peer, int(line.split()[1]))
            counted.append(line)
            peer.send("503 5.5.1 No transaction")
        assert line == "QUIT", line
        peer.send(BYE)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu", input=long_text(40 << 20))
    assert result.returncode == 65 and "552 5.3.4 Too much of it" in result.stderr
    assert len(counted) <= 10, len(counted)


def test_refused_chunk_is_told_without_pipelining(caller, pki):
    def play(peer):
        opening(peer, "CHUNKING")
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
        chunk(peer)
        peer.send("452-4.3.1 No", "452 4.3.1 space")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu", input=long_text(3 << 20))
    assert result.returncode == 75 and "452-4.3.1 No 452 4.3.1 space" in result.stderr


@pytest.mark.parametrize("last", ["354 Go on", "503 5.5.1 No recipient"])
def test_a_group_where_nobody_is_accepted(caller, pki, last):
    """A server that wants the message all the same gets an empty one."""
    def play(peer):
        opening(peer, "PIPELINING")
        for want in ("MAIL FROM:<brad@447.edu>", "RCPT TO:<ann@447.edu>", "DATA"):
            peer.expect(want)
        peer.send("250 OK", "550 5.1.1 Nobody", last)
        if last.startswith("354"):
            assert peer.message() == b""
            peer.send("554 5.5.1 Nobody wants it")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu")
    assert result.returncode == 67 and "the message is not sent" in result.stderr


def test_a_group_where_the_sender_is_refused(caller, pki):
    """The answers to what followed are read, so that QUIT gets its own."""
    def play(peer):
        opening(peer, "PIPELINING")
        for want in ("MAIL FROM:<brad@447.edu>", "RCPT TO:<ann@447.edu>", "DATA"):
            peer.expect(want)
        peer.send("550 5.7.1 Not you", "503 5.5.1 MAIL first", "503 5.5.1 MAIL first")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu")
    assert result.returncode == 65 and "550 5.7.1 Not you" in result.stderr


# Recipients that do not fit into one message.

@pytest.mark.parametrize("pipelining", [(), ("PIPELINING",)])
def test_too_many_recipients_go_in_several_messages(caller, pki, pipelining):
    names = [f"user{i}@447.edu" for i in range(7)]
    seen = []

    def play(peer):
        opening(peer, "LIMITS RCPTMAX=3", *pipelining)
        for part in (names[:3], names[3:6], names[6:]):
            peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
            for name in part:
                peer.expect(f"RCPT TO:<{name}>", "250 OK")
            peer.expect("DATA", "354 Go on")
            seen.append(peer.message())
            peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, *names)
    assert (result.returncode, seen) == (0, [SENT] * 3), result.stderr


def test_recipients_that_were_too_many_are_asked_for_again(caller, pki):
    def play(peer):
        opening(peer)
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<a@447.edu>", "250 OK")
        peer.expect("RCPT TO:<b@447.edu>", "452 4.5.3 Too many")
        peer.expect("RCPT TO:<c@447.edu>", "550 5.1.1 Nobody")
        peer.expect("DATA", "354 Go on")
        assert peer.message() == SENT
        peer.send("250 OK")
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<b@447.edu>", "250 OK")
        peer.expect("DATA", "354 Go on")
        assert peer.message() == SENT
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "a@447.edu", "b@447.edu", "c@447.edu")
    assert result.returncode == 67, result.stderr
    assert result.stderr.splitlines() == [
        "postern: recipient c@447.edu refused: 550 5.1.1 Nobody",
        "postern: 1 of 3 recipients refused; the message was accepted for the others"]


def test_a_second_message_that_fails_says_who_has_it(caller, pki):
    def play(peer):
        opening(peer, "LIMITS RCPTMAX=1")
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<a@447.edu>", "250 OK")
        peer.expect("DATA", "354 Go on")
        peer.message()
        peer.send("250 OK")
        peer.expect("MAIL FROM:<brad@447.edu>", "452 4.3.1 No space")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "a@447.edu", "b@447.edu")
    assert result.returncode == 75
    assert "452 4.3.1 No space; 1 of 2 recipients have the message already" in result.stderr


def test_as_many_messages_as_the_server_takes(caller, pki):
    def play(peer):
        opening(peer, "LIMITS MAILMAX=1 RCPTMAX=1")
        peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
        peer.expect("RCPT TO:<a@447.edu>", "250 OK")
        peer.expect("DATA", "354 Go on")
        peer.message()
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "a@447.edu", "b@447.edu")
    assert result.returncode == 75 and "takes no more messages now" in result.stderr


# More than ASCII.

@pytest.mark.parametrize("sender, to, text, mail", [
    ("brad@447.edu", "ann@447.edu", "Subject: ö\n\nx\n", " BODY=8BITMIME SMTPUTF8"),
    ("brad@447.edu", "ann@447.edu", "Subject: x\n\nö\n", " BODY=8BITMIME"),
    ("brad@447.edu", "änn@447.edu", TEXT, " SMTPUTF8"),
    ("bräd@447.edu", "ann@447.edu", TEXT, " SMTPUTF8"),
    ("brad@447.edu", "ann@bücher.example", TEXT, " SMTPUTF8"),
    ("brad@447.edu", "ann@447.edu", TEXT, ""),
])
def test_smtputf8_where_it_is_needed(caller, pki, sender, to, text, mail):
    def play(peer):
        opening(peer, "8BITMIME", "SMTPUTF8")
        peer.expect(f"MAIL FROM:<{sender}>{mail}", "250 OK")
        peer.expect(f"RCPT TO:<{to}>", "250 OK")
        peer.expect("DATA", "354 Go on")
        assert peer.message() == text.replace("\n", "\r\n").encode()
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "-f", sender, to, input=text)
    assert result.returncode == 0, result.stderr


def test_header_that_is_no_utf8_is_not_declared_so(caller, pki):
    def play(peer):
        opening(peer, "8BITMIME", "SMTPUTF8")
        peer.expect("MAIL FROM:<brad@447.edu> BODY=8BITMIME", "250 OK")
        peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
        peer.expect("DATA", "354 Go on")
        assert peer.message() == b"Subject: \xf6\r\n\r\nx\r\n"
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        process = caller.programs.popen(
            "postern", "send", *caller.options(server.port), *FROM, "ann@447.edu",
            env={"HOME": str(caller.home)}, stdin=-1, stderr=-1)
        _, said = process.communicate(b"Subject: \xf6\n\nx\n", timeout=20)
    assert process.returncode == 0, said


def test_domains_in_ascii_where_utf8_is_not_offered(caller, pki):
    def play(peer):
        opening(peer)
        peer.expect("MAIL FROM:<brad@xn--bcher-kva.example>", "250 OK")
        peer.expect("RCPT TO:<ann@xn--bcher-kva.example>", "250 OK")
        peer.expect("DATA", "354 Go on")
        peer.message()
        peer.send("250 OK")
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "-f", "brad@bücher.example", "ann@bücher.example",
                             "änn@447.edu")
    assert result.returncode == 67
    assert "recipient änn@447.edu refused: localhost does not offer SMTPUTF8" in result.stderr


def test_sender_that_needs_utf8_where_it_is_not_offered(caller, pki):
    def play(peer):
        opening(peer)
        closing(peer)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "-f", "bräd@447.edu", "ann@447.edu")
    assert result.returncode == 65 and "does not offer SMTPUTF8" in result.stderr


# The bar.

class Slow:
    """Takes the first part of a long message, then waits until it is told to go on."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, peer):
        opening(peer, "CHUNKING", "SIZE")
        peer.expect(re.compile("MAIL .*"), "250 OK")
        peer.expect(re.compile("RCPT .*"), "250 OK")
        last = False
        while not last:
            _, last = chunk(peer)
            assert self.go.wait(20)
            peer.send("250 OK")
        closing(peer)


def test_progress_on_a_terminal(caller, pki):
    text = caller.file("long", long_text(20 << 20))
    play = Slow()
    with Scripted(play, pki.context()) as server, open(text) as message:
        with caller.terminal(server, command=["send"], more=(*FROM, "ann@447.edu"),
                             stdin=message) as terminal:
            timer = threading.Timer(1.2, play.go.set)
            timer.start()
            terminal.expect("\r")
            terminal.expect("%")
            terminal.expect("B of 2")
            terminal.expect("B/s")
            terminal.expect("left")
            assert terminal.wait() == 0
            timer.join()
        # It is gone at the end.
        assert terminal.output.endswith("\r\x1b[K"), terminal.output[-80:]


def test_no_progress_elsewhere(caller, pki):
    text = long_text(20 << 20)
    play = Slow()
    timer = threading.Timer(1.2, play.go.set)
    timer.start()
    with Scripted(play, pki.context()) as server:
        result = caller.send(server, *FROM, "ann@447.edu", input=text)
    timer.join()
    assert (result.returncode, result.stderr) == (0, "")
