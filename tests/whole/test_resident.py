# SPDX-License-Identifier: ISC
"""Resident mode: one parent that accepts and forks. What it is told and tells, its limits,
its end; test_resident_files.py has what it reads, test_resident_crash.py what it survives."""

import os
import signal
import socket
import subprocess

import pytest

import harness
import observe
import sessions
from resident import base_address, handlers, watched

needs_root = pytest.mark.skipif(not harness.AS_ROOT, reason="needs root")

USER = "brad@447.edu"
MESSAGE = b"Subject: by way of a parent\r\n\r\nIt was forked for this.\r\n"
ALERT_ACCESS_DENIED = bytes([21, 3, 3, 0, 2, 2, 49])


def read_all(client):
    data = b""
    while more := client.sock.recv(4096):
        data += more
    return data


# What it tells.


def test_sessions_are_served_and_counted(door):
    with watched(door) as (d, told):
        password = d.add_user("brad")
        for n in range(1, 4):
            with d.connect() as client:
                sessions.log_in(client, "brad", password)
                sessions.send(client, USER, [USER], MESSAGE)
                told.status(rf"^STATUS=1 connections; {n} served, 0 refused, 0 died")
                sessions.leave(client)
        d.wait()
        told.status(r"^STATUS=0 connections; 3 served, 0 refused, 0 died, executed anew 0")
        assert len(d.messages(USER)) == 3
        said = d.records(event="message-accepted")
        assert len({r["pid"] for r in said}) == len({r["session"] for r in said}) == 3
        assert str(d.resident.pid) not in {r["pid"] for r in said}


def test_each_socket_has_the_mode_of_its_name(door):
    d = door(listen=False, handoff="resident")
    one, two = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    d.listener, d.port = one, one.getsockname()[1]
    d.start_resident(one, two, names=("submissions", "submission"))
    with two, d.connect() as implicit, d.socket(two.getsockname()[1]) as explicit:
        assert explicit.reply().code == 220
        explicit.command("EHLO client.447.edu", 250)
        explicit.command("STARTTLS", 220)
        explicit.start_tls(d.context())
        explicit.command("EHLO client.447.edu", 250)
        implicit.command("EHLO client.447.edu", 250)


@needs_root
def test_a_socket_on_descriptor_zero(door, programs):
    """As inetd passes it that is told to wait."""
    d = door(listen=False, handoff="resident")
    d.listener = socket.create_server(("127.0.0.1", 0))
    d.port = d.listener.getsockname()[1]
    d.resident = programs.popen(
        "postern-smtpd", "-c", d.conf, stdin=d.listener, stdout=d.listener, cwd=d.dir)
    before = base_address(d.resident.pid)
    for _ in range(16):
        with d.connect() as client:
            os.kill(observe.Pair(d, client).smtp, signal.SIGKILL)
    harness.until(lambda: d.records(event="executed-anew"), what="the new start")
    for _ in range(2):
        with d.connect() as client:
            sessions.leave(client)
    d.wait()
    assert base_address(d.resident.pid) != before


def test_signs_of_life(door):
    with watched(door, watchdog=200_000) as (_, told):
        for _ in range(5):
            told.wait("WATCHDOG=1")


def test_no_signs_of_life_that_nobody_wants(door):
    with watched(door) as (d, told):
        with d.connect() as client:
            sessions.leave(client)
        told.status("^STATUS=0 connections; 1 served")
        d.resident.terminate()
        message = told.socket.recv(4096).decode()
        assert message.startswith("STOPPING=1\n")


def test_more_sockets_than_it_takes(door):
    d = door(listen=False, handoff="resident")
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(9)]
    d.listener = listeners[0]
    d.start_resident(*listeners)
    assert d.resident.wait(harness.DEADLINE) == 64
    assert "at most 8 sockets" in d.stderr.read_text()
    d.resident = None
    for listener in listeners:
        listener.close()


# Whom it lets in.


