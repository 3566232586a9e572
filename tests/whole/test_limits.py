# SPDX-License-Identifier: ISC
"""Limits that all connections share: of an address, a device, a user; what is refused, with
which words, and who is not touched by it."""

import concurrent.futures
import re
import socket
import ssl
import threading

import pytest

import harness
import observe
from limiting import COME_BACK, connect_from, enters, limited, one_record, refused_alert
from sessions import b64, begin, leave, log_in, plain, send, stuffed
from smtpline import Client, alert_of

BOTH_WAYS = True

MESSAGE = b"Subject: Test\r\n\r\nHi\r\n"
BRAD, ANN = "brad@447.edu", "ann@447.edu"


# An address.


def test_sessions_of_an_address(door):
    d = limited(door, limit_address_sessions=2)
    first = d.connect()
    smtp = observe.Pair(d, first).smtp
    second = d.connect(ANN)
    assert refused_alert(d) == 49
    leave_at_once(first)
    harness.until(lambda: not observe.is_running(smtp), what="the end of the first")
    third = d.connect()
    for client in (second, third):
        leave_at_once(client)
    d.wait()
    record = one_record(d, "address-sessions", peer=record_of_refused(d))
    assert "device" not in record and re.search(r"again in \d+ seconds", record["message"])


def leave_at_once(client):
    client.command("QUIT", 221)
    client.close()


def record_of_refused(door):
    """The peer that has a record of being limited and none of being admitted."""
    admitted = {r["peer"] for r in door.records(event="admitted")}
    return next(r["peer"] for r in door.records(event="limited") if r["peer"] not in admitted)


def test_refused_address_costs_no_process_and_no_key(door):
    """One write before anything is forked, read or loaded: the key may even be missing."""
    d = limited(door, limit_address_connections=1)
    with d.connect() as client:
        leave(client)
    d.configure(tls_key=d.dir / "nowhere", tls_cert=d.dir / "nowhere")
    assert refused_alert(d) == 49
    d.wait()
    one_record(d, "address-connections")
    assert not d.records(event="refused")


def test_connections_of_an_address(door):
    d = limited(door, limit_address_connections=3)
    for cert in (BRAD, ANN, BRAD):
        with d.connect(cert) as client:
            leave(client)
    for _ in range(2):
        assert refused_alert(d, ANN) == 49
    d.wait()
    assert [r["reason"] for r in d.records(event="limited")] == ["address-connections"] * 2


def test_one_who_comes_back_when_told_enters(door):
    """Two a second, and then one every half second."""
    d = limited(door, limit_address_connections=2, limit_window=1)
    for _ in range(2):
        leave_at_once(d.connect())
    client = harness.until(lambda: enters(d), what="room for one more")
    leave_at_once(client)


def test_handshakes_that_fail_count(door):
    d = limited(door, limit_address_connections=2)
    for _ in range(2):
        d.socket().close()
    d.wait()
    assert refused_alert(d) == 49


@pytest.mark.parametrize("tls", ["starttls", "off"])
def test_address_in_the_clear_gets_421(door, tls):
    d = limited(door, tls=tls, enrol="off", limit_address_connections=1)
    with d.socket() as client:
        assert client.reply().code == 220
        leave(client)
    with d.socket() as client:
        reply = client.reply()
        assert client.at_end()
    assert re.fullmatch(
        r"421 4\.7\.0 447\.edu closing connection: too many connections from your address, "
        + COME_BACK, str(reply))
    d.wait()
    one_record(d, "address-connections")


def test_a_network_of_ipv6_is_one_address(door):
    d = limited(door, limit_address_connections=1)
    leave_at_once(connect_from(d, "2001:db8:1:2::1"))
    assert connect_from(d, "2001:db8:1:2:aaaa::2") is None
    leave_at_once(connect_from(d, "2001:db8:1:3::1"))
    leave_at_once(connect_from(d, "192.0.2.1"))
    leave_at_once(connect_from(d, "192.0.2.2"))
    assert connect_from(d, "192.0.2.1") is None


def test_a_peer_without_an_address_has_no_limit_of_one(door):
    d = limited(door, limit_address_connections=1)
    for _ in range(3):
        leave_at_once(connect_from(d, "nowhere"))


# A device.


