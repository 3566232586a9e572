# SPDX-License-Identifier: ISC
"""How a connection ends, and what is left of it: SIGTERM, SIGKILL, and peers that go in every
way at every step. There is a whole message or none, and nothing beside it."""

import contextlib
import os
import pathlib
import random
import select
import signal
import socket
import ssl
import threading
import time

import pytest

import harness
import observe
from observe import Pair
from sessions import b64, begin, log_in, plain, split_trace
from smtpline import Bios, Client

BRAD = "brad@447.edu"
EX_OSERR = 71


def test_death_of_the_smtp_process_ends_the_tls_process(door):
    d = door(exits=(-signal.SIGKILL,))
    with d.connect() as client:
        pair = Pair(d, client)
        os.kill(pair.smtp, signal.SIGKILL)
        harness.until(lambda: not observe.is_running(pair.tls), 5, "the end")
        assert client.at_end()
    d.wait()


def test_death_of_the_tls_process_ends_the_smtp_process(door):
    d = door(exits=(71,))
    with d.connect() as client:
        pair = Pair(d, client)
        os.kill(pair.tls, signal.SIGKILL)
        harness.until(lambda: not observe.is_running(pair.smtp), 5, "the end")
        assert client.at_end()
    d.wait()
    assert d.records(event="tls-process-died")


def test_death_of_the_tls_process_in_the_handshake(door):
    d = door(exits=(71,))
    client = d.socket()
    pair = Pair(d, client)
    os.kill(pair.tls, signal.SIGKILL)
    harness.until(lambda: not observe.is_running(pair.smtp), 5, "the end")
    d.wait()
    assert not d.records(event="admitted")


def test_death_of_the_tls_process_in_a_message(door):
    d = door(exits=(71,))
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        begin(client, BRAD, [BRAD])
        client.send(b"half\r\n")
        os.kill(Pair(d, client).tls, signal.SIGKILL)
    d.wait()
    assert d.messages() == []


@pytest.mark.parametrize("greeting,expected", [
    ("EHLO client.447.edu", "421 4.3.2 "), ("HELO brad@447.edu", "421 "), (None, "421")])
def test_stop_between_commands(door, greeting, expected):
    d = door()
    with d.connect() as client:
        if greeting:
            client.command(greeting, 250)
        os.kill(Pair(d, client).smtp, signal.SIGTERM)
        reply = client.reply()
        assert str(reply).startswith(expected)
        assert client.at_end()
    d.wait()
    assert d.records(event="closed", reason="shutting-down")


def stop(d, client):
    os.kill(Pair(d, client).smtp, signal.SIGTERM)


def last_words(client):
    reply = client.reply()
    assert str(reply).startswith("421 4.3.2 "), reply
    assert client.at_end()
    client.close()


BEFORE_THE_END = [f"MAIL FROM:<{BRAD}>", f"RCPT TO:<{BRAD}>", f"RCPT TO:<{BRAD}>", "DATA",
                  "half of it,", "and the other half"]


@pytest.mark.parametrize("said", range(1, len(BEFORE_THE_END) + 1))
def test_stop_lets_a_transaction_come_to_its_end(door, said):
    d = door()
    password = d.add_user("brad")
    client = d.connect()
    log_in(client, "brad", password)
    for at, line in enumerate(BEFORE_THE_END):
        if at == said:
            stop(d, client)
        client.send(f"{line}\r\n")
        if at < 4:
            assert client.reply().code in (250, 354)
    if said == len(BEFORE_THE_END):
        stop(d, client)
    client.command(".", 250)
    last_words(client)
    assert d.wait() == [0]
    [message] = d.messages(BRAD)
    assert message.endswith(b"\nhalf of it,\nand the other half\n")
    assert d.records(event="closed", reason="shutting-down")


@pytest.mark.parametrize("line,code", [
    ("RSET", 250), ("EHLO again", 250), ("DATA", 503), ("QUIT", 221)])
