# SPDX-License-Identifier: ISC
"""Servers that lie, stall, flood, talk nonsense or change their mind, one a row: whatever
they do, the client ends in time with one sentence and the right exit status, and tells them
no more than it has to. A row is

    name: (what the server does, exit status, words of the sentence)

with the servers that are reached over TLS, those before TLS, and those behind STARTTLS in
tables of their own."""

import base64
import os
import re
import socket
import ssl
import struct
import time

import pytest

from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, EHLO, OPENING, silent
from scripted import Scripted, b64

SECRET = "open sesame"
OFFERS = ("250-447.edu", "250-SIZE 100000", "250 AUTH PLAIN LOGIN")


def cut(data):
    """Says that, and hangs up."""
    return lambda peer: peer.raw(data)


def hold(data):
    """Says that, and nothing more."""
    return lambda peer: (peer.raw(data), silent(peer))


def drip(peer):
    """Each byte in time, the reply not."""
    for byte in b"220 " + b"x" * 100:
        peer.raw(bytes([byte]))
        time.sleep(0.1)


def flood(data):
    def play(peer):
        while True:
            peer.raw(data * 1000)
    return play


def reset(peer):
    raw = socket.socket(fileno=os.dup(peer.sock.fileno()))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sock.close()
    raw.close()


def at(verb, do, offers=OFFERS, data="354 Go on"):
    """A server like any other up to that verb ("." is the end of the message); then do."""
    def play(peer):
        peer.send(BANNER)
        while (line := peer.line()) is not None:
            said = line.split(" ")[0]
            if said == verb:
                do(peer)
                return
            if said == "DATA":
                peer.send(data)
                peer.message()
                if verb == ".":
                    do(peer)
                    return
                peer.send("250 OK")
            else:
                peer.send(*(offers if said == "EHLO" else
                            ["235 Welcome" if said == "AUTH" else "250 OK"]))
    return play


def replies(*lines):
    return lambda peer: (peer.send(*lines), silent(peer))


def below(data):
    """Bytes in the clear where records of TLS are due."""
    return lambda peer: (os.write(peer.sock.fileno(), data), silent(peer))


def scram(*challenges):
    """AUTH SCRAM-SHA-256 with these challenges; %s is the client's nonce."""
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250 AUTH SCRAM-SHA-256")
        line = peer.line()
        nonce = base64.b64decode(line.split()[2]).decode().split(",r=")[1]
        for challenge in challenges:
            peer.send("334 " + b64(challenge.replace("%s", nonce)))
            if (line := peer.line()) in (None, "*"):
                break
        peer.send("501 Oh")
        silent(peer)
    return play


def endless_challenges(peer):
    peer.send(BANNER)
    peer.expect(EHLO, "250-447.edu", "250 AUTH LOGIN")
    while peer.line() is not None:
        peer.send("334 VXNlcm5hbWU6")


def never_answers_a_group(peer):
    peer.send(BANNER)
    peer.expect(EHLO, "250-447.edu", "250-PIPELINING", "250 AUTH PLAIN")
    peer.expect(re.compile("AUTH PLAIN .*"), "235 Welcome")
    silent(peer)


def one_answer_for_a_group(peer):
    peer.send(BANNER)
    peer.expect(EHLO, "250-447.edu", "250-PIPELINING", "250 AUTH PLAIN")
    peer.expect(re.compile("AUTH PLAIN .*"), "235 Welcome")
    peer.expect(re.compile("MAIL .*"), "250 OK")
    silent(peer)


def go_on_for_everything(peer):
    peer.send(BANNER)
    peer.expect(EHLO, "250-447.edu", "250-PIPELINING", "250 AUTH PLAIN")
    peer.expect(re.compile("AUTH PLAIN .*"), "235 Welcome")
    peer.expect(re.compile("MAIL .*"), "354 Go on", "354 Go on", "354 Go on")
    silent(peer)


PIPELINED = ("250-447.edu", "250-PIPELINING", "250 AUTH PLAIN")
CHUNKED = ("250-447.edu", "250-CHUNKING", "250 AUTH PLAIN")