def test_sessions_of_a_device(door):
    d = limited(door, limit_device_sessions=1)
    with d.connect() as client, enters(d) as other:
        assert re.fullmatch(
            r"421 4\.7\.0 447\.edu closing connection: too many connections at a time of this "
            r"device, " + COME_BACK, str(other.banner))
        assert other.at_end()
        # Another one is not touched by it.
        with d.connect(ANN) as third:
            leave(third)
        leave(client)
    with harness.until(lambda: has_banner(enters(d)), what="room for the device") as client:
        leave(client)
    d.wait()
    record = d.records(event="limited")[0]
    assert record["reason"] == "device-sessions"
    assert record["device"] == d.records(event="admitted")[0]["device"]


def has_banner(client):
    if client.banner.code == 220:
        return client
    client.close()
    return None


def test_connections_of_a_device(door):
    d = limited(door, limit_device_connections=2)
    for _ in range(2):
        with d.connect() as client:
            leave(client)
    with enters(d) as client:
        assert client.banner.code == 421 and client.at_end()
        assert "too many connections of this device" in str(client.banner)
    with d.connect(ANN) as client:
        leave(client)
    d.wait()
    one_record(d, "device-connections")


def test_device_behind_starttls(door):
    """The refusal comes where the banner would be: it is the answer to the first command."""
    d = limited(door, tls="starttls", limit_device_connections=1)
    for expected in (250, 421):
        with d.socket() as client:
            client.reply()
            client.command("EHLO client", 250)
            client.command("STARTTLS", 220)
            client.start_tls(d.context())
            assert client.command("EHLO client").code == expected
            if expected == 421:
                assert client.at_end()
    d.wait()
    one_record(d, "device-connections")


# A user.


def test_sessions_of_a_user(door):
    d = limited(door, limit_user_sessions=1)
    passwords = {name: d.add_user(name) for name in (BRAD, ANN)}
    with d.connect() as client, d.connect() as other:
        log_in(client, BRAD, passwords[BRAD])
        other.command("EHLO client", 250)
        reply = other.command(f"AUTH PLAIN {plain(BRAD, passwords[BRAD])}", 421)
        assert re.fullmatch(
            r"421 4\.7\.0 447\.edu closing connection: too many connections at a time of this "
            r"user, " + COME_BACK, str(reply))
        assert other.at_end()
        with d.connect() as third:
            log_in(third, ANN, passwords[ANN])
            leave(third)
        leave(client)
    d.wait()
    one_record(d, "user-sessions", user=BRAD)
    assert not d.records(event="login", user=BRAD)[1:]


def test_logins_of_a_user(door):
    d = limited(door, limit_user_connections=1)
    passwords = {name: d.add_user(name) for name in (BRAD, ANN)}
    with d.connect() as client:
        log_in(client, BRAD, passwords[BRAD])
        leave(client)
    with d.connect() as client:
        client.command("HELO client", 250)
        client.command("AUTH", 334)
        client.command(b64(BRAD), 334)
        assert "too many connections of this user" in str(
            client.command(b64(passwords[BRAD]), 421))
        assert client.at_end()
    # A wrong password never counts: nobody can use up what is the user's.
    with d.connect() as client:
        log_in(client, ANN, passwords[ANN])
        leave(client)
    d.wait()
    one_record(d, "user-connections")


def test_wrong_passwords_use_up_nothing_of_the_user(door):
    d = limited(door, limit_user_connections=1)
    password = d.add_user(BRAD)
    with d.connect(ANN) as client:
        client.command("EHLO client", 250)
        client.command(f"AUTH PLAIN {plain(BRAD, 'wrong')}", 535)
    with d.connect() as client:
        log_in(client, BRAD, password)
        leave(client)


# Messages and recipients.


@pytest.mark.parametrize("whose", ["address", "device", "user"])
def test_messages(door, whose):
    d = limited(door, **{f"limit_{whose}_messages": 2})
    password = d.add_user(BRAD)
    with d.connect() as client:
        log_in(client, BRAD, password)
        send(client, BRAD, [BRAD], MESSAGE)
        leave(client)
    # It does not begin anew with another connection, nor end it.
    with d.connect() as client:
        log_in(client, BRAD, password)
        send(client, BRAD, [BRAD], MESSAGE)
        words = {"address": "from your address", "device": "of this device",
                 "user": "of this user"}[whose]
        for _ in range(2):
            reply = client.command(f"MAIL FROM:<{BRAD}>", 450)
            assert re.fullmatch(
                rf"450 4\.7\.1 Too many messages {words}, {COME_BACK}", str(reply))
        client.command("NOOP", 250)
        client.command("HELO client", 250)
        assert str(client.command(f"MAIL FROM:<{BRAD}>", 450)).startswith("450 Too many")
        leave(client)
    d.wait()
    records = d.records(event="limited")
    assert [r["reason"] for r in records] == [f"{whose}-messages"] * 3
    assert records[0]["user"] == BRAD
    assert len(d.messages(BRAD)) == 2