def test_stop_lets_a_transaction_be_given_up(door, line, code):
    d = door()
    password = d.add_user("brad")
    client = d.connect()
    log_in(client, "brad", password)
    client.command(f"MAIL FROM:<{BRAD}>", 250)
    stop(d, client)
    client.command(line, code)
    if line == "DATA":
        client.command("RSET", 250)
    if line == "QUIT":
        assert client.at_end()
        client.close()
    else:
        last_words(client)
    assert d.wait() == [0]


def test_stop_answers_what_follows_a_message_with_421(door):
    """However much was sent ahead, no other transaction begins."""
    d = door()
    password = d.add_user("brad")
    client = d.connect()
    log_in(client, "brad", password)
    begin(client, BRAD, [BRAD])
    client.send("one\r\n")
    stop(d, client)
    more = f"MAIL FROM:<{BRAD}>\r\nRCPT TO:<{BRAD}>\r\nDATA\r\n"
    client.send(f".\r\n{more}")
    assert client.reply().code == 250
    last_words(client)
    assert d.wait() == [0]
    assert len(d.messages()) == 1


def test_stop_does_not_wait_for_ever(door):
    d = door()
    password = d.add_user("brad")
    client = d.connect()
    log_in(client, "brad", password)
    begin(client, BRAD, [BRAD])
    client.send("and then\r\n")
    stop(d, client)
    last_words(client)
    assert d.wait() == [0]
    assert d.messages() == [] and d.leftovers() == []


@pytest.mark.parametrize("line", ["AUTH LOGIN", "AUTH PLAIN", "AUTH SCRAM-SHA-256"])
def test_stop_in_a_login(door, line):
    d = door()
    d.add_user("brad")
    client = d.connect()
    client.command("EHLO client.447.edu", 250)
    client.command(line, 334)
    stop(d, client)
    last_words(client)
    assert d.wait() == [0]


def test_stop_does_not_shorten_the_delay_behind_a_wrong_password(door):
    """Both replies come, in their order, and not before their time."""
    d = door()
    d.add_user("brad")
    client = d.connect()
    client.command("EHLO client.447.edu", 250)
    asked = time.monotonic()
    client.send(f"AUTH PLAIN {plain('brad', 'wrong')}\r\n")
    harness.until(lambda: d.records(event="login-failed"), what="the verdict")
    stop(d, client)
    assert client.reply().code == 535
    assert time.monotonic() - asked >= 1
    last_words(client)
    assert d.wait() == [0]


def test_stop_behind_starttls(door):
    """The handshake is under way, and is not gone on with."""
    d = door(tls="starttls")
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        client.command("STARTTLS", 220)
        stop(d, client)
        assert client.at_end()
    assert d.wait() == [0]
    [record] = d.records(reason="shutting-down")
    assert record["event"] in ("refused", "closed")


def test_stop_in_the_handshake(door):
    d = door()
    client = d.socket()
    pair = Pair(d, client)
    os.kill(pair.smtp, signal.SIGTERM)
    harness.until(lambda: not observe.is_running(pair.smtp), 5, "the end")
    d.wait()
    assert [r["event"] for r in d.records()] == ["refused"]


def test_tls_process_is_not_stopped_alone(door):
    d = door()
    with d.connect() as client:
        pair = Pair(d, client)
        os.kill(pair.tls, signal.SIGTERM)
        os.kill(pair.tls, signal.SIGINT)
        client.command("NOOP", 250)
        client.command("QUIT", 221)


def drop_before_tls(d, client, password):
    pass


def drop_in_handshake(d, client, password):
    client.send(b"\x16\x03\x01\x00\xa0\x01\x00\x00\x9c\x03\x03")


def drop_after_handshake(d, client, password):
    client.start_tls(d.context())


def drop_after_banner(d, client, password):
    client.start_tls(d.context())
    client.reply()


def drop_after_greeting(d, client, password):
    drop_after_banner(d, client, password)
    client.command("EHLO client.447.edu", 250)


def drop_in_auth(d, client, password):
    drop_after_greeting(d, client, password)
    client.command("AUTH LOGIN", 334)
    client.command(b64("brad"), 334)