def test_connections_at_a_time(door):
    with watched(door, max_connections=2) as (d, told):
        first, second = d.connect(), d.connect()
        third = d.socket()
        assert read_all(third) == ALERT_ACCESS_DENIED
        sessions.leave(first)
        told.status("^STATUS=1 connections; 2 served, 1 refused")
        with d.connect() as fourth:
            sessions.leave(fourth)
        sessions.leave(second)
        d.wait()
        [record] = d.records(event="refused", reason="max_connections")
        assert record["peer"] == "127.0.0.1"


def connect_from(d, address):
    client = harness.Client(socket.create_connection(
        ("127.0.0.1", d.port), harness.DEADLINE, source_address=(address, 0)))
    d.clients.append(client)
    return client


def test_connections_of_one_source(door):
    with watched(door, max_source_connections=1, tls="starttls") as (d, _):
        first = d.socket()
        assert first.reply().code == 220
        second = d.socket()
        assert second.reply().code == 421
        assert second.at_end()
        other = connect_from(d, "127.0.0.2")
        assert other.reply().code == 220
        assert len(d.records(event="refused", reason="max_source_connections")) == 1


def test_a_flood_of_refusals_is_counted_not_logged(door):
    with watched(door, max_connections=1) as (d, told):
        first = d.connect()
        for _ in range(40):
            with d.socket() as client:
                assert read_all(client) == ALERT_ACCESS_DENIED
        told.status("^STATUS=1 connections; 1 served, 40 refused")
        # Eight of a span of time, and how many more.
        assert len(d.records(event="refused", reason="max_connections")) == 8
        record = harness.until(
            lambda: d.records(event="refused", reason="too-many"), what="the number")[0]
        assert record["message"] == "Refused 32 more connections"
        sessions.leave(first)


def limit(pid, what):
    """Sets a soft limit of a process of the service's user."""
    more = {}
    if harness.AS_ROOT:
        more = {"user": harness.SERVICE.pw_uid, "group": harness.SERVICE.pw_gid}
    subprocess.run(["prlimit", "--pid", str(pid), f"--{what}:"], check=True, **more)


@needs_root
def test_no_process_for_a_connection(door):
    """Somebody sees a connection closed, and nobody a loop; then all is as before."""
    with watched(door) as (d, told):
        limit(d.resident.pid, "nproc=1")
        for _ in range(3):
            with d.socket() as client:
                assert read_all(client) == b""
        told.status("^STATUS=0 connections; 0 served, 3 refused")
        limit(d.resident.pid, "nproc=1024")
        with d.connect() as client:
            sessions.leave(client)
        [record] = d.records(event="shortage")
        assert "no process" in record["message"]
        assert used_up(d.resident.pid) < 1.0