def test_messages_of_one_are_not_those_of_another(door):
    d = limited(door, limit_device_messages=1, limit_user_messages=1)
    passwords = {name: d.add_user(name) for name in (BRAD, ANN)}
    for name in (BRAD, ANN):
        with d.connect(name) as client:
            log_in(client, name, passwords[name])
            send(client, name, [name], MESSAGE)
            client.command(f"MAIL FROM:<{name}>", 450)
            leave(client)


def test_messages_that_begin_at_the_same_time(door):
    """Room was there at MAIL, and is not any more at DATA."""
    d = limited(door, limit_user_messages=1)
    password = d.add_user(BRAD)
    with d.connect() as one, d.connect() as other:
        for client in (one, other):
            log_in(client, BRAD, password)
            client.command(f"MAIL FROM:<{BRAD}>", 250)
            client.command(f"RCPT TO:<{BRAD}>", 250)
        one.command("DATA", 354)
        assert str(other.command("DATA", 450)).startswith("450 4.7.1 Too many messages of")
        # The transaction stands as it was.
        assert other.command("DATA").code == 450
        other.command("RSET", 250)
        one.send(stuffed(MESSAGE))
        assert one.reply().code == 250
        leave(one)
        leave(other)
    assert len(d.messages(BRAD)) == 1


@pytest.mark.parametrize("whose", ["address", "device", "user"])
def test_recipients(door, whose):
    d = limited(door, recipients="any", **{f"limit_{whose}_recipients": 5})
    password = d.add_user(BRAD)
    with d.connect() as client:
        log_in(client, BRAD, password)
        send(client, BRAD, ["a@447.edu", "b@447.edu"], MESSAGE)
        client.command(f"MAIL FROM:<{BRAD}>", 250)
        for name in "cde":
            client.command(f"RCPT TO:<{name}@447.edu>", 250)
        reply = client.command("RCPT TO:<f@447.edu>", 450)
        assert re.search(r"^450 4\.7\.1 Too many recipients .*, " + COME_BACK, str(reply))
        # Those that were accepted get it.
        client.command("DATA", 354)
        client.send(stuffed(MESSAGE))
        assert client.reply().code == 250
        client.command(f"MAIL FROM:<{BRAD}>", 450)
        leave(client)
    d.wait()
    assert {r["reason"] for r in d.records(event="limited")} == {f"{whose}-recipients"}
    assert len(d.messages()) == 5 and not d.messages("f@447.edu")


def test_refused_messages_do_not_count_and_rset_gives_back(door):
    d = limited(door, limit_user_messages=1)
    password = d.add_user(BRAD)
    with d.connect() as client:
        log_in(client, BRAD, password)
        for _ in range(5):
            client.command(f"MAIL FROM:<{BRAD}>", 250)
            client.command("RCPT TO:<nobody@447.edu>", 550)
            client.command(f"RCPT TO:<{BRAD}>", 250)
            client.command("RSET", 250)
        send(client, BRAD, [BRAD], MESSAGE)
        leave(client)


# Logins that fail.


def fail(door, user, cert=BRAD, expect=535):
    with door.connect(cert) as client:
        client.command("EHLO client", 250)
        return client.command(f"AUTH PLAIN {plain(user, 'wrong')}", expect)


def try_login(door, user, password, cert=BRAD):
    with door.connect(cert) as client:
        client.command("EHLO client", 250)
        return client.command(f"AUTH PLAIN {plain(user, password)}")


def test_shut_out_is_that_device_for_that_user_alone(door):
    d = limited(door, limit_user_failures=2)
    passwords = {name: d.add_user(name) for name in (BRAD, ANN)}
    for _ in range(2):
        fail(d, BRAD, ANN)
    # The right password does not help, nor is it looked at.
    reply = try_login(d, BRAD, passwords[BRAD], ANN)
    assert re.fullmatch(
        r"421 4\.7\.0 447\.edu closing connection: too many failed logins of this user, "
        + COME_BACK, str(reply))
    # The owner, from the owner's own device; and that device for another user.
    assert try_login(d, BRAD, passwords[BRAD]).code == 235
    assert try_login(d, ANN, passwords[ANN], ANN).code == 235
    d.wait()
    one_record(d, "user-failures", user=BRAD)


