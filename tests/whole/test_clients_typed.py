# SPDX-License-Identifier: ISC
"""A person who types into openssl s_client or gnutls-cli, with contrib/clients/openssl.sh and
contrib/clients/gnutls-cli.sh: lines of a terminal, which end in LF."""

import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest

import harness
from clients import ANN, BRAD, MESSAGE
from sessions import plain, stuffed

PROGRAMS = ["openssl", "gnutls-cli"]
OPTIONS = {
    ("openssl", "1.2"): ["-tls1_2"],
    ("openssl", "1.3"): ["-tls1_3"],
    ("gnutls-cli", "1.2"): ["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.2"],
    ("gnutls-cli", "1.3"): ["--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3"],
}
STARTTLS = {"openssl": ["-starttls", "smtp"], "gnutls-cli": ["--starttls-proto=smtp"]}
# On an implicit port both show the greeting. Behind STARTTLS the last line that s_client has
# read in the clear shows that it is ready, and gnutls-cli says so.
READY = {"openssl": r"^250 ", "gnutls-cli": r"Handshake was completed"}


class Typing:
    """A program whose standard input is a terminal: it gets what is typed line by line."""

    def __init__(self, account, argv):
        account.door.connected += 1
        self.keyboard, terminal = pty.openpty()
        settings = termios.tcgetattr(terminal)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, settings)
        self.process = subprocess.Popen(
            list(map(str, argv)), stdin=terminal, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=account.home,
            env={"HOME": str(account.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
        os.close(terminal)
        self.said, self.read = "", 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        os.close(self.keyboard)

    def until(self, pattern):
        """Reads on to a line that the pattern is found in, behind those that were awaited."""
        end = time.monotonic() + harness.DEADLINE
        while not (found := re.search(pattern, self.said[self.read:], re.MULTILINE)):
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            assert ready, f"{pattern} is not in {self.said}"
            more = self.process.stdout.read1()
            assert more, f"ended without {pattern}: {self.said}"
            self.said += more.decode(errors="replace")
        self.read += found.end()

    def type(self, text, *codes):
        os.write(self.keyboard, text.encode() if isinstance(text, str) else text)
        for code in codes:
            self.until(rf"^{code} ")

    def end(self):
        """The program leaves by itself once the server has."""
        self.process.wait(harness.DEADLINE)


def message():
    """As it is typed, with the dot that ends it."""
    return stuffed(MESSAGE.replace(b"\n", b"\r\n")).replace(b"\r\n", b"\n")


def dialogue(a, t):
    t.type("ehlo client.447.edu\n", 250)
    t.type(f"auth plain {plain(BRAD, a.password)}\n", 235)
    # A line that begins with R or Q is one of s_client's commands in other modes of it.
    t.type(f"MAIL FROM:<{BRAD}>\n", 250)
    t.type(f"RCPT TO:<{ANN}>\n", 250)
    t.type("DATA\n", 354)
    t.type(message(), 250)
    t.type("QUIT\n", 221)
    t.end()


@pytest.mark.every_build
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_implicit_tls(account, program, tls):
    a = account()
    with Typing(a, [a.recipe(f"{program}.sh"), *OPTIONS[program, tls]]) as t:
        t.until("^220 ")
        dialogue(a, t)
    assert a.stored() == MESSAGE
    [admitted] = a.door.records(event="admitted")
    assert f"TLS{tls}" in admitted["message"]


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_starttls(account, program, tls):
    a = account(tls="starttls")
    with Typing(a, [a.recipe(f"{program}.sh"), *OPTIONS[program, tls],
                    *STARTTLS[program]]) as t:
        t.until(READY[program])
        dialogue(a, t)
    assert a.stored() == MESSAGE


@pytest.mark.parametrize("program", PROGRAMS)
def test_classic_dialogue(account, program):
    """The loose forms that people type, and a line that is not one."""
    a = account()
    with Typing(a, [a.recipe(f"{program}.sh")]) as t:
        t.until("^220 ")
        t.type("helo brad\n", 250)
        t.type("hello there\n", 500)
        t.type(f"auth plain {plain(BRAD, a.password)}\n", 235)
        t.type(f"mail from {BRAD}\n", 250)
        t.type(f"rcpt to {ANN}\n", 250)
        t.type("data\n", 354)
        t.type(message(), 250)
        t.type("quit\n", 221)
        t.end()
    assert a.stored() == MESSAGE


@pytest.mark.parametrize("program", PROGRAMS)
def test_everything_pasted_at_once(account, program):
    a = account()
    with Typing(a, [a.recipe(f"{program}.sh")]) as t:
        t.until("^220 ")
        t.type("EHLO client.447.edu\n", 250)
        t.type(f"AUTH PLAIN {plain(BRAD, a.password)}\n", 235)
        t.type(f"MAIL FROM:<{BRAD}>\nRCPT TO:<{ANN}>\nDATA\n", 250, 250, 354)
        t.type(message() + b"QUIT\n", 250, 221)
        t.end()
    assert a.stored() == MESSAGE


@pytest.mark.parametrize("program", PROGRAMS)
def test_untrusted_server(account, program):
    a = account()
    assert a.run(a.recipe(f"{program}.sh", CA=a.untrusted), status=1)
    a.no_login()