def drop_in_classic_auth(d, client, password):
    drop_after_banner(d, client, password)
    client.command("HELO client", 250)
    client.command("AUTH", 334)


def drop_after_login(d, client, password):
    drop_after_banner(d, client, password)
    log_in(client, "brad", password)


def drop_in_transaction(d, client, password):
    drop_after_login(d, client, password)
    client.command(f"MAIL FROM:<{BRAD}>", 250)
    client.command(f"RCPT TO:<{BRAD}>", 250)


def drop_before_message(d, client, password):
    drop_after_login(d, client, password)
    begin(client, BRAD, [BRAD])


def drop_in_message(d, client, password):
    drop_before_message(d, client, password)
    client.send(b"Subject: half\r\n\r\n" + b"a line\r\n" * 20000)


def drop_before_the_last_line_end(d, client, password):
    drop_before_message(d, client, password)
    client.send(b"Subject: nearly\r\n\r\nwhole\r\n.\r")


DROPS = [drop_before_tls, drop_in_handshake, drop_after_handshake, drop_after_banner,
         drop_after_greeting, drop_in_auth, drop_in_classic_auth, drop_after_login,
         drop_in_transaction, drop_before_message, drop_in_message,
         drop_before_the_last_line_end]


def reset(client):
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    sock = client.sock
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    sock.close()


def close_cleanly(client):
    """With close_notify, where there is TLS."""
    if isinstance(client.sock, ssl.SSLSocket):
        client.sock.settimeout(0)
        try:
            client.sock.unwrap()
        except (OSError, ssl.SSLError):
            pass
    client.sock.close()


def half_close(client):
    """Sends no more and still listens, without a word of TLS."""
    bare = socket.socket(fileno=os.dup(client.sock.fileno()))
    with bare:
        bare.shutdown(socket.SHUT_WR)
        bare.settimeout(harness.DEADLINE)
        while bare.recv(65536):
            pass
    client.sock.close()


WAYS = {"end": lambda c: c.sock.close(), "reset": reset, "close_notify": close_cleanly,
        "half_close": half_close}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("drop", DROPS, ids=lambda f: f.__name__)
def test_dropped_connection_leaves_nothing(door, drop, way):
    d = door()
    password = d.add_user("brad")
    client = d.socket()
    drop(d, client, password)
    WAYS[way](client)
    assert d.wait(timeout=8) == [0]
    assert d.messages() == []
    assert d.leftovers() == []
    # The store and its lock are free, and the password still works.
    assert d.add_user("carol")
    with d.connect() as client:
        log_in(client, "brad", password)
    # The door judges the rest when it is closed.


def test_dropped_after_the_final_dot_is_delivered_once_or_not_at_all(door):
    d = door()
    password = d.add_user("brad")
    for way in WAYS.values():
        client = d.connect()
        log_in(client, "brad", password)
        begin(client, BRAD, [BRAD])
        client.send(b"whole\r\n.\r\n")
        way(client)
    d.wait()
    assert len(d.messages()) == len(d.records(event="message-accepted")) <= len(WAYS)
    assert all(m.endswith(b"\nwhole\n") for m in d.messages())
    assert d.leftovers() == []


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_close_notify_behind_the_final_dot(door, tls):
    """Who has said all still hears that it has arrived; half a dot is none."""
    d = door()
    password = d.add_user("brad")
    for dot, code in ((b".\r\n", 250), (b".\r", None)):
        bare = d.socket()
        bios = Bios(bare.sock, d.context(tls=tls))
        bios.shake_hands()
        bios.flush()
        client = Client(bios)
        assert client.reply().code == 220
        log_in(client, "brad", password)
        begin(client, BRAD, [BRAD])
        bios.tls.write(b"whole\r\n" + dot)
        with pytest.raises(ssl.SSLWantReadError):
            bios.tls.unwrap()
        bios.flush()
        if code:
            assert client.reply().code == code
        assert client.at_end()
        bare.close()
    d.wait()
    assert len(d.messages()) == 1 and d.leftovers() == []