def used_up(pid):
    """Seconds of processor time."""
    words = (observe.PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@needs_root
def test_no_descriptor_for_a_connection(door):
    with watched(door) as (d, told):
        highest = max(observe.descriptors(d.resident.pid))
        limit(d.resident.pid, f"nofile={highest + 1}")
        for _ in range(3):
            with d.socket() as client:
                assert read_all(client) == b""
        told.status("^STATUS=0 connections; 0 served, 3 refused")
        limit(d.resident.pid, "nofile=1024")
        with d.connect() as client:
            sessions.leave(client)
        [record] = d.records(event="shortage")
        assert "no descriptor" in record["message"]
        assert used_up(d.resident.pid) < 1.0


def test_a_socket_that_listens_no_more(door):
    """Neither its end nor a loop."""
    with watched(door) as (d, _):
        before = used_up(d.resident.pid)
        d.listener.shutdown(socket.SHUT_RDWR)
        [record] = harness.until(lambda: d.records(event="shortage"), what="the record")
        assert record["reason"] == "Invalid argument"
        with pytest.raises(OSError):
            d.socket()
        assert used_up(d.resident.pid) - before < 1.0


# What it is.


@needs_root
def test_a_handler_has_nothing_of_the_parents(door):
    with watched(door) as (d, _):
        password = d.add_user("brad")
        own = set(observe.sockets(d.resident.pid))
        assert own
        with d.connect() as client:
            sessions.log_in(client, "brad", password)
            pair = observe.Pair(d, client)
            for pid in (pair.smtp, pair.tls):
                assert not own & set(observe.sockets(pid))
            kinds = sorted(observe.descriptors(pair.smtp).values())
            assert not [what for what in kinds if "signalfd" in what or "memfd" in what]
            assert len([what for what in kinds if what.startswith("socket:")]) == 2, kinds


def test_started_as_root_it_becomes_the_user(door, programs):
    if not harness.AS_ROOT:
        pytest.skip("needs root")
    d = door(listen=False, handoff="resident", user="nobody")
    d.listener = socket.create_server(("127.0.0.1", 0))
    d.port = d.listener.getsockname()[1]
    d.resident = subprocess.Popen(
        [programs.path / "postern-smtpd", "-c", d.conf], stdin=d.listener, cwd=d.dir,
        env=programs.environment())
    with d.connect() as client:
        pair = observe.Pair(d, client)
        for pid in (d.resident.pid, pair.smtp, pair.tls):
            state = observe.status(pid)
            assert set(state["Uid"].split()) == {str(harness.SERVICE.pw_uid)}
            assert state["NoNewPrivs"] == "1" and int(state["CapEff"], 16) == 0


def test_without_such_a_user(door, programs):
    if not harness.AS_ROOT:
        pytest.skip("needs root")
    d = door(listen=False, user="no-such-user")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = subprocess.run(
            [programs.path / "postern-smtpd", "-c", d.conf], stdin=listener, text=True,
            stderr=subprocess.PIPE, timeout=harness.DEADLINE)
    assert done.returncode == 78 and "no-such-user" in done.stderr


def test_a_faulty_configuration_at_the_start(door):
    d = door(listen=False, handoff="resident", frobnicate="yes")
    d.listener = socket.create_server(("127.0.0.1", 0))
    d.start_resident(d.listener)
    assert d.resident.wait(harness.DEADLINE) == 78
    assert "frobnicate" in d.stderr.read_text()
    d.resident = None
    d.listener.close()


# How it ends.


def test_stop_lets_a_transaction_come_to_its_end(door):
    with watched(door) as (d, told):
        password = d.add_user("brad")
        busy, idle = d.connect(), d.connect()
        sessions.log_in(busy, "brad", password)
        sessions.begin(busy, USER, [USER])
        busy.send(b"Subject: half\r\n\r\n")
        d.resident.terminate()
        told.wait("STOPPING=1\nSTATUS=Stopping, with 2 connections")
        assert idle.reply().code == 421
        assert idle.at_end()
        # Nobody is taken from the socket any more, which is the test's still.
        late = d.socket()
        busy.send(b"the rest\r\n")
        assert busy.command(".").code == 250
        assert busy.reply().code == 421
        assert busy.at_end()
        assert d.resident.wait(harness.DEADLINE) == 0
        assert harness.waiting_to_be_accepted(d.port) == 1
        late.close()
        assert len(d.messages(USER)) == 1


def test_stop_does_not_wait_for_ever(door):
    with watched(door) as (d, told):
        client = d.connect()
        [smtp] = handlers(d)
        os.kill(smtp, signal.SIGSTOP)
        d.resident.send_signal(signal.SIGINT)
        told.wait("STOPPING=1")
        assert d.resident.wait(harness.DEADLINE) == 0
        with pytest.raises((OSError, EOFError)):
            client.reply()
        assert d.records(event="stopped", reason="timeout")


def test_handlers_outlive_a_parent_that_is_killed(door):
    with watched(door) as (d, _):
        password = d.add_user("brad")
        with d.connect() as client:
            sessions.log_in(client, "brad", password)
            d.resident.kill()
            d.resident.wait()
            sessions.send(client, USER, [USER], MESSAGE)
            sessions.leave(client)
        d.resident = None
        d.wait()
        assert len(d.messages(USER)) == 1
        d.listener.close()
