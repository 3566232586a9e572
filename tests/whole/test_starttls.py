# SPDX-License-Identifier: ISC
"""tls = starttls: nothing of value before TLS, and nothing from before it afterwards."""

import contextlib
import socket
import ssl

import pytest

import foreign
import harness
from certificates import Authority
from sessions import leave, log_in, plain, send, split_trace

BOTH_WAYS = True

BRAD = "brad@447.edu"


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


@pytest.fixture
def starttls(door, authority):
    return lambda **settings: door(keys=authority, tls="starttls", **settings)


def secure(d, client, bundle=None, greeting="EHLO client.447.edu", tls=None):
    client.command(greeting, 250)
    client.command("STARTTLS", 220)
    return client.start_tls(d.context(bundle or d.keys.client(), tls))


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("greeting", ["EHLO client.447.edu", "HELO client.447.edu"])
def test_session(starttls, greeting, tls):
    d = starttls()
    password = d.add_user("brad")
    with d.connect() as client:
        reply = client.command("EHLO client.447.edu", 250)
        assert "STARTTLS" in reply.text.split("\n")
        assert "AUTH" not in reply.text
        secure(d, client, greeting=greeting, tls=tls)
        reply = client.command("EHLO client.447.edu", 250)
        assert "STARTTLS" not in reply.text and "AUTH " in reply.text
        log_in(client, "brad", password, greeting)
        send(client, BRAD, [BRAD], b"x\r\n")
        leave(client)
    d.wait()
    protocol = "ESMTPSA" if greeting.startswith("EHLO") else "SMTP"
    _, received, text = split_trace(d.messages()[0])
    assert text == b"x\n" and f" with {protocol} " in received and f"TLS{tls}" in received
    assert [r["event"] for r in d.records()] == [
        "admitted", "login", "message-accepted", "closed"]


@pytest.mark.parametrize("greeting", ["EHLO client.447.edu", "HELO client.447.edu"])
def test_what_needs_tls_is_refused_before_it(starttls, greeting):
    d = starttls(max_errors=100)
    password = d.add_user("brad")
    with d.connect() as client:
        client.command(greeting, 250)
        for line in (f"AUTH PLAIN {plain('brad', password)}", "AUTH LOGIN", "AUTH",
                     f"MAIL FROM:<{BRAD}>", f"RCPT TO:<{BRAD}>", "DATA", "VRFY brad"):
            reply = client.command(line, 530)
            assert "Must issue a STARTTLS command first" in reply.text
            assert reply.text.startswith("5.7.0 ") == greeting.startswith("EHLO")
        client.command("NOOP", 250)
        client.command("RSET", 250)
        client.command("HELP", 214)
        client.command("NONSENSE", 500)
        # And TLS is still to be had.
        secure(d, client, greeting=greeting)
        log_in(client, "brad", password, greeting)


def test_state_is_fresh_behind_tls(starttls):
    d = starttls()
    password = d.add_user("brad")
    with d.connect() as client:
        secure(d, client)
        # The greeting before TLS counts no more (RFC 3207 section 4.2).
        client.command(f"AUTH PLAIN {plain('brad', password)}", 503)
        client.command("STARTTLS", 503)
        log_in(client, "brad", password)
        client.command("STARTTLS", 503)


def test_errors_before_tls_do_not_count_behind_it(starttls):
    d = starttls(max_errors=3)
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        for _ in range(2):
            client.command("NONSENSE", 500)
        client.command("STARTTLS", 220)
        client.start_tls(d.context(d.keys.client()))
        client.command("EHLO client.447.edu", 250)
        for _ in range(2):
            client.command("NONSENSE", 500)
        client.command("NOOP", 250)


@pytest.mark.parametrize("arguments", ["now", "STARTTLS", "x" * 300])
def test_starttls_takes_no_argument(starttls, arguments):
    d = starttls()
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.command(f"STARTTLS {arguments}", 501)
        secure(d, client)


INJECTED = {
    "a command": b"NOOP\r\n",
    "commands": b"EHLO evil.example\r\nNOOP\r\nQUIT\r\n",
    "half a command": b"MAIL FROM:<evil@447.edu>",
    "a message": b"EHLO evil\r\nMAIL FROM:<evil@447.edu>\r\nRCPT TO:<brad@447.edu>\r\nDATA\r\n",
    "more than is read at once": b"NOOP\r\n" * 2000,
    "much": b"NOOP\r\n" * 20_000,
}


