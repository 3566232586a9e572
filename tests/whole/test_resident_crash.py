# SPDX-License-Identifier: ISC
"""Processes of a resident parent's connections that crash, and the parent that executes its
program anew because of it."""

import os
import signal

import pytest

import harness
import observe
import sessions
from resident import base_address, handlers, watched

USER = "brad@447.edu"
DEATHS = 16
# A sanitizer takes the other one for its own fault to report.
CRASH = signal.SIGABRT if harness.VARIANT else signal.SIGSEGV


def crash(d, which="smtp", how=CRASH):
    """Opens a connection and ends one of its processes."""
    known = set(handlers(d))
    client = d.connect()
    [smtp] = set(handlers(d)) - known
    [tls] = observe.children(smtp)
    os.kill({"smtp": smtp, "tls": tls}[which], how)
    with pytest.raises((OSError, EOFError)):
        client.reply()
    client.close()
    harness.until(lambda: smtp not in handlers(d), what="the handler's end")
    return smtp, tls


@pytest.mark.parametrize("how", [CRASH, signal.SIGKILL, signal.SIGSYS])
def test_an_smtp_process_that_is_ended(door, how):
    with watched(door) as (d, told):
        password = d.add_user("brad")
        with d.connect() as other:
            sessions.log_in(other, "brad", password)
            smtp, _ = crash(d, "smtp", how)
            told.status("^STATUS=1 connections; 2 served, 0 refused, 1 died")
            [record] = d.records(event="smtp-process-died")
            assert f"smtp process {smtp} of 127.0.0.1 " in record["message"]
            assert record["message"].endswith(f"by signal {int(how)}")
            assert record["reason"] == signal.strsignal(how)
            sessions.send(other, USER, [USER], b"It takes nothing with it.\r\n")
            sessions.leave(other)
        d.wait()
        assert len(d.messages(USER)) == 1


def test_a_tls_process_that_is_ended(door):
    with watched(door) as (d, told):
        with d.connect() as other:
            crash(d, "tls")
            told.status("^STATUS=1 connections; 2 served, 0 refused, 1 died")
            [record] = d.records(event="tls-process-died")
            assert record["reason"] == signal.strsignal(CRASH)
            assert not d.records(event="smtp-process-died")
            sessions.leave(other)


def test_handlers_that_end_well_are_no_deaths(door):
    with watched(door) as (d, told):
        for _ in range(3):
            with d.connect() as client:
                sessions.leave(client)
            d.connect().close()
        told.status("^STATUS=0 connections; 6 served, 0 refused, 0 died")


def test_sixteen_deaths(door):
    """The layout changes; connections, counts and limits stay."""
    with watched(door, max_connections=3) as (d, told):
        password = d.add_user("brad")
        before = base_address(d.resident.pid)
        with d.connect() as busy, d.connect() as idle:
            sessions.log_in(busy, "brad", password)
            sessions.begin(busy, USER, [USER])
            busy.send(b"Subject: half\r\n\r\n")
            for n in range(1, DEATHS + 1):
                assert base_address(d.resident.pid) == before
                crash(d, "tls" if n % 2 else "smtp")
            told.wait("READY=1")
            assert base_address(d.resident.pid) != before
            # Descriptors of the start before are none of the new one's.
            if harness.AS_ROOT:
                kinds = list(observe.descriptors(d.resident.pid).values())
                assert not [what for what in kinds if "memfd" in what]
                assert len([what for what in kinds if "signalfd" in what]) == 2
            third = d.connect()
            with d.socket() as fourth:
                assert fourth.sock.recv(100)[-1] == 49
            told.status(f"^STATUS=3 connections; {DEATHS + 3} served, 1 refused, "
                        f"{DEATHS} died, executed anew 1 times")
            busy.send(b"the rest\r\n")
            assert busy.command(".").code == 250
            sessions.leave(third)
            sessions.leave(busy)
            told.status("^STATUS=1 connections")
            sessions.leave(idle)
        d.wait()
        assert len(d.messages(USER)) == 1
        [record] = d.records(event="executed-anew")
        assert record["pid"] == str(d.resident.pid)
        # And again, behind walls that stand already.
        for _ in range(DEATHS):
            crash(d)
        assert "executed anew 2 times" in told.wait("READY=1")
        with d.connect() as client:
            sessions.leave(client)
        assert not d.records(event="forbidden-call")


def test_no_new_start_by_a_broken_configuration(door):
    with watched(door) as (d, told):
        before = base_address(d.resident.pid)
        d.configure(frobnicate="yes")
        for _ in range(DEATHS):
            crash(d)
        told.status(f"{DEATHS} died, executed anew 0 times")
        assert base_address(d.resident.pid) == before
        assert "configuration is faulty" in d.records(event="fault")[-1]["message"]
        with d.connect() as client:
            sessions.leave(client)
        d.configure(frobnicate=None)
        for _ in range(DEATHS):
            crash(d)
        told.wait("READY=1")
        assert base_address(d.resident.pid) != before


def test_a_state_that_is_not_its_own(door):
    """What is handed over is looked at before it is believed."""
    d = door(listen=False, handoff="resident", env={"POSTERN_AGAIN": "0"})
    d.listen()
    with d.connect() as client:
        sessions.leave(client)
