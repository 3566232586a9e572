# SPDX-License-Identifier: ISC
"""Peers that speak before it is their turn: with their last word of the handshake, or before
the banner in the clear. Nothing that they say so is ever a command."""

import socket
import ssl

import pytest

from sessions import b64, log_in, plain
from smtpline import Bios, Client

BOTH_WAYS = True

BRAD = "brad@447.edu"


def whole_session(password):
    return (f"EHLO client.447.edu\r\nAUTH PLAIN {plain('brad', password)}\r\n"
            f"MAIL FROM:<{BRAD}>\r\nRCPT TO:<{BRAD}>\r\nDATA\r\nearly\r\n.\r\nQUIT\r\n")


EARLY = {
    "a command": lambda password: "EHLO client.447.edu\r\n",
    "a byte": lambda password: "E",
    "a line end": lambda password: "\r\n",
    "another protocol": lambda password: "POST / HTTP/1.1\r\nHost: 447.edu\r\n\r\n",
    "a whole session": whole_session,
    "more than a record": lambda password: "NOOP\r\n" * 5000,
}


def check_refused(d, client):
    reply = client.reply()
    assert str(reply).startswith("421 447.edu ")
    assert client.at_end()
    client.close()
    d.wait()
    assert d.messages() == []
    assert [(r["event"], r.get("reason")) for r in d.records()][-2:] == [
        ("refused-command", "early-command"), ("closed", "early-command")]
    assert not d.records(event="login")


@pytest.mark.parametrize("what", EARLY)
def test_with_the_last_word_of_the_handshake(door, what):
    """One segment has the client's Finished and what it says behind it."""
    d = door()
    password = d.add_user("brad")
    bare = d.socket()
    bios = Bios(bare.sock, d.context(tls="1.3"))
    bios.shake_hands()
    bios.tls.write(EARLY[what](password).encode())
    bios.flush()
    check_refused(d, Client(bios))


def connect_early(d, said):
    """A connection whose first bytes are there before its handler starts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = d.socket(listener.getsockname()[1])
        client.send(said)
        conn, _ = listener.accept()
    with conn:
        d.handlers.append(d.handle(conn))
    return client


CLEAR = {"starttls": {"tls": "starttls"},
         "off": {"tls": "off", "bind": "any", "enrol": "off"}}


@pytest.mark.parametrize("what", EARLY)
@pytest.mark.parametrize("tls", CLEAR)
def test_before_the_banner_in_the_clear(door, tls, what):
    d = door(listen=False, **CLEAR[tls])
    password = d.add_user("brad")
    check_refused(d, connect_early(d, EARLY[what](password)))


def test_a_client_hello_on_a_port_for_starttls(door):
    d = door(listen=False, tls="starttls")
    client = connect_early(d, "")
    bios = Bios(client.sock, d.context())
    with pytest.raises(ssl.SSLError):
        bios.shake_hands()
    client.close()


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_who_waits_is_never_taken_for_one_who_does_not(door, tls):
    d = door()
    password = d.add_user("brad")
    for _ in range(10):
        with d.connect(tls=tls) as client:
            log_in(client, "brad", password)
            client.command("QUIT", 221)
    d.wait()
    assert not d.records(reason="early-command")
    assert len(d.records(event="closed", reason="quit")) == 10


def test_who_leaves_at_once_has_said_nothing(door):
    """close_notify together with the Finished is no word."""
    d = door()
    bare = d.socket()
    bios = Bios(bare.sock, d.context(tls="1.3"))
    bios.shake_hands()
    with pytest.raises(ssl.SSLWantReadError):
        bios.tls.unwrap()
    bios.flush()
    bare.close()
    d.wait()
    assert not d.records(reason="early-command") and d.records(event="closed")


AHEAD = {
    "EHLO": (["EHLO client.447.edu"], "503 Wait"),
    "a second EHLO": (["EHLO client.447.edu", "EHLO client.447.edu"], "503 5.5.1 Wait"),
    "AUTH": (["EHLO client.447.edu", "AUTH LOGIN"], "503 5.5.1 Wait"),
    "a user's name": (["EHLO client.447.edu", "AUTH LOGIN", b64("brad")], "503 5.5.1 Wait"),
    "a cancelled login": (["EHLO client.447.edu", "AUTH LOGIN", "*"], "503 5.5.1 Wait"),
}


@pytest.mark.parametrize("what", AHEAD)
def test_what_overtakes_a_reply(door, what):
    """Whatever waits for its own reply is refused when more has come with it, and that more
    is not read."""
    lines, refusal = AHEAD[what]
    d = door()
    password = d.add_user("brad")
    with d.connect() as client:
        for line in lines[:-1]:
            assert client.command(line).code in (250, 334)
        client.send(f"{lines[-1]}\r\nAUTH PLAIN {plain('brad', password)}\r\n")
        assert str(client.reply()).startswith(refusal)
        assert client.reply().code == 421
        assert client.at_end()
    d.wait()
    assert not d.records(event="login")
    assert d.records(event="closed", reason="early-command")


def test_race_with_the_banner(door):
    """Somewhat too early or just in time: all of it is refused, or all of it served."""
    d = door()
    for _ in range(20):
        client = d.connect(banner=False)
        client.send("HELO client\r\nQUIT\r\n")
        code = client.reply().code
        assert code in (220, 421)
        if code == 220:
            assert [client.reply().code for _ in range(2)] == [250, 221]
        assert client.at_end()
        client.close()
    d.wait()
    assert len(d.records(event="closed")) == 20