@pytest.mark.parametrize("way", ["classic", "LOGIN", "SCRAM-SHA-256"])
def test_shut_out_whatever_the_mechanism(door, way):
    d = limited(door, limit_user_failures=1)
    d.add_user(BRAD)
    fail(d, BRAD)
    with d.connect() as client:
        if way == "classic":
            client.command("HELO client", 250)
            client.command("AUTH", 334)
            client.command(b64(BRAD), 421)
        elif way == "LOGIN":
            client.command("EHLO client", 250)
            client.command(f"AUTH LOGIN {b64(BRAD)}", 334)
            client.command(b64("wrong"), 421)
        else:
            client.command("EHLO client", 250)
            client.command(f"AUTH {way} {b64(f'n,,n={BRAD},r=abcdefghijkl')}", 421)
        assert client.at_end()


def external(door, user, cert):
    with door.connect(cert) as client:
        client.command("EHLO client", 250)
        return client.command(f"AUTH EXTERNAL {b64(user) if user else '='}").code


def test_failures_of_external_are_those_of_one_device_for_one_user(door):
    """They shut nobody else out, nor that device for another user."""
    d = limited(door, limit_user_failures=2)
    d.add_user(BRAD)
    password = d.add_user(ANN)
    for _ in range(2):
        assert external(d, BRAD, ANN) == 535
    assert external(d, BRAD, ANN) == 421
    assert try_login(d, BRAD, "wrong", ANN).code == 421
    assert external(d, BRAD, BRAD) == 235
    assert external(d, ANN, ANN) == 235
    assert external(d, ANN, BRAD) == 535
    assert external(d, "", ANN) == 235
    assert try_login(d, ANN, password, BRAD).code == 235
    d.wait()
    assert {r["reason"] for r in d.records(event="limited")} == {"user-failures"}


def test_external_that_names_nobody_is_shut_out(door):
    """A certificate whose names are no user's; others of the kind are not touched."""
    d = limited(door, limit_user_failures=2)
    ghosts = [d.keys.client(f"{name}@447.edu") for name in ("ghost", "phantom")]
    for _ in range(2):
        assert external(d, "", ghosts[0]) == 535
    assert [external(d, "", ghost) for ghost in ghosts] == [421, 535]


def test_failures_of_external_count_for_the_device(door):
    d = limited(door, limit_device_failures=2)
    for name in ("a@447.edu", "b@447.edu"):
        assert external(d, name, ANN) == 535
    with enters(d, ANN) as client:
        assert client.banner.code == 421 and client.at_end()


def test_shut_out_ends(door):
    d = limited(door, limit_user_failures=1, limit_shutout=2)
    password = d.add_user(BRAD)

    def shut_out():
        if try_login(d, BRAD, password).code == 421:
            return True
        fail(d, BRAD)  # it was over before that: a slow machine
        return False

    fail(d, BRAD)
    harness.until(shut_out, what="a shut-out")
    harness.until(lambda: try_login(d, BRAD, password).code == 235, what="the end of it")
    # A right password ends the row of wrong ones: the next one is the first again.
    d.configure(limit_user_failures=2)
    fail(d, BRAD)
    assert try_login(d, BRAD, password).code == 235


def test_users_who_are_not_there_are_shut_out_the_same(door):
    d = limited(door, limit_user_failures=1)
    fail(d, "nobody@447.edu")
    assert try_login(d, "nobody@447.edu", "x").code == 421


def test_no_enrolment_while_shut_out(door):
    d = limited(door, limit_user_failures=1, enrol="off")
    fail(d, "new@447.edu")
    d.configure(enrol="any")
    with d.connect() as client:
        client.command("HELO client", 250)
        client.command("AUTH", 334)
        client.command(b64("new@447.edu"), 421)
    assert "new@447.edu" not in d.ctl("user", "list").stdout


