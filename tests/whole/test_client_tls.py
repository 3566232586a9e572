# SPDX-License-Identifier: ISC
"""The client's TLS against servers that do as they are told: who is trusted, how a refused
certificate is explained, STARTTLS, and no TLS at all. Servers that lie, stall or talk
nonsense are in test_client_hostile.py."""

import ssl

import pytest

from calling import caller, home, pki  # noqa: F401: fixtures
from calling import BANNER, BYE, EHLO, OPENING
from scripted import Scripted


# STARTTLS.

def starttls(context, injected=b"", offer="250 STARTTLS", reply="220 Go on"):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", offer)
        if "STARTTLS" not in offer:
            assert peer.at_end()
            return
        assert peer.line() == "STARTTLS"
        peer.raw(reply.encode() + b"\r\n" + injected)
        if injected or not reply.startswith("220"):
            assert peer.at_end()
            return
        peer.start_tls(context)
        peer.expect("NOOP", "250 OK")
        peer.expect("quit", BYE)
    return play


def test_starttls(caller, pki):
    with Scripted(starttls(pki.context())) as server:
        result = caller.talk(server, "quit\n", "--starttls")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{OPENING}{BANNER}\n{BYE}\n"


@pytest.mark.parametrize("broken, words", [
    ({"injected": b"250 injected\r\n"}, "in the clear behind its reply to STARTTLS"),
    ({"injected": b"\x16\x03\x03"}, "in the clear behind its reply to STARTTLS"),
    ({"offer": "250 SIZE"}, "does not offer STARTTLS"),
    ({"reply": "250 Fine"}, "answers STARTTLS with: 250 Fine"),
])
@pytest.mark.parametrize("form", ["interactive", "send"])
def test_starttls_that_is_not_one(caller, pki, broken, words, form):
    with Scripted(starttls(pki.context(), **broken)) as server:
        if form == "send":
            result = caller.send(server, "-f", "a@b.c", "--starttls", "d@e.f")
        else:
            result = caller.talk(server, "quit\n", "--starttls")
    assert result.returncode == 76, result.stderr
    assert words in result.stderr and BANNER not in result.stdout


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("form", ["interactive", "send"])
def test_refused_behind_starttls(caller, pki, form, tls):
    def play(peer):
        peer.send(BANNER)
        peer.expect(EHLO, "250-447.edu", "250 STARTTLS")
        peer.expect("STARTTLS", "220 Go on")
        with pytest.raises(ssl.SSLError):
            peer.start_tls(pki.context(tls=tls))

    with Scripted(play) as server:
        if form == "send":
            result = caller.send(
                server, "-f", "a@b.c", "--starttls", "d@e.f", cert="client-foreign")
        else:
            result = caller.talk(server, "quit\n", "--starttls", cert="client-foreign")
    assert result.returncode == 76, result.stderr
    assert "does not know who issued our certificate" in result.stderr
    assert BANNER not in result.stdout


# In the clear.

def test_in_the_clear_on_this_machine(caller):
    def play(peer):
        peer.send(BANNER)
        peer.expect("quit", BYE)

    with Scripted(play) as server:
        result = caller.run("--tls", "off", "127.0.0.1", server.port, input="quit\n")
        assert (result.returncode, result.stdout) == (0, f"{OPENING}{BANNER}\n{BYE}\n")


def test_in_the_clear_elsewhere_is_refused(caller):
    result = caller.run("--tls", "off", "192.0.2.1", "25")
    assert result.returncode == 64
    assert "192.0.2.1 is not this machine" in result.stderr


# The server's certificate.

@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("shown, ca, host, words", [
    ("misnamed", "ca", "localhost", "is not for localhost"),
    ("server", "ca", "127.0.0.2", "is not for 127.0.0.2"),
    ("foreign", "ca", "localhost", "was not issued by a CA in"),
    ("pinned", "ca", "localhost", "was not issued by a CA in"),
    ("expired", "ca", "localhost", "has expired"),
    ("purpose", "ca", "localhost", "was not made for a server"),
    ("weak", "weak", "localhost", "too weak"),
])
def test_server_that_is_not_trusted(caller, pki, shown, ca, host, words, tls):
    with Scripted(lambda peer: None, pki.context(shown, tls, verify=False),
                  "0.0.0.0") as server:
        result = caller.talk(server, "quit\n", ca=ca, host=host)
        sent = caller.send(server, "-f", "a@b.c", "d@e.f", ca=ca, host=host)
    assert (result.returncode, sent.returncode) == (76, 76)
    assert words in result.stderr and words in sent.stderr
    assert result.stdout == OPENING


@pytest.mark.parametrize("shown, ca, host", [
    ("server", "ca", "localhost"), ("server", "ca", "127.0.0.1"),
    ("pinned", "pinned", "localhost")])
def test_server_that_is_trusted(caller, pki, shown, ca, host):
    with Scripted(lambda peer: (peer.send(BANNER), peer.expect("quit", BYE)),
                  pki.context(shown)) as server:
        assert caller.talk(server, "quit\n", ca=ca, host=host).returncode == 0


def test_ipv6(caller, pki):
    with Scripted(lambda peer: (peer.send(BANNER), peer.expect("quit", BYE)),
                  pki.context(), "::1") as server:
        assert caller.talk(server, "quit\n", host="[::1]").returncode == 0


# Our certificate, refused.

@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("cert, words", [
    (None, "--cert and --key"),
    ("client-foreign", "does not know who issued our certificate"),
    ("client-expired", "has expired or is not valid yet"),
    ("client-purpose", "is not made for clients"),
    ("client-revoked", "has been revoked"),
])
def test_refused_certificate_is_explained(caller, pki, cert, words, tls):
    context = pki.context(tls=tls, crl=cert == "client-revoked")
    with Scripted(lambda peer: peer.send(BANNER), context) as server:
        result = caller.talk(server, "quit\n", cert=cert)
        sent = caller.send(server, "-f", "a@b.c", "d@e.f", cert=cert)
    assert (result.returncode, sent.returncode) == (76, 76)
    assert words in result.stderr and words in sent.stderr
    assert len(server.refused) == 2 and result.stdout == OPENING


def test_nobody_there(caller, pki):
    with Scripted(lambda peer: None) as server:
        pass
    result = caller.talk(server, "quit\n")
    assert result.returncode == 69
    assert f"cannot reach localhost on port {server.port}" in result.stderr
    result = caller.run("--ca", pki.ca, "host.invalid")
    assert result.returncode == 69 and "cannot find the host host.invalid" in result.stderr