def test_truncated_message_is_told_from_a_whole_one(door):
    """A message that ends with the connection is none, close_notify or not; the log tells a
    stream that was cut."""
    d = door()
    password = d.add_user("brad")
    client = d.connect()
    log_in(client, "brad", password)
    begin(client, BRAD, [BRAD])
    client.send(b"Pay Carol 100\r\n")
    client.sock.close()
    d.wait()
    assert d.messages() == []
    assert d.records(event="closed", reason="truncated")


# Killed at any point.


MESSAGES = 4


def numbered(session, n):
    """A message of some kilobytes that says of itself whether it is whole."""
    return b"".join(b"session %d message %d line %d\r\n" % (session, n, line)
                    for line in range(100)) + b"whole\r\n"


def script(session, password):
    """A whole session of the classic voice, which may be sent ahead."""
    text = f"HELO client\r\nAUTH\r\n{b64('brad')}\r\n{b64(password)}\r\n".encode()
    for n in range(MESSAGES):
        text += f"MAIL FROM {BRAD}\r\nRCPT TO {BRAD}\r\nRCPT TO carol@447.edu\r\n".encode()
        text += b"DATA\r\n" + numbered(session, n) + b".\r\n"
    return text + b"QUIT\r\n"


def replies_to(client, text, kill_at, kill):
    """Sends a piece at a time, kills on the way, reads to the end: all that was said."""
    said = b""
    with contextlib.suppress(OSError):
        for at in range(0, len(text), 500):
            if at <= kill_at < at + 500:
                kill()
            client.send(text[at:at + 500])
            while select.select([client.sock], [], [], 0)[0]:
                more = client.sock.recv(65536)
                said += more
                if not more:
                    return said
        while more := client.sock.recv(65536):
            said += more
    return said


@contextlib.contextmanager
def killer(pid, seconds):
    """What starts a thread that kills the process, and no other, after a time."""
    process = os.pidfd_open(pid)

    def kill():
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)

    late = threading.Timer(seconds, kill)
    yield late.start
    late.cancel() if late.ident is None else late.join()
    os.close(process)


@pytest.mark.parametrize("victim", ["smtp", "tls"])
@pytest.mark.parametrize("seed", range(3))
def test_kill_at_any_point(door, victim, seed):
    """Ten sessions each, killed after any number of bytes and up to some milliseconds: what
    was answered with 250 is there, what is there is whole, and nothing else is."""
    chance = random.Random(f"{victim} {seed}")
    d = door(exits=(0, EX_OSERR, -signal.SIGKILL), recipients="any")
    password = d.add_user("brad")
    accepted = []
    for session in range(10):
        text = script(session, password)
        with d.connect() as client:
            harness.until(lambda: len(d.handlers) == d.connected, what="the handler")
            smtp = d.handlers[-1].pid
            [tls] = harness.until(lambda: observe.children(smtp), what="its child")
            pid = smtp if victim == "smtp" else tls
            with killer(pid, chance.uniform(0, 0.004)) as kill:
                said = replies_to(client, text, chance.randrange(len(text)), kill)
        d.wait()
        count = said.count(b"250 Message Received\r\n")
        accepted += [numbered(session, n).replace(b"\r\n", b"\n") for n in range(count)]
    for address in (BRAD, "carol@447.edu"):
        texts = [split_trace(text)[2] for text in d.messages(address)]
        assert all(text.endswith(b"whole\n") and text.count(b"\n") == 101 for text in texts)
        assert len(set(texts)) == len(texts)
        assert set(accepted) <= set(texts)
    assert not list(d.mail.glob("**/tmp/*"))
    assert not open_locks(d.users.with_name("users.lock"))
    # What a writer of the store leaves when it is killed, the next one removes.
    assert d.add_user("dora")
    assert d.leftovers() == []
    with d.connect() as client:
        log_in(client, "brad", password)


def open_locks(path):
    """The locks that somebody holds on a file."""
    inode = f":{path.stat().st_ino} " if path.exists() else None
    return [line for line in pathlib.Path("/proc/locks").read_text().splitlines()
            if inode and inode in line]
