# SPDX-License-Identifier: ISC
"""Resident Postern on a real systemd: started by a connection, told to reload and to stop,
watched over, and started again when it is gone."""

import pytest

import harness
import sessions
from installed import CONFIGURATION, MESSAGE, USER, Door

pytestmark = [
    pytest.mark.skipif(not harness.AS_ROOT, reason="a machine is booted by root alone"),
    pytest.mark.xdist_group("machine"),
]

SERVICE = "postern-resident.service"
SOCKETS = ("postern-resident", "postern-resident-submission")


class Resident(Door):
    def __init__(self, programs, keys):
        super().__init__(programs, keys, units=SOCKETS)

    def show(self, what):
        return self.machine.systemctl("show", "-P", what, SERVICE).stdout.strip()

    def shows(self, what, text):
        return harness.until(lambda: text in self.show(what) and self.show(what),
                             what=f"{what} with {text}")

    def settle(self):
        self.shows("StatusText", "0 connections")


@pytest.fixture(scope="module")
def door(programs, keys):
    door = Resident(programs, keys)
    yield door
    door.close()


def crash(door, pid):
    door.run("sh", "-c", f"kill -SEGV {pid}")


def test_a_connection_starts_it(door):
    assert door.show("ActiveState") == "inactive"
    before = len(door.messages())
    client = door.log_in()
    assert door.show("ActiveState") == "active"
    door.shows("StatusText", "1 connections; 1 served")
    sessions.send(client, USER, [USER], MESSAGE)
    sessions.leave(client)
    door.settle()
    assert len(door.messages()) == before + 1
    record = door.journal(event="message-accepted", peer=client.name)[-1]
    assert record["_SYSTEMD_UNIT"] == SERVICE
    assert record["SYSLOG_IDENTIFIER"] == "postern-smtpd"
    assert record["_PID"] != door.show("MainPID")
    session = door.journal(session=record["POSTERN_SESSION"])
    assert [r["POSTERN_EVENT"] for r in session] == [
        "admitted", "login", "message-accepted", "closed"]


def test_nothing_wrong_is_said(door):
    assert door.machine.systemctl("--failed", "--no-legend", "--plain").stdout == ""
    said = door.run("journalctl", "--no-pager", "-p", "warning", "-u", SERVICE).stdout
    assert "postern" not in said, said


def test_the_other_socket_is_its_own_as_well(door):
    client = door.client.socket(door.ports[SOCKETS[1]])
    assert client.reply().code == 220
    client.command("EHLO client.447.edu", 250)
    client.command("STARTTLS", 220)
    client.start_tls(door.client.context(USER))
    sessions.log_in(client, USER, door.password)
    door.shows("StatusText", "1 connections")
    sessions.leave(client)
    door.settle()
    assert door.instances() == []


def test_reload(door):
    pid = door.show("MainPID")
    client = door.log_in()
    door.put("/etc/postern/postern.conf", CONFIGURATION.replace(
        "hostname = 447.edu", "hostname = mail.447.edu"))
    try:
        door.machine.systemctl("reload", SERVICE)
        harness.until(lambda: door.journal(event="configuration-read"), what="the record")
        with door.connect() as other:
            assert other.banner.text.startswith("mail.447.edu ")
        sessions.leave(client)
    finally:
        door.put("/etc/postern/postern.conf", CONFIGURATION)
    door.machine.systemctl("reload", SERVICE)
    door.shows("ActiveState", "active")
    assert door.show("MainPID") == pid


def test_it_is_watched(door):
    pid = door.show("MainPID")
    assert door.show("WatchdogUSec") == "20s"
    before = int(door.show("WatchdogTimestampMonotonic"))
    harness.until(lambda: int(door.show("WatchdogTimestampMonotonic")) > before,
                  timeout=30, what="a sign of life")
    assert door.show("MainPID") == pid


def test_executed_anew_it_is_the_same_service(door):
    pid = door.show("MainPID")
    client = door.log_in()
    served = int(door.show("StatusText").split("; ")[1].split()[0])
    for n in range(1, 17):
        other = door.connect()
        door.shows("StatusText", f"{served + n} served")
        record = harness.until(lambda name=other.name: door.journal(
            event="admitted", peer=name), what="its record")[0]
        crash(door, record["_PID"])
        with pytest.raises((OSError, EOFError)):
            other.reply()
        door.shows("StatusText", "1 connections")
    door.shows("StatusText", "executed anew 1 times")
    assert door.show("MainPID") == pid
    assert len(door.journal(event="smtp-process-died")) == 16
    sessions.send(client, USER, [USER], MESSAGE)
    sessions.leave(client)
    door.settle()


def test_a_crash_of_the_parent_closes_no_port(door):
    pid = door.show("MainPID")
    crash(door, pid)
    client = door.log_in()
    sessions.leave(client)
    harness.until(lambda: door.show("MainPID") not in ("0", pid), what="another parent")
    door.settle()
    assert door.show("Result") == "success"


def test_stop_in_mid_transaction_finishes_it(door):
    before = len(door.messages())
    client = door.log_in()
    sessions.begin(client, USER, [USER])
    client.send(b"Subject: half\r\n\r\n")
    door.machine.systemctl("stop", "--no-block", f"{SOCKETS[0]}.socket",
                           f"{SOCKETS[1]}.socket", SERVICE)
    door.shows("StatusText", "Stopping, with 1 connections")
    client.send(b"the rest\r\n")
    assert client.command(".").code == 250
    assert client.reply().code == 421
    assert client.at_end()
    door.shows("ActiveState", "inactive")
    assert door.show("Result") == "success"
    assert len(door.messages()) == before + 1
    door.machine.systemctl("start", f"{SOCKETS[0]}.socket", f"{SOCKETS[1]}.socket")
    sessions.leave(door.log_in())


def test_a_broken_configuration_at_the_start(door):
    door.machine.systemctl("stop", SERVICE)
    door.put("/etc/postern/postern.conf", CONFIGURATION + "frobnicate = yes\n")
    try:
        assert door.machine.systemctl("start", SERVICE, check=False).returncode
        assert door.show("ExecMainStatus") == "78"
        said = door.run("journalctl", "--no-pager", "-o", "cat", "-u", SERVICE).stdout
        assert "frobnicate" in said
    finally:
        door.put("/etc/postern/postern.conf", CONFIGURATION)
    door.machine.systemctl("start", SERVICE)
    sessions.leave(door.log_in())
