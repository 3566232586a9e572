# SPDX-License-Identifier: ISC
"""What the tests of the client share: fixtures, and the words of a server that answers as
ours does."""

import re

import pytest

import harness
from scripted import Pki, Terminal

BANNER = "220 447.edu SMTP Services Ready."
OPENING = "Postern SMTP client running...\n(Type 'quit' to exit SMTP client.)\n"
USERNAME, PASSWORD = "334 dXNlcm5hbWU=", "334 cGFzc3dvcmQ="
EHLO = re.compile(r"EHLO [A-Za-z0-9.-]+")
OFFERS = ("250-447.edu", "250-SIZE 100000", "250-8BITMIME", "250 AUTH PLAIN LOGIN")
BYE = "221 447.edu closing connection"
PASSPHRASE = "q7wm-8xkd-v3rt-p2nz-h6yc"


def silent(peer):
    while peer.sock.recv(65536):
        pass


def delivery(mail="MAIL FROM:<brad@447.edu> SIZE=21", to=("ann@447.edu",), got=None,
             offers=OFFERS, login=(), answers=None, end="250 2.0.0 Message Received"):
    """A server that takes one message; what came is put into got."""
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *offers)
        for want, *replies in login:
            peer.expect(want, *replies)
        peer.expect(mail, "250 2.1.0 OK")
        for address in to:
            peer.expect(f"RCPT TO:<{address}>", (answers or {}).get(address, "250 2.1.5 OK"))
        if any((answers or {}).get(address, "2")[0] == "2" for address in to):
            peer.expect("DATA", "354 Go on")
            message = peer.message()
            if got is not None:
                got.append(message)
            peer.send(end)
        peer.expect("QUIT", BYE)
        assert peer.at_end()
    return play


@pytest.fixture(scope="module")
def pki():
    pki = Pki()
    yield pki
    pki.close()


@pytest.fixture
def home():
    path = harness.folder("postern-home-")
    yield path
    harness.shutil.rmtree(path, ignore_errors=True)


class Caller:
    """Runs postern against a scripted server, with a home of its own."""

    def __init__(self, programs, pki, home):
        self.programs, self.pki, self.home = programs, pki, home

    def options(self, port, cert="client", ca="ca", host="localhost", more=()):
        words = ["--server", f"{host}:{port}", "--ca", self.pki.path(ca), "--timeout", "10"]
        if cert:
            words += ["--cert", self.pki.path(cert), "--key", self.pki.path(cert, "key")]
        return [*words, *more]

    def run(self, *args, input="", check=False, **more):
        return self.programs.run(
            "postern", *args, input=input, check=check, env={"HOME": str(self.home)}, **more)

    def talk(self, server, input, *more, **options):
        return self.run(*self.options(server.port, more=more, **options), input=input)

    def send(self, server, *more, input="Subject: Test\n\nHi\n", **options):
        words = self.options(server.port, **options)
        return self.run("send", *words, *more, input=input)

    def terminal(self, server, *more, command=(), stdin=None, plain=True, **options):
        """At a terminal; plain: without line editing."""
        more = (*more, *options.pop("more", ()))
        if plain and not command:
            more = (*more, "--plain")
        words = [*command, *self.options(server.port, more=more, **options)]
        return Terminal(lambda **popen: self.programs.popen(
            "postern", *words, env={"HOME": str(self.home), "TERM": "xterm"}, **popen), stdin)

    def file(self, name, text, mode=0o600):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        harness.give(self.home)
        return path


@pytest.fixture
def caller(programs, pki, home):
    return Caller(programs, pki, home)
