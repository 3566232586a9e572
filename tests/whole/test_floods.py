# SPDX-License-Identifier: ISC
"""Floods, in resident mode and on a real systemd: whoever is somebody else gets in
meanwhile, and afterwards all is as it was."""

import contextlib
import os
import random
import signal
import socket
import threading

import pytest

import floods
import harness
import installed
import observe
import sessions
from resident import handlers, watched
from smtpline import Client

USER = "brad@447.edu"
GOOD = "127.0.0.77"
GUESTS, SENDERS, MESSAGES = 3, 8, 12


class Resident:
    """A resident parent, unprivileged."""

    def __init__(self, door, told):
        self.door, self.told, self.port, self.client = door, told, door.port, door
        self.password = door.add_user("brad")

    def messages(self):
        return [path.read_bytes() for path in self.door.mail.glob("*/*/new/*")]

    def settle(self):
        self.told.status("^STATUS=0 connections")
        self.door.wait()

    def memory_kb(self):
        """Of what stays, nobody being connected."""
        lines = (observe.PROC / str(self.door.resident.pid) / "status").read_text()
        return int(lines.split("VmRSS:")[1].split()[0])

    def kill_one(self):
        pids = [pid for smtp in handlers(self.door) for pid in (smtp, *observe.children(smtp))]
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(pids), signal.SIGKILL)


class Machine:
    """The unit for each connection, of systemd."""

    def __init__(self, programs, keys):
        self.door = installed.Door(programs, keys, units=("postern",))
        self.port, self.client = self.door.ports["postern"], self.door.client
        self.password = self.door.password

    def messages(self):
        return [path.read_bytes() for path in self.door.messages()]

    def settle(self):
        harness.until(lambda: not self.door.instances(), timeout=60,
                      what="the end of all instances")
        assert self.door.machine.systemctl("is-active", "postern.socket").stdout == "active\n"

    def memory_kb(self):
        return 0

    def kill_one(self):
        instances = self.door.instances()
        if instances:
            self.door.machine.systemctl("kill", "-s", "KILL", random.choice(instances),
                                        check=False)

    def close(self):
        self.door.close()


def come(target):
    """Somebody whose key is good, from another address."""
    sock = socket.create_connection(("127.0.0.1", target.port), harness.DEADLINE,
                                    source_address=(GOOD, 0))
    client = Client(sock).start_tls(target.client.context(USER))
    assert client.reply().code == 220
    sessions.log_in(client, USER, target.password)
    return client


def send(target, text):
    with come(target) as client:
        sessions.send(client, USER, [USER], text)
        sessions.leave(client)


def endure(target, which, bundle):
    """Guests come while the flood goes on; afterwards it is as before."""
    before, stored = target.memory_kb(), len(target.messages())
    flood, first = floods.FLOODS[which]
    flood.bundle = bundle
    running = floods.Flood(flood, target.port, first)
    try:
        for n in range(GUESTS):
            send(target, b"Subject: %d\r\n\r\nIn spite of all.\r\n" % n)
    finally:
        running.close()
    target.settle()
    assert len(target.messages()) == stored + GUESTS
    send(target, b"Subject: afterwards\r\n\r\nStill there.\r\n")
    target.settle()
    assert target.memory_kb() <= before + 2048


@pytest.mark.parametrize("which", floods.FLOODS)
def test_resident(door, keys, which):
    with watched(door, limit_address_connections=0, limit_device_connections=0) as (d, told):
        endure(Resident(d, told), which, keys.client("carol@447.edu"))


def senders(target, accepted, stop):
    """One sender: its messages that were accepted are noted, the others are lost with their
    connection."""
    def run(number):
        for n in range(MESSAGES):
            text = f"Subject: {number}.{n}\r\n\r\nOne of many.\r\n".encode()
            try:
                send(target, text)
            except (OSError, EOFError, AssertionError):
                continue
            accepted.append(f"Subject: {number}.{n}".encode())
    threads = [threading.Thread(target=run, args=(n,)) for n in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()


def survive(target):
    """Processes are killed at random while messages come: whatever was accepted is there,
    once, and nothing is there twice."""
    accepted, stop = [], threading.Event()
    sending = threading.Thread(target=senders, args=(target, accepted, stop))
    sending.start()
    while not stop.wait(0.05):
        target.kill_one()
    sending.join()
    send(target, b"Subject: last\r\n\r\nStill there.\r\n")
    target.settle()
    found = [line for message in target.messages() for line in message.splitlines()
             if line.startswith(b"Subject: ") and b"." in line]
    assert len(found) == len(set(found))
    assert set(accepted) <= set(found)
    assert accepted


def test_resident_with_processes_killed(door):
    with watched(door, limit_user_failures=0, limit_address_failures=0) as (d, told):
        target = Resident(d, told)
        survive(target)


@pytest.fixture(name="machine", scope="module")
def fixture_machine(programs, keys):
    machine = Machine(programs, keys)
    yield machine
    machine.close()


on_systemd = [
    pytest.mark.skipif(not harness.AS_ROOT, reason="a machine is booted by root alone"),
    pytest.mark.xdist_group("machine"),
]


class TestOnSystemd:
    pytestmark = on_systemd

    @pytest.mark.parametrize("which", floods.FLOODS)
    def test_flood(self, machine, keys, which):
        endure(machine, which, keys.client("carol@447.edu"))

    def test_processes_killed(self, machine):
        survive(machine)
