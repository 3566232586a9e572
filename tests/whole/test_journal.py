# SPDX-License-Identifier: ISC
"""A journal that the test plays: who starts the server does not matter to it, and one that
does not read stops nobody."""

import os
import signal
import socket
import subprocess

import pytest

import harness
from observe import Pair
from sessions import leave, log_in, send

BRAD = "brad@447.edu"

# The journal's folder in a mount namespace of the handler's own. The handler is started as
# the service's user: a look-up of users may load libraries that it must do without.
AS_JOURNAL = f"""mount -t tmpfs -o mode=755 none /run && mkdir -p /run/systemd/journal &&
    mount --bind "$JOURNAL" /run/systemd/journal &&
    exec setpriv --reuid {harness.SERVICE.pw_uid} --regid {harness.SERVICE.pw_gid} \
        --clear-groups "$0" "$@" """

pytestmark = pytest.mark.skipif(not harness.AS_ROOT, reason="mounts need root")


class Journal:
    def __init__(self):
        self.dir = harness.folder("postern-journal-")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(self.dir / "socket"))
        self.sock.setblocking(False)
        (self.dir / "socket").chmod(0o777)

    def records(self):
        """What waits to be read, as dicts."""
        found = []
        while True:
            try:
                text = self.sock.recv(65536).decode()
            except BlockingIOError:
                return found
            found.append(dict(line.split("=", 1) for line in text.splitlines()))

    def events(self):
        return [r["POSTERN_EVENT"] for r in self.records() if "POSTERN_EVENT" in r]

    def clog(self):
        """Fills it with what is no record of ours."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            other.connect(str(self.dir / "socket"))
            with pytest.raises(BlockingIOError):
                while True:
                    other.send(b"MESSAGE=clog\n")

    def close(self):
        self.sock.close()
        harness.shutil.rmtree(self.dir)


class Door(harness.Door):
    """Handlers that are started as inetd does it, and hear the journal."""

    def __init__(self, programs, keys, journal, **settings):
        self.journal = journal
        super().__init__(programs, keys, **settings)

    def handle(self, conn, *args):
        argv = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", AS_JOURNAL,
                str(self.programs.path / "postern-smtpd"), "-c", str(self.conf), *args]
        env = self.programs.environment(JOURNAL=str(self.journal.dir))
        with open(self.stderr, "ab") as err:
            return subprocess.Popen(argv, stdin=conn, stdout=conn, stderr=err, env=env)


@pytest.fixture
def journalled(programs, keys):
    journal, doors = Journal(), []

    def open_door(**settings):
        doors.append(Door(programs, keys, journal, **settings))
        return doors[-1]

    yield open_door
    for each in doors:
        each.close()
    journal.close()


@pytest.mark.parametrize("log", ["auto", "journal"])
def test_without_systemd(journalled, log):
    """No library is loaded for it behind the walls."""
    d = journalled(log=log)
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        send(client, BRAD, [BRAD], b"x\r\n")
        leave(client)
    d.wait()
    records = d.journal.records()
    assert [r["POSTERN_EVENT"] for r in records] == [
        "admitted", "login", "message-accepted", "closed"]
    assert {r["SYSLOG_IDENTIFIER"] for r in records} == {"postern-smtpd"}
    assert len({r["POSTERN_SESSION"] for r in records}) == 1
    assert records[1]["POSTERN_USER"] == BRAD


def test_a_journal_that_does_not_read_stops_no_mail(journalled):
    d = journalled(log="journal")
    password = d.add_user("brad")
    d.journal.clog()
    with d.connect() as client:
        log_in(client, "brad", password)
        send(client, BRAD, [BRAD], b"x\r\n")
        for _ in range(5):
            client.command("MAIL FROM:<x@example.com>", 550)
        assert d.journal.events() == []
        client.command("MAIL FROM:<x@example.com>", 550)
        lost, refused = d.journal.records()
        assert lost["POSTERN_EVENT"] == "records-lost"
        assert lost["MESSAGE"] == "8 records before this could not be written"
        assert refused["POSTERN_EVENT"] == "refused-command"
        leave(client)
    d.wait()
    assert len(d.messages(BRAD)) == 1


def test_a_journal_that_does_not_read_stops_no_sigterm(journalled):
    d = journalled(log="journal")
    d.journal.clog()
    with d.connect() as client:
        client.command("EHLO client.447.edu", 250)
        os.kill(Pair(d, client).smtp, signal.SIGTERM)
        assert client.reply().code == 421
        assert client.at_end()
    assert d.wait() == [0]


def test_a_journal_that_does_not_read_stops_no_time_limit(journalled):
    d = journalled(log="journal", timeout_command="1")
    d.journal.clog()
    with d.connect() as client:
        assert client.reply().code == 421
        assert client.at_end()
    assert d.wait() == [0]
