# SPDX-License-Identifier: ISC
"""The proof of a peer's key, seen from outside: whoever holds one enters, whatever the way
that the handshake takes, and is whom the proved certificate names."""

import shutil

import pytest

import foreign
import harness
from certificates import CLIENT, KEY_TYPES, Authority, Pinned, certtool, der
from sessions import plain

BOTH_WAYS = True

VERSIONS = ("1.2", "1.3")
ADMITTED = foreign.Outcome(line="220 447.edu SMTP Services Ready.")


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


@pytest.fixture
def pinned(authority):
    pinned = Pinned(authority)
    yield pinned
    shutil.rmtree(pinned.pins)


# Clients that first show a key of a group that the server does not take, and no other.
RETRIES = {
    "openssl": lambda *who: foreign.s_client(*who, "1.3", "-groups", "X448:P-384"),
    "gnutls": lambda *who: foreign.gnutls_cli(
        *who, "1.3", "--single-key-share",
        groups=":-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-SECP384R1"),
}


@pytest.mark.parametrize("client", RETRIES)
@pytest.mark.parametrize("kind", KEY_TYPES)
def test_client_that_is_asked_again(door, authority, kind, client):
    bundle = authority.issue(key=kind)
    d = door(keys=authority)
    d.connected += 1
    assert RETRIES[client](d.port, authority.ca, bundle) == ADMITTED
    d.wait()
    assert [r["device"] for r in d.records(event="admitted")] == [bundle.pin]


def test_hello_that_two_read_in_two_ways(door, authority):
    """A version of its own beside TLS 1.3 in the list of versions: refused in the handshake,
    not taken for a lie of the tls process afterwards."""
    extension = foreign.HalfHandshake.extension
    extensions = b"".join((
        extension(10, b"\x00\x02\x00\x1d"), extension(13, b"\x00\x02\x04\x03"),
        extension(43, b"\x02\x03\x04"),
        extension(51, b"\x00\x24\x00\x1d\x00\x20" + b"\x09" + bytes(31))))
    body = b"".join((
        b"\x04\x00", bytes(32), b"\x00", b"\x00\x02\x13\x01", b"\x01\x00",
        len(extensions).to_bytes(2, "big"), extensions))
    d = door(keys=authority)
    d.connected += 1
    alert, _ = foreign.raw_alert(
        d.port, b"\x16\x03\x01" + (len(body) + 4).to_bytes(2, "big")
        + b"\x01" + len(body).to_bytes(3, "big") + body)
    assert alert == 47
    d.wait()
    assert [r["event"] for r in d.records()] == ["refused"]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("tls", ["1.0", "1.1"])
def test_version_that_leaves_no_proof(door, authority, tls):
    """Not even where the configuration would have it."""
    d = door(keys=authority, tls_priority="NORMAL:+VERS-TLS1.1:+VERS-TLS1.0:%COMPAT")
    d.connected += 1
    assert foreign.openssl(d.port, authority.ca, authority.client(), tls).alert == 70
    d.wait()
    assert [r["event"] for r in d.records()] == ["refused"]


@pytest.mark.parametrize("tls", VERSIONS)
def test_names_below_an_intermediate(door, authority, tls):
    bundle = authority.issue("carol@447.edu", issuer=authority.below())
    d = door(keys=authority)
    password = d.add_user("carol")
    with d.connect(bundle, tls) as client:
        client.command("EHLO client.447.edu", 250)
        client.command(f"AUTH PLAIN {plain('carol', password)}", 235)


@pytest.mark.parametrize("tls", VERSIONS)
def test_names_of_a_pinned_key_are_the_administrators(door, authority, pinned, tls):
    """Whatever stands on a certificate that its holder has made of the key since."""
    first = authority.self_signed(mail="brad@447.edu")
    pinned.pin(first)
    made = authority.file("pem")
    certtool("--generate-self-signed", "--load-privkey", first.key, "--outfile", made,
             "--template", authority.template(
                 "carol", (*CLIENT, 'email = "carol@447.edu"'), authority.dates(1)))
    second = harness.Bundle(harness.give(made), first.key, first.ca)
    d = door(keys=pinned, tls_pins=pinned.pins)
    passwords = {name: d.add_user(name) for name in ("brad", "carol")}
    for name, code in (("brad", 235), ("carol", 535)):
        with d.connect(second, tls) as client:
            client.command("EHLO client.447.edu", 250)
            client.command(f"AUTH PLAIN {plain(name, passwords[name])}", code)


@pytest.mark.parametrize("tls", VERSIONS)
def test_transcript_too_long_to_be_proved(door, authority, tls):
    """What a peer says is limited; certificates alone may be as long as GnuTLS takes them."""
    bundle, filler = authority.issue(), authority.issue()
    long, longer = authority.file("pem"), authority.file("pem")
    text = bundle.cert.read_text()
    long.write_text(text + authority.ca.read_text() * 7)
    d = door(keys=authority)
    d.connected += 1
    outcome = foreign.openssl(
        d.port, authority.ca, harness.Bundle(harness.give(long), bundle.key, bundle.ca), tls)
    assert outcome == ADMITTED
    client = d.socket()
    half = foreign.HalfHandshake(client.sock)
    half.send_certificates(der(bundle.cert), *[der(filler.cert)] * 6, bytes(118_000))
    assert half.alert() == 50
    half.close()
    d.wait()
    record = d.records(event="refused")[0]
    assert record["reason"] == "GNUTLS_E_HANDSHAKE_TOO_LARGE"


@pytest.mark.parametrize("priority,mark", [
    (None, True), ("NORMAL:-VERS-ALL:+VERS-TLS1.2", False)])
def test_mark_of_a_downgrade(door, authority, priority, mark):
    """RFC 8446 section 4.1.3: whoever could have had TLS 1.3 can tell that somebody on the way
    has kept both from it."""
    more = {"tls_priority": priority} if priority else {}
    d = door(keys=authority, **more)
    half = foreign.HalfHandshake(d.socket().sock)
    random = half.said[6:38]
    assert len(set(random[:24])) > 8
    assert (random[24:] == b"DOWNGRD\x01") == mark
    half.close()
    d = door(keys=authority, **more)
    d.connected += 1
    assert foreign.openssl(d.port, authority.ca, authority.client(), "1.2") == ADMITTED
