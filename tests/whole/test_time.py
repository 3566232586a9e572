# SPDX-License-Identifier: ISC
"""Peers that take their time: each wait has an end, however slowly somebody speaks or
listens, and whoever can still hear it is told 421 4.4.2."""

import itertools
import select
import socket
import time

import pytest

import harness
from sessions import b64, begin, log_in, plain

BRAD = "brad@447.edu"


def trickle(client, data):
    """Sends it again and again, some twenty bytes a second, until the server says something
    or nothing can be sent any more."""
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    end = time.monotonic() + harness.DEADLINE
    for byte in itertools.cycle(data):
        assert time.monotonic() < end, "the trickle is never ended"
        try:
            client.send(bytes([byte]))
        except OSError:
            return
        if select.select([client.sock], [], [], 0.05)[0]:
            return


def check_timeout(d, client, words="421 4.4.2 "):
    reply = client.reply()
    assert str(reply).startswith(words), reply
    assert client.at_end()
    client.close()
    assert d.wait() == [0] * d.connected
    assert d.records(event="closed", reason="timeout")
    assert d.messages() == [] and d.leftovers() == []


def test_idle_connection_gets_a_421(door):
    d = door(timeout_command=1)
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        reply = client.reply()
        assert str(reply).startswith("421 4.4.2 ")
        assert client.at_end()
    d.wait()
    assert d.records(event="closed", reason="timeout")


def test_session_that_lasts_too_long_gets_a_421(door):
    d = door(timeout_session=2)
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        end = time.monotonic() + 10
        code = 250
        while code == 250 and time.monotonic() < end:
            try:
                code = client.command("NOOP").code
            except (EOFError, OSError):
                break
            time.sleep(0.05)
        assert code == 421


def test_message_that_stalls_is_given_up(door):
    d = door(timeout_data=1)
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        begin(client, "brad@447.edu", ["brad@447.edu"])
        client.send(b"and then\r\n")
        reply = client.reply()
        assert reply.code == 421
        assert client.at_end()
    d.wait()
    assert d.messages() == [] and d.leftovers() == []


# A trickle: each byte comes in time, and what they make never does.


def in_a_command(client, password):
    client.command("EHLO client.447.edu", 250)
    return b"NOOP "


def in_a_line_too_long(client, password):
    client.command("EHLO client.447.edu", 250)
    client.send(b"x" * 20_000)
    return b"x"


def in_a_login(client, password):
    client.command("EHLO client.447.edu", 250)
    client.command("AUTH LOGIN", 334)
    client.command(b64("brad"), 334)
    return b"A"


def in_a_message(client, password):
    log_in(client, "brad", password)
    begin(client, BRAD, [BRAD])
    return b"It was a dark and stormy night.\r\n"


def in_a_long_line_of_a_message(client, password):
    log_in(client, "brad", password)
    begin(client, BRAD, [BRAD])
    client.send(b"y" * 200_000)
    return b"y"


@pytest.mark.parametrize("where", [
    in_a_command, in_a_line_too_long, in_a_login, in_a_message, in_a_long_line_of_a_message],
    ids=lambda f: f.__name__)
def test_trickle(door, where):
    d = door(timeout_command=1, timeout_data=1)
    password = d.add_user("brad")
    client = d.connect()
    trickle(client, where(client, password))
    check_timeout(d, client)


def test_trickle_in_the_clear(door):
    d = door(tls="starttls", timeout_command=1)
    client = d.connect()
    client.command("EHLO client.447.edu", 250)
    trickle(client, b"STARTTLS ")
    check_timeout(d, client)


def test_trickle_of_whole_commands_ends_with_the_session(door):
    d = door(timeout_session=2)
    client = d.connect()
    client.command("EHLO client.447.edu", 250)
    end = time.monotonic() + harness.DEADLINE
    while time.monotonic() < end:
        client.send("NOOP\r\n")
        reply = client.reply()
        if reply.code != 250:
            break
    assert str(reply).startswith("421 4.4.2 ")
    client.close()
    d.wait()
    assert d.records(event="closed", reason="timeout")


# The beginning of a hello that would be longer.
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(505)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_trickle_in_the_handshake(door, tls):
    d = door(tls=tls, timeout_handshake=1)
    with d.socket() as client:
        if tls == "starttls":
            assert client.reply().code == 220
            client.command("EHLO client.447.edu", 250)
            client.command("STARTTLS", 220)
        trickle(client, HELLO)
        assert client.at_end()
    assert d.wait() == [0]
    assert d.records(event="refused", reason="timeout")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_handshake_ends_with_the_session(door, tls):
    d = door(tls=tls, timeout_session=2)
    with d.socket() as client:
        if tls == "starttls":
            assert client.reply().code == 220
            client.command("EHLO client.447.edu", 250)
            client.command("STARTTLS", 220)
        assert client.at_end()
    assert d.wait() == [0]
    assert d.records(event="refused", reason="timeout")


# Peers that do not listen.


def test_replies_that_nobody_reads(door):
    """No reply can be sent any more, so the connection just ends."""
    d = door(timeout_command=1)
    client = d.connect(banner=False)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    assert client.reply().code == 220
    client.sock.settimeout(1)
    with pytest.raises(OSError):
        while True:
            client.send("HELP\r\n" * 1000)
    assert d.wait() == [0]
    assert d.records(event="closed", reason="timeout")


def test_delay_of_ours_is_not_the_peers_time(door):
    """After a refused login it has all its time for the next command."""
    d = door(timeout_command=2)
    password = d.add_user("brad")
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        for _ in range(2):
            client.command(f"AUTH PLAIN {plain('brad', 'wrong')}", 535)
        log_in(client, "brad", password)
        client.command("QUIT", 221)
