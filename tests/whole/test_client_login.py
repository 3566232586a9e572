# SPDX-License-Identifier: ISC
"""How `postern send` logs in."""

import base64
import hashlib
import hmac
import re

import pytest

from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, EHLO, OFFERS, PASSPHRASE, delivery
from scripted import Scripted, b64, plain


def test_send_plain(caller, pki):
    path = caller.file("secret", "open sesame\n")
    with Scripted(delivery(login=[(f"AUTH PLAIN {plain('brad@447.edu', 'open sesame')}",
                                   "235 2.7.0 Welcome")]), pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "-v", "ann@447.edu")
    assert result.returncode == 0, result.stderr
    assert plain("brad@447.edu", "open sesame") not in result.stderr
    assert "C: *\n" in result.stderr and "S: 235 2.7.0 Welcome\n" in result.stderr
    assert "TLS1.3" in result.stderr and "C: DATA\n" in result.stderr


def test_send_login(caller, pki):
    path = caller.file("secret", "open sesame\n")
    script = [("AUTH LOGIN", "334 VXNlcm5hbWU6"), (b64("brad@447.edu"), "334 UGFzc3dvcmQ6"),
              (b64("open sesame"), "235 2.7.0 Welcome")]
    with Scripted(delivery(login=script, mail="MAIL FROM:<brad@447.edu>",
                           offers=("250-447.edu", "250 auth login cram-md5")),
                  pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "ann@447.edu")
    assert result.returncode == 0, result.stderr


def test_send_uses_a_kept_password(caller, pki):
    with Scripted(delivery(login=[(f"AUTH PLAIN {plain('brad@447.edu', PASSPHRASE)}",
                                   "235 2.7.0 Welcome")]), pki.context()) as server:
        caller.file(f".local/state/postern/passwords/localhost:{server.port}/brad@447.edu",
                    PASSPHRASE + "\n")
        result = caller.send(server, "--user", "brad@447.edu", "ann@447.edu")
    assert result.returncode == 0, result.stderr


class Scram:
    """The server's half of SCRAM-SHA-256 (RFC 5802, RFC 7677). forge: it does not know the
    password; hurry: it leaves its own proof out."""

    def __init__(self, password="open sesame", forge=False, hurry=False):
        self.password, self.forge, self.hurry = password, forge, hurry

    def __call__(self, peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250 AUTH PLAIN SCRAM-SHA-256")
        line = peer.line()
        assert line.startswith("AUTH SCRAM-SHA-256 "), line
        first = base64.b64decode(line.split()[2]).decode()
        header, bare = first[:3], first[3:]
        nonce = bare.split(",r=")[1]
        assert header == "n,," and bare.startswith("n=brad@447.edu,r=")
        salt, rounds = b"0123456789abcdef", 4096
        server_first = f"r={nonce}server,s={base64.b64encode(salt).decode()},i={rounds}"
        peer.send(f"334 {b64(server_first)}")
        final = base64.b64decode(peer.line()).decode()
        message, _, proof = final.rpartition(",p=")
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), salt, rounds)
        key = hmac.digest(salted, b"Client Key", "sha256")
        auth = f"{bare},{server_first},{message}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), auth, "sha256")
        good = bytes(a ^ b for a, b in zip(key, signature)) == base64.b64decode(proof)
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        mine = hmac.digest(b"x" if self.forge else server_key, auth, "sha256")
        if not good:
            peer.send("535 5.7.8 Wrong")
        elif self.hurry:
            peer.send("235 2.7.0 Welcome")
        else:
            peer.send(f"334 {b64('v=' + base64.b64encode(mine).decode())}")
            peer.expect("*" if self.forge else "",
                        "501 Oh" if self.forge else "235 2.7.0 Welcome")
        if good and not self.forge and not self.hurry:
            peer.expect("MAIL FROM:<brad@447.edu>", "250 OK")
            peer.expect("RCPT TO:<ann@447.edu>", "250 OK")
            peer.expect("DATA", "354 Go on")
            peer.message()
            peer.send("250 OK")
            peer.expect("QUIT", BYE)


@pytest.mark.parametrize("server_does, status, words", [
    ({}, 0, ""),
    ({"password": "another"}, 77, "535 5.7.8 Wrong"),
    ({"forge": True}, 76, "has not proved that it knows the password"),
    ({"hurry": True}, 76, "before it has proved"),
])
def test_send_scram(caller, pki, server_does, status, words):
    path = caller.file("secret", "open sesame\n")
    with Scripted(Scram(**server_does), pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "-v", "ann@447.edu")
    assert result.returncode == status, result.stderr
    assert words in result.stderr
    assert "S: 334 *\n" in result.stderr
    assert not re.search(r"[A-Za-z0-9+/]{24}", re.sub(r"(?m)^postern: .*", "", result.stderr))


