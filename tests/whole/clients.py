# SPDX-License-Identifier: ISC
"""What the tests of other people's mail programs share.

Account    one user behind a door of his own, with what a client of his needs: a bundle, a
           password, a home, and the configurations of contrib/clients filled in for him
MESSAGE    a message with everything that may go wrong on its way, as it is stored; the same
           with CRLF is WIRE

A client is run as whoever runs the tests, with nothing of their home or environment.
"""

import os
import re
import subprocess

import harness
from certificates import pin_of
from sessions import split_trace

BRAD, ANN = "brad@447.edu", "ann@447.edu"
NOBODY = "nobody@447.edu"
RECIPES = harness.ROOT / "contrib" / "clients"
SECONDS = 60

HEAD = (
    b"Date: Mon, 2 Mar 2026 10:20:30 +0000\n"
    b"From: brad@447.edu\n"
    b"To: ann@447.edu\n"
    b"Message-ID: <1@client.447.edu>\n"
    b"Subject: Test\n")
BODY = (
    b"\n"
    b".A line with a dot\n"
    b"..\n"
    b".\n"
    b"blanks at the end  \n"
    b"\ta tab\n" +
    b"x" * 998 + b"\n"
    b"\n\n"
    b"From here on the end.\n")
MESSAGE = HEAD + b"\n" + BODY
WIRE = MESSAGE.replace(b"\n", b"\r\n")
EIGHT_BIT = HEAD + (
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\nGrüße, 中文\n").encode()


class Account:
    """One user, brad, and ann whom he may write to. untrusted: the certificate of a CA that
    has issued nothing here."""

    def __init__(self, door, untrusted):
        self.door, self.untrusted = door, untrusted
        self.bundle = door.keys.client(BRAD)
        self.pin = pin_of(self.bundle)
        self.password = door.add_user(BRAD)
        door.add_user(ANN)
        self.home = door.dir / "home"
        self.home.mkdir()
        self.recipes = 0

    def values(self, **other):
        """What stands for the words in capitals of contrib/clients; other: in their place."""
        return {
            "HOST": "localhost", "PORT": self.door.port, "CERT": self.bundle.cert,
            "KEY": self.bundle.key, "CA": self.bundle.ca, "USER": BRAD,
            "PASSWORD": self.password, **other}

    def recipe(self, name, more="", **other):
        """The path of a copy of contrib/clients/NAME, filled in; more is put behind it."""
        values = self.values(**other)
        words = re.compile(rf"\b({'|'.join(values)})\b")
        text = (RECIPES / name).read_text()
        self.recipes += 1
        path = self.home / f"{self.recipes}-{name}"
        path.touch(mode=0o700 if path.suffix == ".sh" else 0o600)
        path.write_text(words.sub(lambda m: str(values[m[1]]), text) + more)
        return path

    def file(self, name, data):
        path = self.home / name
        path.write_bytes(data)
        return path

    def run(self, *argv, input=b"", status=0, connections=1, **environment):
        """Runs a client that makes so many connections, until it ends with one of these exit
        statuses (None: any but 0): what it said, both ways."""
        self.door.connected += connections
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8",
               **environment}
        done = subprocess.run(
            list(map(str, argv)), input=input, stdout=subprocess.PIPE, cwd=self.home,
            stderr=subprocess.STDOUT, timeout=SECONDS, env=env)
        said = done.stdout.decode(errors="replace")
        fine = done.returncode != 0 if status is None else done.returncode == status
        assert fine, f"{argv} ended with {done.returncode}: {said}"
        return said

    def stored(self, address=ANN, sender=BRAD):
        """What was stored behind the trace, of the one message that this address got."""
        self.door.wait()
        [message] = self.door.messages(address)
        path, received, text = split_trace(message)
        assert path == sender
        assert f"(user {BRAD})" in received and f"(device {self.pin})" in received, received
        return text

    def logins(self):
        """(user, mechanism) of each login, or (user, None) of one that was refused."""
        self.door.wait()
        found = []
        for record in self.door.records():
            if record["event"] in ("login", "login-failed"):
                by = re.search(r" by ([A-Z0-9-]+)$", record["message"])
                good = record["event"] == "login"
                found.append((record.get("user"), by[1] if good and by else None))
        return found

    def nothing_stored(self):
        self.door.wait()
        assert self.door.messages() == []

    def no_login(self):
        self.door.wait()
        assert not self.door.records(event="login"), self.door.log.read_text()