# The first words; over TLS. Both forms of the client meet these.
BANNERS = {
    "garbage": (cut(b"\x80\x81\x82\r\n"), 76, "without a reply code"),
    "no-code": (cut(b"Hello there\r\n"), 76, "without a reply code"),
    "code-199": (cut(b"199 Hello\r\n"), 76, "without a reply code"),
    "code-600": (cut(b"600 Hello\r\n"), 76, "without a reply code"),
    "code-of-four": (cut(b"2200 Hello\r\n"), 76, "without a reply code"),
    "code-changes": (cut(b"220-Hello\r\n250 there\r\n"), 76, "two reply codes"),
    "bare-lf": (cut(b"220 Hello\n"), 76, "LF without CR"),
    "bare-cr": (cut(b"220 Hello\r220 there\r\n"), 76, "CR in the middle"),
    "nul": (cut(b"220 Hel\0lo\r\n"), 76, "NUL"),
    "empty-lines": (flood(b"\r\n"), 76, "without a reply code"),
    "http": (cut(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 76, "without a reply code"),
    "imap": (cut(b"* OK IMAP4rev1 ready\r\n"), 76, "without a reply code"),
    "long-line": (cut(b"220 " + b"x" * 20000), 76, "more than 12288 bytes"),
    "endless-line": (flood(b"220 xxxxxxxxxxxxxx"), 76, "more than 12288 bytes"),
    "many-lines": (flood(b"220-more\r\n"), 76, "more than 256 lines"),
    "much": (flood(b"220-" + b"x" * 5000 + b"\r\n"), 76, "more than 65536 bytes"),
    "mid-reply": (cut(b"220 Hel"), 75, "closed the connection in the middle of a reply"),
    "mid-lines": (cut(b"220-Hello\r\n"), 75, "closed the connection"),
    "no-word": (cut(b""), 75, "closed the connection"),
    "reset": (reset, 75, ""),
    "stall": (silent, 75, "not answered in time"),
    "mid-stall": (hold(b"220 Hel"), 75, "in time"),
    "stall-between-lines": (hold(b"220-Hello\r\n"), 75, "in time"),
    "drip": (drip, 75, "in time"),
    "not-now": (lambda peer: peer.send("421 4.3.2 Come back"), 75, ""),
    "not-you": (lambda peer: peer.send("554 5.7.1 Go away"), 69, ""),
    "not-a-banner": (lambda peer: peer.send("250 Hello"), 76, ""),
    "a-prompt": (lambda peer: peer.send("334 cGFzc3dvcmQ="), 76, ""),
    "in-the-clear-below-tls": (below(b"220 447.edu ready\r\n"), 76, ""),
    "garbage-below-tls": (below(b"\x17\x03\x03\x00\x20" + b"x" * 32), 76, ""),
    "record-too-long-below-tls": (below(b"\x17\x03\x03\xff\xff" + b"x" * 65535), 76, ""),
}

# Later on; over TLS. `send` meets these: it logs in, and sends one message to two.
LATER = {
    "banner-twice": (hold(b"220 Hello\r\n220 Hello\r\n"), 76, "before it is asked"),
    "ehlo-for-nothing": (hold(b"220 Hello\r\n250-447.edu\r\n250 AUTH PLAIN\r\n"), 76,
                         "before it is asked"),
    "ehlo-many-lines": (at("EHLO", flood(b"250-MORE\r\n")), 76, "more than 256 lines"),
    "ehlo-code-changes": (at("EHLO", replies("250-447.edu", "550 no")), 76,
                          "two reply codes"),
    "ehlo-challenge": (at("EHLO", replies("334 dXNlcg==")), 76, "answers EHLO with: 334"),
    "ehlo-banner": (at("EHLO", replies("220 447.edu")), 76, "answers EHLO with: 220"),
    "ehlo-hangs-up": (at("EHLO", cut(b"")), 75, "closed the connection"),
    "ehlo-stalls": (at("EHLO", silent), 75, "in time"),
    "ehlo-refused": (at("EHLO", replies("550 5.7.1 Not you")), 69, "550 5.7.1 Not you"),
    "ehlo-not-now": (at("EHLO", replies("421 4.3.2 Later")), 75, "421 4.3.2 Later"),
    "ehlo-and-helo-unknown": (at("EHLO", lambda p: (p.send("502 What?"), p.expect(
        re.compile("HELO .*"), "502 What?"), silent(p))), 69, "502 What?"),
    "size-of-nothing": (at("DATA", silent, offers=(
        "250-447.edu", "250-SIZE 5", "250 AUTH PLAIN")), 65, "takes at most 5"),
    "no-login": (at("MAIL", silent, offers=("250-447.edu", "250 AUTH CRAM-MD5 NTLM")), 77,
                 "no login that can be used"),
    "auth-twice": (at("AUTH", replies("235 Welcome", "250 OK")), 76, "before it is asked"),
    "auth-is-a-banner": (at("AUTH", replies("220 Welcome")), 76, "our login with: 220"),
    "auth-asks-plain-again": (at("AUTH", lambda p: (p.send("334 "), silent(p))), 76,
                              "goes on asking"),
    "auth-endless": (endless_challenges, 76, "goes on asking"),
    "auth-garbage": (at("AUTH", cut(b"\xff\xfe\r\n")), 76, "without a reply code"),
    "auth-stalls": (at("AUTH", silent), 75, "in time"),
    "auth-not-now": (at("AUTH", replies("454 4.7.0 Not now")), 75, "454 4.7.0 Not now"),
    "auth-refused": (at("AUTH", replies("535 5.7.8 Wrong")), 77, "535 5.7.8 Wrong"),
    "scram-one-round": (scram("r=%sx,s=c2FsdA==,i=1"), 76, "asks for 1 rounds"),
    "scram-work-for-hours": (scram("r=%sx,s=c2FsdA==,i=4294967295"), 76,
                             "asks for 4294967295 rounds"),
    "scram-work-for-ever": (scram("r=%sx,s=c2FsdA==,i=" + "9" * 40), 76, "rounds"),
    "scram-other-nonce": (scram("r=another,s=c2FsdA==,i=4096"), 76, "has not proved"),
    "scram-no-salt": (scram("r=%sx,s=,i=4096"), 76, "has not proved"),
    "scram-nonsense": (scram("nonsense"), 76, "has not proved"),
    "scram-no-proof": (scram("r=%sx,s=c2FsdA==,i=4096", "v="), 76, "has not proved"),
    "scram-wrong-proof": (scram("r=%sx,s=c2FsdA==,i=4096", "v=" + b64("x" * 32)), 76,
                          "has not proved"),
    "mail-go-on": (at("MAIL", replies("354 Go on")), 76, "answers MAIL with: 354"),
    "mail-leaves": (at("MAIL", cut(b"421 4.3.0 Bye\r\n")), 75, "421 4.3.0 Bye"),
    "mail-many-replies": (at("MAIL", replies(*["250 OK"] * 5)), 76, "before it is asked"),
    "mail-wants-a-login-again": (at("MAIL", replies("530 5.7.0 Log in")), 77, "530"),
    "rcpt-go-on": (at("RCPT", replies("354 Go on")), 76, "answers RCPT with: 354"),
    "rcpt-leaves": (at("RCPT", cut(b"421 4.3.0 Bye\r\n")), 75, "421 4.3.0 Bye"),
    "rcpt-stalls": (at("RCPT", hold(b"25")), 75, "in time"),
    "data-is-done": (at("DATA", replies("250 Message Received")), 76, "DATA with: 250"),
    "data-is-done-before-it-came": (at("DATA", replies("354 Go on", "250 Received")), 76,
                                    "before it is asked"),
    "data-refused": (at("DATA", replies("554 5.6.0 No")), 65, "554 5.6.0 No"),
    "data-stalls": (at("DATA", silent), 75, "in time"),
    "end-go-on": (at(".", replies("354 Go on")), 76, "the message with: 354"),
    "end-hangs-up": (at(".", cut(b"")), 75, "closed the connection"),
    "end-stalls": (at(".", silent), 75, "in time"),
    "end-drips": (at(".", drip), 75, "in time"),
    "end-garbage": (at(".", cut(b"OK\r\n")), 76, "without a reply code"),
    "end-refused": (at(".", replies("554 5.7.1 Spam")), 65, "554 5.7.1 Spam"),
    "chunk-go-on": (at("BDAT", replies("354 Go on"), offers=CHUNKED), 76,
                    "the message with: 354"),
    "chunk-refused": (at("BDAT", replies("500 What?"), offers=CHUNKED), 65, "500 What?"),
    "chunk-stalls": (at("BDAT", silent, offers=CHUNKED), 75, "in time"),
    "group-without-answers": (never_answers_a_group, 75, "in time"),
    "group-with-one-answer": (one_answer_for_a_group, 75, "in time"),
    "group-go-on": (go_on_for_everything, 76, "answers MAIL with: 354"),
    "steers-the-terminal": (at("MAIL", replies("550 \x1b[2J\x1b]0;owned\x07\x9b1m")), 65,
                            r"550 \x1b[2J\x1b]0;owned\x07"),
}

# Before TLS; both forms.
def record(kind, body, length=None):
    return bytes([kind, 3, 3]) + struct.pack(">H", length or len(body)) + body


RAW = {
    "plain-smtp": (lambda peer: peer.send(BANNER), 76, "does not answer in TLS"),
    "ssh": (cut(b"SSH-2.0-OpenSSH_9.2\r\n"), 76, ""),
    "silence": (silent, 75, "in time"),
    "hangs-up": (lambda peer: peer.sock.recv(10), 75, ""),
    # Depending on who is first, there was a connection or there was none, or half a record.
    "resets": (reset, (69, 75), ""),
    "alert-handshake-failure": (hold(record(21, b"\x02\x28")), 76, ""),
    "alert-internal-error": (hold(record(21, b"\x02\x50")), 75, ""),
    "alert-unknown": (hold(record(21, b"\x02\xfa")), 76, ""),
    "alert-goodbye": (hold(record(21, b"\x01\x00")), 75, "closed the connection"),
    "alert-warnings": (flood(record(21, b"\x01\x5a")), (75, 76), ""),
    "hello-garbage": (hold(record(22, b"\x02\x00\x00\x40" + b"\xff" * 64)), 76, ""),
    "hello-half": (hold(record(22, b"\x02\x00\x00\x40" + b"\x03\x03", 200)), 75, "in time"),
    "hello-half-and-away": (cut(record(22, b"\x02\x00\x00\x40\x03\x03", 200)),
                            (75, 76), ""),
    "hello-endless": (flood(record(22, b"\x02\xff\xff\xff" + b"x" * 16000)), 76, ""),
    "record-too-long": (hold(b"\x16\x03\x03\xff\xff" + b"x" * 65535), 76, ""),
    "data-before-hello": (hold(record(23, b"x" * 64)), 76, ""),
    "empty-records": (flood(record(22, b"")), 76, ""),
    "client-hello-back": (lambda peer: peer.raw(peer.sock.recv(65536)), 76, ""),
}


def talk_and_send(caller, server, form, *more):
    if form == "send":
        return caller.send(server, *more, "--timeout", "2", "-f", "a@b.c", "d@e.f")
    return caller.talk(server, "quit\n", *more, "--timeout", "2")


def judge(result, status, words):
    statuses = status if isinstance(status, tuple) else (status,)
    assert result.returncode in statuses, result.stderr
    assert words in result.stderr and result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("postern: ")
    assert all(c == "\n" or " " <= c <= "~" for c in result.stderr), result.stderr


class Hostile(Scripted):
    """What breaks under the client's leaving is no fault of the test."""

    def __exit__(self, kind, *rest):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(20)
        assert not self.thread.is_alive()
        self.faults = [f for f in self.faults
                       if not isinstance(f, (ssl.SSLError, OSError))]
        super().__exit__(kind, *rest)


@pytest.mark.parametrize("name", BANNERS)
@pytest.mark.parametrize("form", ["interactive", "send"])
def test_banner(caller, pki, name, form):
    play, status, words = BANNERS[name]
    with Hostile(play, pki.context()) as server:
        result = talk_and_send(caller, server, form)
    judge(result, status, words)
    if form == "interactive" and status != 76:
        assert result.stdout.startswith(OPENING)


@pytest.mark.parametrize("name", LATER)
def test_later(caller, pki, name):
    play, status, words = LATER[name]
    path = caller.file("secret", SECRET + "\n")
    with Hostile(play, pki.context()) as server:
        result = caller.send(
            server, "--timeout", "2", "--user", "brad@447.edu", "--password-file", str(path),
            "ann@447.edu", "bob@447.edu")
    judge(result, status, words)


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("form", ["interactive", "send"])
def test_before_tls(caller, name, form):
    play, status, words = RAW[name]
    with Hostile(play) as server:
        judge(talk_and_send(caller, server, form), status, words)


# STARTTLS: what is said in the clear may be anybody's.

def clear(offers=("250-447.edu", "250-AUTH PLAIN", "250 STARTTLS"), reply="220 Go on"):
    def play(peer, after=None):
        peer.send(BANNER)
        peer.expect(EHLO, *offers)
        if peer.line() != "STARTTLS":
            return
        peer.send(reply)
        if after:
            after(peer)
    return play


def behind(do, **more):
    def after(peer):
        peer.start_tls(peer.context)
        do(peer)
    return lambda peer: clear(**more)(peer, after)


STARTTLS = {
    "stripped": (clear(("250-447.edu", "250 AUTH PLAIN")), 76, "does not offer STARTTLS"),
    "no-ehlo": (lambda p: (p.send(BANNER), p.expect(EHLO, "502 What?"), p.expect(
        re.compile("HELO .*"), "250 447.edu"), silent(p)), 76, "does not offer STARTTLS"),
    "injected": (clear(reply="220 Go on\r\n250 AUTH PLAIN"), 76, "in the clear behind"),
    "refused": (clear(reply="500 What?"), 69, "answers STARTTLS with: 500 What?"),
    "not-now": (clear(reply="454 4.7.0 No key"), 75, "454 4.7.0 No key"),
    "yes-but-no": (clear(reply="250 Fine"), 76, "answers STARTTLS with: 250 Fine"),
    "then-plain": (lambda p: clear()(p, replies("220 again")), 76, ""),
    "then-silence": (lambda p: clear()(p, silent), 75, "in time"),
    "then-away": (lambda p: clear()(p, lambda q: None), 75, ""),
    "then-alert": (lambda p: clear()(p, hold(record(21, b"\x02\x28"))), 76, ""),
    "no-login-behind": (behind(lambda p: (p.expect(EHLO, "250 447.edu"), silent(p))), 77,
                        "no login that can be used"),
    "another-banner-behind": (behind(lambda p: (p.send("220 again"), silent(p))), 76,
                              "answers EHLO with: 220"),
    "refused-behind": (behind(lambda p: p.expect(EHLO, "554 5.7.1 Not you")), 69,
                       "554 5.7.1 Not you"),
    "smaller-behind": (behind(lambda p: (p.expect(EHLO, "250-447.edu", "250-SIZE 5",
                                                  "250 AUTH PLAIN"),
                                         p.expect(re.compile("AUTH .*"), "235 Welcome"),
                                         p.expect("QUIT", BYE)),
                              offers=("250-447.edu", "250-SIZE 99999", "250 STARTTLS")),
                       65, "takes at most 5"),
}


@pytest.mark.parametrize("name", STARTTLS)
def test_starttls(caller, pki, name):
    play, status, words = STARTTLS[name]
    path = caller.file("secret", SECRET + "\n")

    def play_with_keys(peer):
        peer.context = pki.context()
        play(peer)

    with Hostile(play_with_keys) as server:
        result = caller.send(
            server, "--starttls", "--timeout", "2", "--user", "brad@447.edu",
            "--password-file", str(path), "ann@447.edu")
    judge(result, status, words)


def test_there_are_enough_of_them():
    assert len(BANNERS) + len(LATER) + len(RAW) + len(STARTTLS) >= 40


# What a person meets who sits there.

def test_a_server_that_goes_on_talking(caller, pki):
    with Hostile(flood(b"220 Hello\r\n"), pki.context()) as server:
        with caller.terminal(server) as terminal:
            terminal.expect("goes on talking without being asked\n")
            assert terminal.wait() == 76