@pytest.mark.parametrize("offers, reply, status, words", [
    (OFFERS, "535 5.7.8 Wrong", 77, "535 5.7.8 Wrong"),
    (OFFERS, "454 4.7.0 Not now", 75, "454 4.7.0 Not now"),
    (OFFERS, "250 OK", 76, "250 OK"),
    (("250-447.edu", "250 AUTH CRAM-MD5 XOAUTH2"), None, 77, "no login that can be used"),
    (("250 447.edu",), None, 77, "no login that can be used"),
])
def test_send_login_refused(caller, pki, offers, reply, status, words):
    path = caller.file("secret", "open sesame\n")

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *offers)
        if reply:
            peer.expect(re.compile("AUTH PLAIN .*"), reply)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "ann@447.edu")
    assert result.returncode == status, result.stderr
    assert words in result.stderr


EXTERNAL = ("250-447.edu", "250-SIZE 100000", "250 AUTH EXTERNAL PLAIN")


@pytest.mark.parametrize("user, initial", [
    (("-f", "brad@447.edu"), "="),
    (("--user", "brad@447.edu"), b64("brad@447.edu")),
    (("--user", "brad", "-f", "brad@447.edu"), b64("brad")),
])
def test_send_by_the_certificate(caller, pki, user, initial):
    with Scripted(delivery(offers=EXTERNAL, login=[(f"AUTH EXTERNAL {initial}",
                                                    "235 2.7.0 Welcome")]),
                  pki.context()) as server:
        result = caller.send(server, *user, "-v", "ann@447.edu")
    assert result.returncode == 0, result.stderr
    assert f"C: AUTH EXTERNAL {initial}\n" in result.stderr


def test_password_where_the_certificate_is_not_enough(caller, pki):
    script = [(f"AUTH EXTERNAL {b64('brad@447.edu')}", "535 5.7.8 Not by that"),
              (f"AUTH PLAIN {plain('brad@447.edu', PASSPHRASE)}", "235 2.7.0 Welcome")]
    with Scripted(delivery(offers=EXTERNAL, login=script), pki.context()) as server:
        caller.file(f".local/state/postern/passwords/localhost:{server.port}/brad@447.edu",
                    PASSPHRASE + "\n")
        result = caller.send(server, "--user", "brad@447.edu", "-v", "ann@447.edu")
    assert result.returncode == 0, result.stderr
    assert "535 5.7.8 Not by that" in result.stderr
    assert plain("brad@447.edu", PASSPHRASE) not in result.stderr


def test_password_that_is_asked_for(caller, pki):
    """Whoever names a password's file wants that."""
    path = caller.file("secret", "open sesame\n")
    login = [(f"AUTH PLAIN {plain('brad@447.edu', 'open sesame')}", "235 2.7.0 Welcome")]
    with Scripted(delivery(offers=EXTERNAL, login=login), pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "--password-file", str(path),
                             "ann@447.edu")
    assert result.returncode == 0, result.stderr


def test_nobody_in_particular_may_do_without(caller, pki):
    with Scripted(delivery(offers=EXTERNAL, login=[("AUTH EXTERNAL =", "535 5.7.8 No")]),
                  pki.context()) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("reply, status", [
    ("535 5.7.8 Wrong", 77), ("454 4.7.0 Not now", 75), ("334 ", 76), ("504 5.5.4 No", 77)])
def test_certificate_refused(caller, pki, reply, status):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *EXTERNAL)
        peer.expect(f"AUTH EXTERNAL {b64('brad@447.edu')}", reply)

    with Scripted(play, pki.context()) as server:
        result = caller.send(server, "--user", "brad@447.edu", "ann@447.edu")
    assert result.returncode == status, result.stderr
    assert reply.strip() in result.stderr


def test_no_certificate_no_external(caller, pki):
    """A server that knows us by other means may offer what we have not got."""
    with Scripted(delivery(offers=EXTERNAL), pki.context(verify=False)) as server:
        result = caller.send(server, "-f", "brad@447.edu", "ann@447.edu", cert=None)
    assert result.returncode == 0, result.stderr


def test_no_password_in_the_clear(caller):
    path = caller.file("secret", "open sesame\n")

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, *OFFERS)
        assert peer.at_end()

    with Scripted(play) as server:
        result = caller.run(
            "send", "--tls", "off", "--server", f"127.0.0.1:{server.port}", "--user",
            "brad@447.edu", "--password-file", path, "ann@447.edu", input="x\n")
    assert result.returncode == 77 and "without TLS" in result.stderr


def test_offers_in_the_clear_are_forgotten(caller, pki):
    path = caller.file("secret", "open sesame\n")

    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250-STARTTLS", "250 AUTH PLAIN")
        peer.expect("STARTTLS", "220 Go on")
        peer.start_tls(pki.context())
        peer.expect(EHLO, "250 447.edu")
        assert peer.at_end()

    with Scripted(play) as server:
        result = caller.send(server, "--starttls", "--user", "brad@447.edu",
                             "--password-file", str(path), "ann@447.edu")
    assert result.returncode == 77 and "no login that can be used" in result.stderr