@pytest.mark.parametrize("what", INJECTED)
@pytest.mark.parametrize("greeting", ["EHLO client.447.edu", "HELO client.447.edu"])
def test_commands_behind_starttls_are_not_carried_out(starttls, what, greeting):
    """They came in the clear, from whomever. Nothing of them is answered in TLS, and the log
    tells."""
    d = starttls()
    password = d.add_user("brad")
    with d.connect() as client:
        client.command(greeting, 250)
        client.send(b"STARTTLS\r\n" + INJECTED[what])
        answer = client.reply()
        assert answer.code == 220 and (client.pending == b"" or what == "much")
        try:
            client.start_tls(d.context(d.keys.client()))
            # The first reply inside TLS is to the first command inside TLS.
            client.command("HELP", 214)
            client.command(greeting, 250)
            log_in(client, "brad", password, greeting)
            leave(client)
        except OSError:
            # Some of it came so late that the handshake got it.
            assert what == "much"
    d.wait()
    assert d.messages() == [] and "evil" not in d.log.read_text()
    [record] = d.records(event="plaintext-dropped")
    assert record["reason"] == "behind-starttls"
    # What went out in one segment was read whole, by whichever of the two processes.
    count, sent = int(record["message"].split()[1]), len(INJECTED[what])
    assert count == sent if sent < 1400 else 0 < count <= sent


def test_plain_text_that_races_with_the_handshake(starttls):
    """Whenever it comes, it is dropped or breaks the handshake."""
    d = starttls()
    for _ in range(20):
        with d.connect() as client:
            client.command("EHLO client.447.edu", 250)
            client.send(b"STARTTLS\r\n")
            client.send(b"NOOP\r\nNOOP\r\n")
            assert client.reply().code == 220
            with contextlib.suppress(OSError):
                client.start_tls(d.context(d.keys.client()))
                client.command("HELP", 214)
                client.command("QUIT", 221)
    d.wait()
    # Each time the log says so.
    ends = ("plaintext-dropped", "refused")
    assert len({r["session"] for r in d.records() if r["event"] in ends}) == 20


def test_hello_right_behind_starttls_is_no_plain_text_to_be_obeyed(starttls):
    """A client that does not wait for 220 gets no session whose beginning was in the clear."""
    d = starttls()
    context = d.context(d.keys.client())
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.send(b"STARTTLS\r\n" + outgoing.read())
        client.close()
    d.wait()
    assert not d.records(event="admitted")


def test_refusal(starttls, authority):
    d = starttls()
    with Authority("Somebody else") as stranger, d.connect() as client:
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            client.command("EHLO client.447.edu", 250)
            client.command("STARTTLS", 220)
            client.start_tls(foreign.openssl_context(authority.ca, stranger.client(), "1.3"))
            client.command("NOOP")
        pin = stranger.client().pin
    d.wait()
    [record] = d.records(event="refused")
    assert (record["reason"], record["device"]) == ("unknown CA", pin)


def test_own_fault_shows_once_tls_begins(starttls):
    d = starttls(exits=(78,), listen=False)
    d.configure(tls_key=d.dir / "no-such-file")
    d.listen()
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.command("STARTTLS", 220)
        with pytest.raises(ssl.SSLError, match="INTERNAL_ERROR"):
            client.start_tls(d.context(d.keys.client()))
            client.command("NOOP")
    d.wait()
    assert "no-such-file" in d.records(event="refused")[0]["message"]


def test_silence_behind_starttls(starttls):
    d = starttls(timeout_handshake=1)
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.command("STARTTLS", 220)
        assert client.at_end()
    d.wait()
    assert d.records(event="refused", reason="timeout")


def test_leaving_without_tls(starttls):
    d = starttls()
    for drop in (None, "EHLO client.447.edu", "NOOP"):
        with d.connect() as client:
            if drop:
                client.command(drop, 250)
    with d.connect() as client:
        leave(client)
    assert set(d.wait()) <= {0}


def test_implicit_tls_on_such_a_port_is_not_served(starttls, authority):
    d = starttls()
    d.connected += 1
    with pytest.raises((ssl.SSLError, OSError)):
        foreign.openssl(d.port, authority.ca, authority.client(), "1.3")


def test_pipelined_plain_text_that_is_never_read(starttls):
    """The relay in the clear does not block either."""
    count = 100_000
    d = starttls()
    with d.connect() as client:
        client.command("HELO client", 250)
        client.sock.setblocking(False)
        data, sent, said = b"NOOP\r\n" * count, 0, 0
        while sent < len(data):
            try:
                sent += client.sock.send(data[sent:sent + 65536])
            except BlockingIOError:
                break
        client.sock.setblocking(True)
        client.sock.settimeout(harness.DEADLINE)
        while said < count:
            said += client.sock.recv(65536).count(b"\n")
            client.sock.setblocking(False)
            try:
                sent += client.sock.send(data[sent:sent + 65536])
            except BlockingIOError:
                pass
            client.sock.setblocking(True)
            client.sock.settimeout(harness.DEADLINE)
        leave(client)


def test_port_closed_by_the_peer_in_the_middle_of_starttls(starttls):
    d = starttls()
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.send(b"STARTTLS\r\n")
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert set(d.wait()) <= {0}
