# SPDX-License-Identifier: ISC
"""What becomes of a message: the corpus, sent in every way there is and compared with what is
stored, byte for byte; header fields that are added and removed; what is refused for its
header; and that a great message needs no more memory than a small one."""

import email
import email.policy
import email.utils
import time

import pytest

import corpus
import harness
import messages
import observe
from sessions import (
    added_fields, begin, leave, log_in, results_of, send, split_stored, stuffed)

BRAD = "brad@447.edu"
VOICES = {"modern": "EHLO client.447.edu", "classic": "HELO client.447.edu"}
MEGABYTES = 4 if harness.VARIANT else 40
LIMITS = {"max_messages": 1000, "max_message_size": 200_000_000}


class Sender:
    """A client that has logged in, and the mailbox it sends to."""

    def __init__(self, d, greeting=VOICES["modern"]):
        password = d.add_user("brad")
        self.door, self.client = d, d.connect()
        log_in(self.client, "brad", password, greeting)
        self.seen = set()

    def stored(self):
        """The message that has come since the last call: (Received, the rest)."""
        found = set(self.door.mail.glob("447.edu/brad/new/*"))
        [file] = found - self.seen
        self.seen = found
        _, received, rest = split_stored(file.read_bytes())
        return received, rest

    def check(self, what, message, binary=False):
        """The last message was this one, and is stored as it has to be."""
        received, rest = self.stored()
        expected = messages.as_stored(message, *added_fields(received), binary)
        if rest != expected:
            at = next((n for n, (a, b) in enumerate(zip(rest, expected)) if a != b),
                      min(len(rest), len(expected)))
            near = slice(max(at - 40, 0), at + 40)
            raise AssertionError(
                f"{what}: differs at {at}: {rest[near]!r} is stored, not {expected[near]!r}")


@pytest.fixture
def sender(door):
    return lambda *args, **settings: Sender(door(**{**LIMITS, **settings}), *args)


def by_data(client, message):
    send(client, BRAD, [BRAD], message)


def by_one_write(client, message):
    """MAIL, RCPT and DATA in a group (RFC 2920)."""
    client.send(f"MAIL FROM:<{BRAD}>\r\nRCPT TO:<{BRAD}>\r\nDATA\r\n")
    assert [client.reply().code for _ in range(3)] == [250, 250, 354]
    client.send(stuffed(message))
    assert client.reply().code == 250


def by_chunks(client, message, step, parameters=""):
    """By BDAT (RFC 3030), all in one write."""
    parts = [message[at:at + step] for at in range(0, len(message), step)] + [b""]
    group = f"MAIL FROM:<{BRAD}>{parameters}\r\nRCPT TO:<{BRAD}>\r\n".encode()
    for n, part in enumerate(parts):
        last = b" LAST" if n == len(parts) - 1 else b""
        group += b"BDAT %d%s\r\n%s" % (len(part), last, part)
    client.send(group)
    assert [client.reply().code for _ in range(2 + len(parts))] == [250] * (2 + len(parts))


@pytest.mark.parametrize("voice", VOICES)
def test_corpus_by_data(sender, voice):
    s = sender(VOICES[voice])
    for what, message in corpus.texts().items():
        by_data(s.client, message)
        s.check(what, message)
    leave(s.client)
    s.door.wait()
    assert len(s.door.records(event="message-accepted")) == len(corpus.texts())


def test_corpus_pipelined(sender):
    s = sender()
    for what, message in corpus.texts().items():
        by_one_write(s.client, message)
        s.check(what, message)


@pytest.mark.parametrize("step", [7, 1000, 1 << 24])
def test_corpus_by_chunks(sender, step):
    s = sender()
    for what, message in {**corpus.texts(), **corpus.unterminated()}.items():
        if len(message) // step < 2000:
            by_chunks(s.client, message, step)
            s.check(what, message)


@pytest.mark.parametrize("step", [100, 1 << 24])
def test_binary_corpus(sender, step):
    s = sender()
    binary = {**corpus.texts(), **corpus.unterminated(), **corpus.binary()}
    for what, message in binary.items():
        if len(message) // step < 2000:
            by_chunks(s.client, message, step, " BODY=BINARYMIME")
            s.check(what, message, binary=True)


def test_corpus_has_what_it_claims():
    """Each rule is met by something: or the tests above would pass without it."""
    texts = corpus.texts()
    assert len(corpus.kept()) >= 12
    date, message_id = b"Date: 1\n", b"Message-ID: 2\n"
    stored = {what: messages.as_stored(text, date, message_id) for what, text in texts.items()}
    plain = {what: text.replace(b"\r\n", b"\n") for what, text in texts.items()}
    assert sum(stored[what] == plain[what] for what in texts) >= 2
    for field in (date, message_id):
        having = [what for what, text in stored.items() if field in text]
        assert 10 < len(having) < len(texts)
    assert sum(len(stored[what]) < len(plain[what]) for what in texts) >= 4
    for name in (b"bcc", b"resent-bcc", b"return-path", b"authentication-results"):
        assert any(name in dict(messages.split_header(text)[0]) for text in plain.values())


@pytest.mark.parametrize("voice", VOICES)
def test_forty_megabytes(sender, voice):
    s = sender(VOICES[voice])
    message = corpus.big(MEGABYTES)
    by_data(s.client, message)
    s.check("big", message)


