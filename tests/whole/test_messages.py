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


def by_chunks(client, message, size, body=None, together=False):
    """BDAT (RFC 3030), every chunk of size bytes but the last; together: in one write, and an
    empty chunk is the last."""
    client.command(f"MAIL FROM:<{BRAD}>" + (f" BODY={body}" if body else ""), 250)
    client.command(f"RCPT TO:<{BRAD}>", 250)
    pieces = [message[at:at + size] for at in range(0, len(message), size)] or [b""]
    if together:
        commands = [b"BDAT %d\r\n" % len(piece) + piece for piece in pieces]
        client.send(b"".join(commands) + b"BDAT 0 LAST\r\n")
        assert [client.reply().code for _ in range(len(pieces) + 1)] == [250] * (len(pieces) + 1)
        return
    for piece in pieces[:-1]:
        client.send(b"BDAT %d\r\n" % len(piece) + piece)
        assert client.reply().code == 250
    client.send(b"BDAT %d LAST\r\n" % len(pieces[-1]) + pieces[-1])
    assert client.reply().code == 250


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


# A chunk for each byte of a long message would take long.
CHUNKS = {1: 400, 7: 4000, 998: 300_000, 65_536: None, 100_000_000: None}


@pytest.mark.parametrize("together", [False, True], ids=["one by one", "together"])
@pytest.mark.parametrize("size", CHUNKS)
def test_corpus_in_chunks(sender, size, together):
    s = sender()
    texts = {**corpus.texts(), **corpus.unterminated()}
    for what, message in texts.items():
        if CHUNKS[size] is None or len(message) <= CHUNKS[size]:
            by_chunks(s.client, message, size, together=together)
            s.check(what, message)


@pytest.mark.parametrize("size", CHUNKS)
def test_binary_in_chunks(sender, size):
    s = sender()
    for what, message in {**corpus.binary(), **corpus.texts(), **corpus.unterminated()}.items():
        if CHUNKS[size] is None or len(message) <= CHUNKS[size]:
            by_chunks(s.client, message, size, "BINARYMIME")
            s.check(what, message, binary=True)


def test_forty_megabytes_in_chunks(sender):
    s = sender()
    message = corpus.big(MEGABYTES)
    by_chunks(s.client, message, 1_000_003)
    s.check("big", message)


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


@pytest.mark.parametrize("what", REFUSED)
def test_header_refused_in_chunks(sender, what):
    """The chunk is refused in which it shows, and nothing is left for those behind it."""
    s = sender()
    message, code, status = REFUSED[what]
    client = s.client
    for whole in (True, False):
        client.command(f"MAIL FROM:<{BRAD}>", 250)
        client.command(f"RCPT TO:<{BRAD}>", 250)
        end = b" LAST" if whole else b""
        client.send(b"BDAT %d%s\r\n%s" % (len(message), end, message))
        reply = client.reply()
        assert reply.code == code and reply.text.startswith(status + " ")
    client.send(b"BDAT 3 LAST\r\nx\r\n")
    assert client.reply().code == 503
    by_chunks(client, b"sound\r\n", 1000)
    s.check("behind it", b"sound\r\n")


@pytest.mark.parametrize("header,reason", [
    (b"Subject: x\rAuthentication-Results: 447.edu; auth=pass\r\n", "bare-cr"),
    (b"Subject: x\nAuthentication-Results: 447.edu; auth=pass\r\n", "bare-lf"),
    (b"Subject: x\r\n folded\r", "bare-cr"),
    (b"Subject: x\0y\r\n", "nul")])
def test_header_of_a_binary_message_is_text(sender, header, reason):
    """What DATA refuses everywhere BINARYMIME refuses in the header: a reader could take it
    for the end of a line."""
    s = sender()
    for message in (header, header + b"\r\n\r\nx"):
        s.client.command(f"MAIL FROM:<{BRAD}> BODY=BINARYMIME", 250)
        s.client.command(f"RCPT TO:<{BRAD}>", 250)
        s.client.send(b"BDAT %d LAST\r\n%s" % (len(message), message))
        reply = s.client.reply()
        assert reply.code == 550 and reply.text.startswith("5.6.0 ")
    leave(s.client)
    s.door.wait()
    assert [r["reason"] for r in s.door.records(event="refused-command")] == [reason] * 2
    assert not s.door.messages()


# Memory.


def peak_of(s):
    """Peak resident memory of the session's smtp process, in KB."""
    return int(observe.status(observe.Pair(s.door, s.client).smtp)["VmHWM"].split()[0])


@pytest.mark.parametrize("way", ["DATA", "BDAT"])
def test_memory_does_not_grow_with_the_message(sender, way):
    """100 MB beside 1 KB; the memory of sanitizers is their own, and less is sent then."""
    small, great = sender(), sender()
    client, block = great.client, (b"y" * 998 + b"\r\n") * 1000
    by_data(small.client, corpus.HEADER + block[:1000])
    client.command(f"MAIL FROM:<{BRAD}>", 250)
    client.command(f"RCPT TO:<{BRAD}>", 250)
    count = MEGABYTES * 5 // 2
    if way == "DATA":
        client.command("DATA", 354)
    else:
        client.send(b"BDAT %d LAST\r\n" % (len(corpus.HEADER) + count * len(block)))
    client.send(corpus.HEADER)
    for _ in range(count):
        client.send(block)
    if way == "DATA":
        client.send(b".\r\n")
    assert client.reply().code == 250
    grown = peak_of(great) - peak_of(small)
    assert grown <= 1024, f"{grown} KB more"