def test_failures_of_a_device(door):
    """One that tries many names is shut out altogether; no other device is."""
    d = limited(door, limit_device_failures=3)
    password = d.add_user(BRAD)
    for name in ("a@447.edu", "b@447.edu", "c@447.edu"):
        fail(d, name, ANN)
    with enters(d, ANN) as client:
        assert client.banner.code == 421 and client.at_end()
        assert "too many failed logins of this device" in str(client.banner)
    assert try_login(d, BRAD, password).code == 235
    d.wait()
    one_record(d, "device-failures")


def test_failures_in_a_session_that_is_open(door):
    d = limited(door, limit_device_failures=1, limit_user_failures=0)
    with d.connect() as client:
        client.command("EHLO client", 250)
        client.command(f"AUTH PLAIN {plain('a', 'wrong')}", 535)
        client.command(f"AUTH PLAIN {plain('b', 'wrong')}", 421)
        assert client.at_end()


def test_failures_of_an_address(door):
    d = limited(door, limit_address_failures=2)
    for cert in (BRAD, ANN):
        fail(d, "a@447.edu", cert)
    assert refused_alert(d, "third@447.edu") == 49
    d.wait()
    one_record(d, "address-failures")


def test_failures_slow_down_across_connections(door):
    """The first answer to a wrong password takes a second; whoever connects anew for the
    next one waits for longer. What is compared is what the server itself has decided."""
    d = limited(door, limit_user_failures=0)
    for _ in range(2):
        fail(d, BRAD)
    d.wait()
    failed = [float(r["time"][17:-1]) for r in d.records(event="login-failed")]
    closed = [float(r["time"][17:-1]) for r in d.records(event="closed")]
    took = [(end - begin) % 60 for begin, end in zip(failed, closed)]
    assert took[0] > 0.9 and took[1] > 1.9, took


# All together.


def test_sixty_four_at_once(door):
    """Exactly as many enter as there is room for."""
    d = limited(door, limit_device_sessions=10)
    together = threading.Barrier(64)

    def visit(_):
        client = d.socket()
        together.wait(60)
        client.start_tls(d.context())
        code = client.reply().code
        # Nobody leaves before all have had their answer.
        together.wait(60)
        client.close()
        return code

    d.keys.client(BRAD)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        codes = list(pool.map(visit, range(64)))
    assert sorted(codes) == [220] * 10 + [421] * 54


def test_sixty_four_messages_at_once(door):
    d = limited(door, limit_user_messages=10)
    password = d.add_user(BRAD)

    def visit(_):
        with d.connect() as client:
            log_in(client, BRAD, password)
            if client.command(f"MAIL FROM:<{BRAD}>").code != 250:
                return 0
            client.command(f"RCPT TO:<{BRAD}>", 250)
            if client.command("DATA").code != 354:
                return 0
            client.send(stuffed(MESSAGE))
            return client.reply().code

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(visit, range(64)))
    assert sorted(codes) == [0] * 54 + [250] * 10
    assert len(d.messages(BRAD)) == 10


def test_none_of_them(door):
    """With 0 everywhere nothing is limited."""
    d = limited(door)
    password = d.add_user(BRAD)
    for _ in range(3):
        fail(d, BRAD)
    for _ in range(3):
        with d.connect() as client:
            log_in(client, BRAD, password)
            send(client, BRAD, [BRAD], MESSAGE)
            leave(client)
    d.wait()
    assert not d.records(event="limited")


def test_defaults_are_in_nobodys_way(door):
    d = door()
    password = d.add_user(BRAD)
    for _ in range(30):
        with d.connect() as client:
            log_in(client, BRAD, password)
            begin(client, BRAD, [BRAD])
            client.send(stuffed(MESSAGE))
            client.reply()
            leave(client)
    d.wait()
    assert not d.records(event="limited") and not d.records(event="shared-file")
    assert len(d.messages(BRAD)) == 30


@pytest.mark.parametrize("unit", ["postern", "postern-submission"])
def test_socket_of_systemd_lets_in_more_of_an_address(unit):
    """It closes without a word what is over its number; the handler says when to come back."""
    text = (harness.ROOT / "units" / f"{unit}.socket").read_text()
    most = {key: int(number) for key, number in re.findall(r"(?m)^(Max\w+)=(\d+)$", text)}
    manual = (harness.ROOT / "src" / "smtpd" / "postern.conf.5").read_text()
    default = int(re.search(r"(?s)limit_address_sessions No.*?\.Ql (\d+)", manual)[1])
    assert default < most["MaxConnectionsPerSource"] < most["MaxConnections"]
