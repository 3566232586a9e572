# SPDX-License-Identifier: ISC
"""Many senders at once: each message arrives once, whole, with its own trace, where it
belongs."""

import concurrent.futures
import hashlib
import random
import threading

import pytest

import harness
from certificates import Authority
from sessions import leave, log_in, send, split_trace, stuffed

BOTH_WAYS = True

CLIENTS = 64
USERS = 8


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


def message_of(n):
    """A message that nobody else sends, of a size of its own, with dots in it."""
    chance = random.Random(n)
    body = [b"Subject: message %d" % n, b""]
    for line in range(chance.randrange(1, 400)):
        body.append(b"." * chance.randrange(3) + b"%d %d %x" % (n, line, chance.getrandbits(200)))
    text = b"\r\n".join(body) + b"\r\n"
    return text + b"digest " + hashlib.sha256(text).hexdigest().encode() + b"\r\n"


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_sixty_four_senders(door, authority, tls):
    d = door(keys=authority)
    names = [f"user{n}@447.edu" for n in range(USERS)]
    passwords = {name: d.add_user(name) for name in names}
    bundles = {name: authority.client(name) for name in names}
    together = threading.Barrier(CLIENTS)

    def session(n):
        name = names[n % USERS]
        other = names[(n * 3 + 1) % USERS]
        with d.connect(bundles[name], tls=tls) as client:
            # Nobody goes on before all are connected.
            together.wait(60)
            log_in(client, name, passwords[name],
                   "EHLO client.447.edu" if n % 2 else "HELO client.447.edu")
            send(client, name, [name, other], message_of(n))
            leave(client)
        return n, name, {name, other}

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        done = list(pool.map(session, range(CLIENTS)))
    assert set(d.wait(60)) <= {0}
    for name in names:
        expected = {n: sender for n, sender, recipients in done if name in recipients}
        stored = [split_trace(m) for m in d.messages(name)]
        assert len(stored) == len(expected)
        texts = {text: (path, received) for path, received, text in stored}
        for n, sender in expected.items():
            path, received = texts.pop(message_of(n).replace(b"\r\n", b"\n"))
            assert path == sender
            assert f"(user {sender})" in received and bundles[sender].pin in received
        assert not texts
    assert len(d.records(event="message-accepted")) == CLIENTS
    assert len({r["queue_id"] for r in d.records(event="message-accepted")}) == CLIENTS
    assert len({p.name for p in d.mail.glob("447.edu/*/new/*")}) == CLIENTS


def test_many_that_break_off_among_many_that_do_not(door, authority):
    """Half of them go away in the middle of their message; the others never notice."""
    d = door(keys=authority)
    password = d.add_user("brad")
    bundle = authority.client()

    def session(n):
        with d.connect(bundle) as client:
            log_in(client, "brad", password)
            if n % 2:
                send(client, "brad@447.edu", ["brad@447.edu"], message_of(n))
                return leave(client)
            client.command("MAIL FROM:<brad@447.edu>", 250)
            client.command("RCPT TO:<brad@447.edu>", 250)
            client.command("DATA", 354)
            client.send(stuffed(message_of(n))[:-5])

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        list(pool.map(session, range(CLIENTS)))
    assert set(d.wait(60)) <= {0}
    stored = sorted(split_trace(m)[2] for m in d.messages())
    assert stored == sorted(
        message_of(n).replace(b"\r\n", b"\n") for n in range(CLIENTS) if n % 2)


def test_store_written_while_many_log_in(door, authority):
    """An administrator's changes and logins of others do not get into each other's way."""
    d = door(keys=authority, bind="any")
    passwords = {f"user{n}": d.add_user(f"user{n}") for n in range(USERS)}
    bundle = authority.client()

    def change(n):
        return f"late{n}", d.add_user(f"late{n}")

    def session(n):
        name = f"user{n % USERS}"
        with d.connect(bundle) as client:
            log_in(client, name, passwords[name])

    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        changes = [pool.submit(change, n) for n in range(12)]
        sessions = [pool.submit(session, n) for n in range(48)]
        late = dict(each.result() for each in changes)
        for each in sessions:
            each.result()
    for name, password in late.items():
        with d.connect(bundle) as client:
            log_in(client, name, password)
    assert len(d.users.read_text().splitlines()) == 1 + USERS + 12
    assert not harness.processes_with(str(d.dir), "posternctl")