# What others make of it.


@pytest.mark.parametrize("voice", VOICES)
def test_added_fields_are_of_this_message_and_this_moment(sender, voice):
    s = sender(VOICES[voice])
    seen = set()
    for _ in range(3):
        by_data(s.client, b"Subject: x\r\n\r\nx\r\n")
        received, rest = s.stored()
        parsed = email.message_from_bytes(rest, policy=email.policy.default)
        sent = email.utils.parsedate_to_datetime(parsed["Date"])
        assert abs(sent.timestamp() - time.time()) < 60
        assert parsed["Date"] in received
        left, right = parsed["Message-ID"].strip("<>").split("@")
        assert right == "447.edu" and f" id {left} " in received
        seen.add(left)
    assert len(seen) == 3


def test_what_was_typed_is_the_body_for_everybody(sender):
    """A reader finds the same header, and the same body, as the server did."""
    s = sender(VOICES["classic"])
    for text in (b"Hi there\r\n", b"Subject: x\r\nHi there\r\n", b" Hi there\r\n", b"Hi\r\n",
                 b"Hi: there\r\n\r\nHi\r\n", b"\r\nHi there\r\n"):
        by_data(s.client, text + b"Bcc: x\r\nAuthentication-Results: 447.edu; none\r\n")
        _, rest = s.stored()
        parsed = email.message_from_bytes(rest)
        assert parsed["Bcc"] is None and parsed["Authentication-Results"] is None
        assert parsed["Date"] and parsed["Message-ID"]
        assert parsed.get_payload().endswith("Bcc: x\nAuthentication-Results: 447.edu; none\n")
        assert "Hi" in parsed.get_payload()


def test_only_our_own_results_are_left(sender):
    """The stored message, ours and all, as a mail program reads it."""
    s = sender()
    by_data(s.client, corpus.kept()["forged"])
    [file] = s.door.mail.glob("447.edu/brad/new/*")
    parsed = email.message_from_bytes(file.read_bytes())
    ours, foreign = parsed.get_all("Authentication-Results")
    assert ours.startswith("447.edu; auth=pass (PLAIN)") and "smtp.auth=brad@447.edu" in ours
    assert foreign.startswith("example.com; dkim=pass")
    assert [name for name, _ in parsed.items()][:3] == [
        "Return-Path", "Authentication-Results", "Received"]
    assert parsed.get_all("Return-Path") == ["<brad@447.edu>"]
    assert results_of(file.read_bytes()) == " ".join(ours.split())


# What is refused.


REFUSED = {
    "loop": (b"Received: from x by y\r\n" * 101 + b"\r\nx\r\n", 554, "5.4.6"),
    "header-too-big": (b"X: y\r\n" * 1001 + b"\r\nx\r\n", 552, "5.3.4"),
    "header-too-big, in bytes": (
        (b"X: " + b"y" * 990 + b"\r\n") * 300 + b"\r\nx\r\n", 552, "5.3.4"),
    "header-line-too-long": (b"X: " + b"y" * 9000 + b"\r\n\r\nx\r\n", 554, "5.6.0"),
    "header-name-too-long": (b"A: b\r\n" + b"X" * 300 + b": y\r\n\r\nx\r\n", 554, "5.6.0"),
}


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("what", REFUSED)
def test_header_refused(sender, what, voice):
    s = sender(VOICES[voice])
    message, code, status = REFUSED[what]
    # Behind it the message goes on for much longer than a block.
    reply = send(s.client, BRAD, [BRAD], message + b"body\r\n" * 50_000, expect=code)
    assert reply.text.startswith(status + " ") == (voice == "modern")
    by_data(s.client, b"sound\r\n")
    s.check("behind it", b"sound\r\n")
    leave(s.client)
    s.door.wait()
    assert len(s.door.messages()) == 1 and s.door.leftovers() == []
    [record] = s.door.records(event="refused-command")
    assert record["reason"] == what.split(",")[0] and record["user"] == BRAD


# Memory.


def peak_of(s):
    """Peak resident memory of the session's smtp process, in KB: of its two processes the
    one that holds no TCP socket."""
    local = s.client.sock.getpeername()[:2]
    remote = s.client.sock.getsockname()[:2]
    inode = observe.tcp_inode(local, remote)
    [handler] = s.door.handlers
    [pid] = [pid for pid in [handler.pid, *observe.children(handler.pid)]
             if inode not in observe.sockets(pid)]
    return int(observe.status(pid)["VmHWM"].split()[0])


def test_memory_does_not_grow_with_the_message(sender):
    """100 MB beside 1 KB; the memory of sanitizers is their own, and less is sent then."""
    small, great = sender(), sender()
    block = b"y" * 998 + b"\r\n"
    by_data(small.client, corpus.HEADER + block)
    begin(great.client, BRAD, [BRAD])
    great.client.send(corpus.HEADER)
    for _ in range(MEGABYTES * 5 // 2):
        great.client.send(block * 1000)
    great.client.send(b".\r\n")
    assert great.client.reply().code == 250
    grown = peak_of(great) - peak_of(small)
    assert grown <= 1024, f"{grown} KB more"
