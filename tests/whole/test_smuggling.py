# SPDX-License-Identifier: ISC
"""What looks like the end of a message or of a line and is none, cut between two TLS records
at every place; and lines that have no end. Nothing behind them is ever read as a command."""

import socket

import pytest

import harness
import observe
from sessions import b64, log_in, split_trace

BRAD = "brad@447.edu"
VOICES = ["EHLO client.447.edu", "HELO client"]

# The reason in the log, and what stands where a dot could end a message.
FORMS = {
    "LF.LF": ("bare-lf", b"\n.\n"),
    "LF.CRLF": ("bare-lf", b"\n.\r\n"),
    "CRLF.LF": ("bare-lf", b"\r\n.\n"),
    "CR.CR": ("bare-cr", b"\r.\r"),
    "CR.CRLF": ("bare-cr", b"\r.\r\n"),
    "CRLF.CR": ("bare-cr", b"\r\n.\r"),
    "LFCR.LFCR": ("bare-lf", b"\n\r.\n\r"),
    "CRCRLF.CRCRLF": ("bare-cr", b"\r\r\n.\r\r\n"),
    "CRLF.CRCRLF": ("bare-cr", b"\r\n.\r\r\n"),
    "NUL before the dot": ("nul", b"\r\n\0.\r\n"),
    "NUL behind the dot": ("nul", b"\r\n.\0\r\n"),
    "NUL inside the CRLF": ("bare-cr", b"\r\n.\r\0\n"),
    "NUL for a dot": ("nul", b"\r\n\0\r\n"),
}
BEHIND = b"RSET\r\nQUIT\r\n"


def connected(d, password, greeting):
    client = d.connect()
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    log_in(client, "brad", password, greeting)
    return client


def send_cut(client, data, at):
    """As two records."""
    client.send(data[:at])
    client.send(data[at:])


def begin_at_once(client):
    client.send(f"MAIL FROM:<{BRAD}>\r\nRCPT TO:<{BRAD}>\r\nDATA\r\n")
    assert [client.reply().code for _ in range(3)] == [250, 250, 354]


def in_step(client):
    """No other reply has been given than those that were read."""
    return client.command("VRFY anybody").code == 252


@pytest.mark.parametrize("voice", VOICES)
def test_no_such_form_ends_a_message(door, voice):
    d = door(max_messages=100_000, max_errors=1000)
    password = d.add_user("brad")
    wanted = []
    with connected(d, password, voice) as client:
        for what, (reason, form) in FORMS.items():
            text = b"hi" + form + BEHIND + b".\r\n"
            for at in range(1, len(text)):
                begin_at_once(client)
                send_cut(client, text, at)
                reply = client.reply()
                assert reply.code == 550, (what, at, reply)
                assert in_step(client), (what, at)
                wanted.append(reason)
    d.wait()
    assert d.messages() == [] and d.leftovers() == []
    assert [r["reason"] for r in d.records(event="refused-command")] == wanted


def test_dots_of_a_good_message_are_its_own(door):
    text = b".\r\n..\r\n.x\r\n...\r\nx.\r\n"
    sent = b"..\r\n...\r\n..x\r\n....\r\nx.\r\n.\r\n"
    d = door(max_messages=100_000)
    password = d.add_user("brad")
    with connected(d, password, VOICES[0]) as client:
        for at in range(1, len(sent)):
            begin_at_once(client)
            send_cut(client, sent, at)
            assert client.reply().code == 250
            assert in_step(client)
    d.wait()
    stored = [split_trace(message)[2] for message in d.messages(BRAD)]
    assert stored == [text.replace(b"\r\n", b"\n")] * (len(sent) - 1)


LINES = {
    b"NOOP\nQUIT\r\n": "bare-lf", b"NOOP\rQUIT\r\n": "bare-cr", b"NOOP\n\rQUIT\r\n": "bare-lf",
    b"NOOP\r\r\n": "bare-cr", b"\nQUIT\r\n": "bare-lf", b"NOOP\0\r\n": "nul",
    b"NOOP\0QUIT\r\n": "nul", b"NOOP\r\0\n\r\n": "bare-cr",
    b"NOOP " + b"x" * 1100 + b"\nQUIT\r\n": "line-too-long",
}


@pytest.mark.parametrize("voice", VOICES)
def test_no_such_form_ends_a_line(door, voice):
    d = door(max_errors=1000)
    password = d.add_user("brad")
    wanted = []
    with connected(d, password, voice) as client:
        for text, reason in LINES.items():
            for at in range(max(1, len(text) - 12), len(text)):
                send_cut(client, text, at)
                assert client.reply().code == 500, (text[-20:], at)
                assert in_step(client), (text[-20:], at)
                wanted.append(reason)
    d.wait()
    assert [r["reason"] for r in d.records(event="refused-command")] == wanted


# Lines without an end.


def peak(pid):
    """The most memory that a process has had, in KB."""
    return int(observe.status(pid)["VmHWM"].split()[0])


class Peaks:
    """What a pair of processes has needed since this was made."""

    def __init__(self, d, client):
        pair = observe.Pair(d, client)
        self.pids = pair.smtp, pair.tls
        self.before = [peak(pid) for pid in self.pids]

    def grown(self):
        return max(peak(pid) - was for pid, was in zip(self.pids, self.before))


MEGABYTES = 16


def pour(client, head=b""):
    """A line of megabytes, in records of any size, up to its end."""
    client.send(head)
    for size in (1, 7, 1000, 16384, 65536):
        client.send(b"x" * size)
    for _ in range(MEGABYTES):
        client.send(b"x" * (1 << 20))
    client.send(b"\r\n")


@pytest.mark.parametrize("voice", VOICES)
def test_line_of_megabytes(door, voice):
    """A command, an answer inside AUTH, a line of a message: each is refused once, by its end,
    and none of them is kept."""
    d = door(max_message_size=1 << 40)
    password = d.add_user("brad")
    with connected(d, password, voice) as client:
        peaks = Peaks(d, client)
        pour(client, b"NOOP ")
        assert client.reply().code == 500
        assert in_step(client)
        begin_at_once(client)
        pour(client)
        client.send(b".\r\n")
        assert client.reply().code == 550
        assert in_step(client)
        # A sanitizer keeps what was freed.
        assert harness.VARIANT or peaks.grown() < 3000
    d.wait()
    assert [r["reason"] for r in d.records(event="refused-command")] == [
        "line-too-long", "message-line-too-long"]
    assert d.messages() == []


def test_answer_of_megabytes_inside_auth(door):
    d = door()
    password = d.add_user("brad")
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.command("AUTH LOGIN", 334)
        peaks = Peaks(d, client)
        pour(client)
        assert str(client.reply()).startswith("500 5.5.6 ")
        assert harness.VARIANT or peaks.grown() < 3000
        client.command("AUTH LOGIN", 334)
        client.command(b64("brad"), 334)
        client.command(b64(password), 235)


@pytest.mark.parametrize("voice,words", [
    (VOICES[0], "421 4.7.0 "), (VOICES[1], "421 447.edu "), (None, "421 447.edu ")])
def test_errors_have_an_end(door, voice, words):
    d = door(max_errors=3)
    with d.connect() as client:
        if voice:
            client.command(voice, 250)
        client.send(b"x" * 100_000 + b"\r\nNOOP\nQUIT\r\nNONSENSE\r\nNOOP\r\nNOOP\r\n")
        codes = [client.reply().code for _ in range(3)]
        assert codes == [500 if voice else 503] * 3
        assert str(client.reply()).startswith(words)
        assert client.at_end()
    d.wait()
    assert d.records(event="closed", reason="too-many-errors")
