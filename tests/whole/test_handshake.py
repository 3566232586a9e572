# SPDX-License-Identifier: ISC
"""Who enters and who does not: each refusal with its alert, to OpenSSL and GnuTLS, in TLS 1.2
and 1.3, and one log record that says who and why."""

import contextlib
import re
import shutil
import socket
import ssl
import time

import pytest

import foreign
import harness
from certificates import CLIENT, KEY_TYPES, Authority, Pinned, der, pin_of
from sessions import plain

DAY = 24 * 3600
VERSIONS = ("1.2", "1.3")
SIXTY_FOUR_KB = b"EHLO still.writing.example\r\n" * 2341
EX_CONFIG = 78


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


@pytest.fixture(scope="module")
def stranger():
    with Authority("Somebody else") as stranger:
        yield stranger


@pytest.fixture(scope="module")
def authorities():
    """authorities(TYPE): one whose server has a key of that type."""
    made = {}

    def get(kind):
        if kind not in made:
            made[kind] = Authority(server_key=kind)
        return made[kind]

    yield get
    for each in made.values():
        each.close()


def past(days):
    now = int(time.time())
    return {"dates": (now - (days + 1) * DAY, now - days * DAY)}


def future(days):
    now = int(time.time())
    return {"dates": (now + days * DAY, now + (days + 1) * DAY)}


def only_record(door):
    """The one record that all of the door's connections have left."""
    door.wait()
    records = door.records()
    assert len(records) == 1, records
    return records[0]


def check_refused(door, reason, bundle=None):
    """Exactly one record, which says who and why, and nothing else anywhere."""
    record = only_record(door)
    assert record["event"] == "refused"
    assert record["reason"] == reason
    assert re.fullmatch(r"127\.0\.0\.1:[0-9]+", record["peer"])
    assert record["session"]
    assert record.get("device", "") == (pin_of(bundle) if bundle else "")
    assert not record.get("user")
    assert not list(door.mail.rglob("*"))
    return record


def enter(door, bundle, tls="1.3", client=foreign.openssl):
    door.connected += 1
    return client(door.port, door.keys.ca, bundle, tls)


ADMITTED = foreign.Outcome(line="220 447.edu SMTP Services Ready.")

MAY_NOT_SIGN = {"keyUsage": "critical,keyAgreement", "extendedKeyUsage": "clientAuth"}

FAULTS = {
    "no certificate": (lambda own, other: None, {"1.2": 40, "1.3": 116}, "no certificate"),
    "unknown CA": (lambda own, other: other.client(), 48, "unknown CA"),
    "self-signed": (lambda own, other: own.self_signed(), 48, "unknown CA"),
    "expired": (lambda own, other: own.issue(**past(1)), 45, "expired"),
    "not yet valid": (lambda own, other: own.issue(**future(1)), 45, "not yet valid"),
    "server's certificate": (lambda own, other: own.server(), 43, "wrong purpose"),
    "key that may not sign": (
        lambda own, other: own.extended(**MAY_NOT_SIGN), 43, "wrong purpose"),
    "critical extension that nobody knows": (
        lambda own, other: own.extended(**{"1.2.3.4": "critical,ASN1:NULL"}), 42,
        "bad certificate"),
    "weak key": (lambda own, other: own.issue(key="rsa1024"), 43, "too weak"),
    "altered signature": (lambda own, other: own.forge(own.issue()), 42, "bad certificate"),
    "name constraint": (
        lambda own, other: own.issue(
            issuer=own.below(lines=('nc_permit_email = "example.com"',))),
        42, "bad certificate"),
    "issuer that is no CA": (
        lambda own, other: own.issue(issuer=own.issue("mallory@447.edu")), 42,
        "bad certificate"),
}


@pytest.mark.parametrize("client", foreign.CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_refusal(door, authority, stranger, fault, tls, client):
    make, alert, reason = FAULTS[fault]
    bundle = make(authority, stranger)
    if (fault, tls, client) == ("key that may not sign", "1.2", "gnutls"):
        client = "openssl"  # gnutls-cli does not even try
    d = door(keys=authority)
    outcome = enter(d, bundle, tls, foreign.CLIENTS[client])
    expected = alert[tls] if isinstance(alert, dict) else alert
    assert outcome == foreign.Outcome(alert=expected)
    check_refused(d, reason, bundle)


@pytest.mark.parametrize("tls", VERSIONS)
def test_openssl_program_sees_the_alert(door, authority, stranger, tls):
    d = door(keys=authority)
    outcome = enter(d, stranger.client(), tls, foreign.s_client)
    assert outcome == foreign.Outcome(alert=48)
    check_refused(d, "unknown CA", stranger.client())


@pytest.mark.parametrize("client", [foreign.openssl, foreign.gnutls])
@pytest.mark.parametrize("fault", ["no certificate", "unknown CA", "expired", "weak key"])
def test_alert_reaches_a_client_that_is_still_writing(
        door, authority, stranger, fault, client):
    make, alert, _ = FAULTS[fault]
    bundle = make(authority, stranger)
    if bundle is None and client is foreign.gnutls:
        client = foreign.openssl
    expected = alert["1.3"] if isinstance(alert, dict) else alert
    d = door(keys=authority)
    for attempt in range(5):
        d.connected += 1
        outcome = client(
            d.port, authority.ca, bundle, "1.3", before=SIXTY_FOUR_KB, chunk=1000 + attempt)
        assert outcome == foreign.Outcome(alert=expected), f"attempt {attempt}"
    d.wait()
    assert [r["event"] for r in d.records()] == ["refused"] * 5


def test_refused_peer_that_stays_is_left_behind(door, authority, stranger):
    d = door(keys=authority)
    client = d.socket()
    client.sock.settimeout(10)
    client.start_tls(d.context(stranger.client(), "1.3", authority.ca))
    d.wait(timeout=6)
    assert only_record(d)["reason"] == "unknown CA"


# The private key of a certificate, and nothing less, lets somebody in.


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("kind", ["p256", "rsa3072"])
def test_certificate_of_somebody_else_without_its_key(door, authority, tls, kind):
    owner, thief = authority.issue(key=kind), authority.issue(key="p256")
    if kind == "rsa3072":
        thief = authority.issue("mallory@447.edu", key=kind)
        # All RSA keys for clients are the same: this one is a server's.
        thief = harness.Bundle(thief.cert, authority.new_key(kind, "thief"), thief.ca)
    stolen = harness.Bundle(owner.cert, thief.key, owner.ca)
    d = door(keys=authority)
    outcome = enter(d, stolen, tls, foreign.gnutls)
    assert outcome.line is None
    assert outcome == foreign.Outcome(alert=51)  # RFC 8446 section 4.4.3: decrypt_error
    record = only_record(d)
    assert record["event"] == "refused"
    assert record["reason"] and record["peer"].startswith("127.0.0.1:")
    # The same client with its own key, to see that nothing else was wrong with it.
    d = door(keys=authority)
    assert enter(d, owner, tls, foreign.gnutls) == ADMITTED
    d.wait()
    assert d.records(event="admitted", device=owner.pin)


BROKEN = {
    "rubbish": lambda data: b"rubbish" * 20,
    "cut off": lambda data: data[:-20],
    "bytes behind it": lambda data: data + b"\0",
    "one byte": lambda data: b"\x30",
    "60 KB of it": lambda data: b"\x30\x82\xea\x60" + bytes(60_000),
    "a version that is none": lambda data: data.replace(
        b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x7f"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_malformed_certificate(door, authority, what):
    d = door(keys=authority)
    client = d.socket()
    half = foreign.HalfHandshake(client.sock)
    whole = der(authority.client().cert)
    broken = BROKEN[what](whole)
    assert broken != whole
    half.send_certificates(broken)
    assert half.alert() == 42
    half.close()
    record = only_record(d)
    assert record["event"] == "refused" and "certificate" in record["reason"].lower()


def test_public_certificate_alone_is_a_claim_and_no_more(door, authority):
    """Whoever shows a sound certificate in TLS 1.2 is asked for proof; that none comes is all
    that is noted of it."""
    d = door(keys=authority, timeout_handshake=1)
    password = d.add_user("brad")
    assert password
    before = d.users.read_bytes()
    client = d.socket()
    half = foreign.HalfHandshake(client.sock)
    half.send_certificates(der(authority.client().cert))
    assert half.record() == (None, b"")
    record = only_record(d)
    assert (record["event"], record["reason"]) == ("refused", "timeout")
    assert record["device"] == authority.client().pin and not record.get("user")
    assert d.users.read_bytes() == before
    assert not (d.users.parent / "seen").exists()


def test_certificate_of_a_stranger_needs_no_proof_to_be_refused(door, authority, stranger):
    d = door(keys=authority)
    client = d.socket()
    half = foreign.HalfHandshake(client.sock)
    half.send_certificates(der(stranger.client().cert))
    assert half.alert() == 48
    half.close()
    check_refused(d, "unknown CA", stranger.client())


# What the server's own state decides.


@pytest.mark.parametrize("client", foreign.CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
def test_locked_user(door, authority, tls, client):
    bundle = authority.client()
    d = door(keys=authority)
    d.add_user("brad")
    assert enter(d, bundle, tls, foreign.CLIENTS[client]) == ADMITTED
    d.ctl("user", "lock", "brad")
    assert enter(d, bundle, tls, foreign.CLIENTS[client]) == foreign.Outcome(alert=49)
    other = authority.client("carol@447.edu")
    assert enter(d, other, tls, foreign.CLIENTS[client]) == ADMITTED
    d.ctl("user", "unlock", "brad")
    assert enter(d, bundle, tls, foreign.CLIENTS[client]) == ADMITTED
    d.wait()
    refused = d.records(event="refused")
    assert [(r["reason"], r["device"]) for r in refused] == [("user-locked", bundle.pin)]
    assert len(d.records(event="admitted")) == 3


@pytest.mark.parametrize("client", foreign.CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
def test_revoked_by_list(door, authority, tls, client):
    good, bad = authority.issue(), authority.issue()
    d = door(keys=authority, tls_crl=authority.crl(bad))
    outcome = enter(d, bad, tls, foreign.CLIENTS[client])
    assert outcome == foreign.Outcome(alert=44)
    check_refused(d, "revoked", bad)
    d = door(keys=authority, tls_crl=d.settings["tls_crl"])
    assert enter(d, good, tls, foreign.CLIENTS[client]) == ADMITTED


def test_revocation_holds_from_the_next_connection_on(door, authority):
    bundle = authority.issue()
    crl = authority.crl()
    d = door(keys=authority, tls_crl=crl)
    assert enter(d, bundle) == ADMITTED
    crl.write_bytes(authority.crl(bundle).read_bytes())
    assert enter(d, bundle) == foreign.Outcome(alert=44)


def test_list_says_nothing_of_those_below_an_intermediate(door, authority):
    """An issuer without a list could revoke nobody, so nobody enters by it."""
    bundle = authority.issue(issuer=authority.below())
    assert enter(door(keys=authority), bundle) == ADMITTED
    d = door(keys=authority, tls_crl=authority.crl())
    assert enter(d, bundle).alert == 42
    check_refused(d, "bad certificate", bundle)


LISTS = {
    "missing": lambda own, other: own.dir / "no-such-list",
    "stale": lambda own, other: own.crl(this_update=-2 * DAY, next_update=-DAY),
    "of the future": lambda own, other: own.crl(this_update=DAY, next_update=2 * DAY),
    "forged": lambda own, other: own.forged_crl(),
    "partial": lambda own, other: own.partial_crl(),
    "somebody else's": lambda own, other: other.crl(),
    "a certificate": lambda own, other: own.ca,
}


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("fault", LISTS)
def test_list_that_cannot_be_used_lets_nobody_in(door, authority, stranger, fault, tls):
    path = LISTS[fault](authority, stranger)
    d = door(keys=authority, tls_crl=path, exits=(EX_CONFIG,))
    assert enter(d, authority.client(), tls) == foreign.Outcome(alert=80)
    record = check_refused(d, "internal-error")
    assert "tls_crl" in record["message"] and str(path) in record["message"]


def missing(d, key):
    return d.dir / "no-such-file"


def unreadable(d, key):
    path = d.dir / "unreadable"
    shutil.copy(d.settings[key], path)
    path.chmod(0)
    return path


def rubbish(d, key):
    path = d.dir / "rubbish"
    path.write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
    path.chmod(0o644)
    return path


def empty(d, key):
    path = d.dir / "empty"
    path.touch(0o644)
    return path


@pytest.mark.parametrize("client", foreign.CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("key", ["tls_key", "tls_ca", "tls_cert"])
@pytest.mark.parametrize("spoil", [missing, unreadable, rubbish, empty])
def test_own_fault(door, authority, spoil, key, tls, client):
    if client == "gnutls" and spoil is not missing:
        client = "openssl"
    d = door(keys=authority, exits=(EX_CONFIG,))
    path = spoil(d, key)
    d.configure(**{key: path})
    outcome = enter(d, authority.client(), tls, foreign.CLIENTS[client])
    assert outcome == foreign.Outcome(alert=80)
    record = only_record(d)
    assert (record["event"], record["reason"]) == ("refused", "internal-error")
    assert key in record["message"] and str(path) in record["message"]


@pytest.mark.parametrize("tls", VERSIONS)
def test_key_of_another_certificate(door, authority, tls):
    """The client is the one who notices, and nobody enters."""
    d = door(keys=authority)
    d.configure(tls_key=authority.issue().key)
    with pytest.raises(ssl.SSLError):
        enter(d, authority.client(), tls)
    assert only_record(d)["event"] == "refused"


# The types of keys.


@pytest.mark.parametrize("client", foreign.CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("kind", KEY_TYPES)
def test_server_key(door, authorities, kind, tls, client):
    d = door(keys=authorities(kind))
    assert enter(d, d.keys.client(), tls, foreign.CLIENTS[client]) == ADMITTED
    d.wait()
    assert [r["event"] for r in d.records()] == ["admitted", "closed"]


@pytest.mark.parametrize("client", foreign.CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("kind", KEY_TYPES)
def test_client_key(door, authority, kind, tls, client):
    bundle = authority.issue(key=kind)
    d = door(keys=authority)
    assert enter(d, bundle, tls, foreign.CLIENTS[client]) == ADMITTED
    d.wait()
    assert [r["device"] for r in d.records(event="admitted")] == [bundle.pin]


@pytest.mark.parametrize("kind", ["p256", "ed25519", "rsa3072"])
def test_keys_of_our_own_making(programs, door, kind):
    where = harness.folder("postern-keys-")
    try:
        more = ("--dir", where, "--type", kind)
        programs.run("postern-keys", "init", *more, "--host", "localhost")
        programs.run("postern-keys", "issue", "brad@447.edu", *more)
        client = where / "clients" / "brad@447.edu"
        bundle = harness.Bundle(client / "cert.pem", client / "key.pem", client / "ca.pem")
        own = harness.Bundle(where / "server.pem", where / "server.key", where / "ca.pem")
        d = door(keys=own)
        for tls in VERSIONS:
            assert foreign.openssl(d.port, bundle.ca, bundle, tls) == ADMITTED
    finally:
        shutil.rmtree(where)


# The versions and ciphers.


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("tls", ["1.0", "1.1"])
def test_old_versions(door, authority, tls):
    d = door(keys=authority)
    assert enter(d, authority.client(), tls).alert == 70
    check_refused(d, only_record(d)["reason"])


@pytest.mark.parametrize("cipher", [
    "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"])
def test_ciphers_without_forward_secrecy_or_aead(door, authority, cipher):
    d = door(keys=authority)
    context = foreign.openssl_context(authority.ca, authority.client(), "1.2")
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    client = d.socket()
    with pytest.raises(ssl.SSLError, match="ALERT_(HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY)"):
        client.start_tls(context)
    assert only_record(d)["event"] == "refused"


# Peers that speak no TLS, or nothing.

GARBAGE = {
    "SMTP": b"EHLO client.example\r\nMAIL FROM:<a@447.edu>\r\n",
    "HTTP": b"GET / HTTP/1.0\r\n\r\n",
    "zeros": bytes(1000),
    "ones": b"\xff" * 1000,
    "record that is no handshake": b"\x17\x03\x03\x00\x10" + bytes(16),
    "record too long": b"\x16\x03\x01\xff\xff" + bytes(65535),
    "empty record": b"\x16\x03\x01\x00\x00" * 50,
    "hello of nothing": b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
    "hello of rubbish": b"\x16\x03\x01\x00\x44\x01\x00\x00\x40\x03\x03" + b"\xa5" * 62,
    "SSLv2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"\xa5" * 37,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage(door, authority, kind):
    d = door(keys=authority, timeout_handshake=2)
    d.connected += 1
    alert, said = foreign.raw_alert(d.port, GARBAGE[kind], half_close=True)
    assert alert is not None or said == b"", said
    record = check_refused(d, only_record(d)["reason"])
    assert record["reason"]


@pytest.mark.parametrize("attempt", range(3))
def test_alert_reaches_a_writer_of_plain_text(door, authority, attempt):
    d = door(keys=authority)
    d.connected += 1
    alert, said = foreign.raw_alert(d.port, SIXTY_FOUR_KB)
    assert alert is not None, said
    assert only_record(d)["event"] == "refused"


def test_silence(door, authority):
    d = door(keys=authority, timeout_handshake=1)
    client = d.socket()
    peer = "{}:{}".format(*client.sock.getsockname())
    began = time.monotonic()
    assert client.sock.recv(1) == b""
    assert 0.9 < time.monotonic() - began < 2.5
    assert check_refused(d, "timeout")["peer"] == peer


def test_hello_byte_by_byte_gets_no_more_time(door, authority):
    d = door(keys=authority, timeout_handshake=1)
    client = d.socket()
    client.sock.settimeout(0.1)
    began = time.monotonic()
    try:
        while True:
            try:
                client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:1])
                if client.sock.recv(16) == b"":
                    break
            except TimeoutError:
                assert time.monotonic() - began < 5
    except ConnectionError:
        pass
    assert time.monotonic() - began < 2.5
    assert only_record(d)["event"] == "refused"


def test_peer_that_leaves_in_the_middle(door, authority):
    d = door(keys=authority)
    client = d.socket()
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    client.close()
    check_refused(d, only_record(d)["reason"])


@pytest.mark.parametrize("client,tls,alert", [
    ("openssl", "1.2", "48"), ("gnutls", "1.2", "42"), ("gnutls", "1.3", "42")])
def test_peer_that_does_not_trust_us(door, authority, stranger, client, tls, alert):
    """The log says that it was the peer who gave up, and why. (In TLS 1.3 OpenSSL sends its
    alert in the clear where GnuTLS expects it encrypted.)"""
    d = door(keys=authority)
    d.connected += 1
    with contextlib.suppress(ssl.SSLCertVerificationError):
        outcome = foreign.CLIENTS[client](d.port, stranger.ca, authority.client(), tls)
        assert outcome == foreign.Outcome()
    record = only_record(d)
    assert record["event"] == "refused"
    assert record["reason"] != "no certificate"
    assert alert in record["message"].split() and "Handshake given up" in record["message"]


# Pins: peers without a CA.


@pytest.fixture
def pinned(authority):
    pinned = Pinned(authority)
    yield pinned
    shutil.rmtree(pinned.pins)


def test_pair_of_postern_keys(programs, door, authority):
    where = harness.folder("postern-pair-")
    try:
        programs.run("postern-keys", "pair", "--dir", where, "--host", "localhost",
                     "--name", "brad@447.edu")
        server, client = where / "server", where / "clients" / "brad@447.edu"
        own = harness.Bundle(server / "server.pem", server / "server.key", None)
        bundle = harness.Bundle(client / "cert.pem", client / "key.pem", client / "ca.pem")
        d = door(keys=own, tls_pins=server / "pins", tls_ca=where / "there-is-no-ca")
        for run in foreign.CLIENTS.values():
            for tls in VERSIONS:
                d.connected += 1
                assert run(d.port, bundle.ca, bundle, tls) == ADMITTED
        d.wait()
        assert {r["device"] for r in d.records(event="admitted")} == {pin_of(bundle)}
        third = authority.self_signed("brad@447.edu", mail="brad@447.edu")
        for run in foreign.CLIENTS.values():
            for tls in VERSIONS:
                d.connected += 1
                outcome = run(d.port, bundle.ca, third, tls)
                assert outcome == foreign.Outcome(alert=48)
        d.wait()
        refused = d.records(event="refused")
        assert {(r["reason"], r["device"]) for r in refused} == {("unknown CA", third.pin)}
    finally:
        shutil.rmtree(where)


PIN_FAULTS = {
    "expired": (lambda a: a.self_signed(**past(1)), 45, "expired"),
    "not yet valid": (lambda a: a.self_signed(**future(1)), 45, "not yet valid"),
    "server's": (
        lambda a: a.self_signed(uses=("signing_key", "tls_www_server")), 43, "wrong purpose"),
    "that may not sign": (
        lambda a: a.extended(signed=False, **MAY_NOT_SIGN), 43, "wrong purpose"),
    "with a critical extension that nobody knows": (
        lambda a: a.extended(signed=False, **{"1.2.3.4": "critical,ASN1:NULL"}), 42,
        "bad certificate"),
    "weak": (lambda a: a.self_signed(key="rsa1024"), 43, "too weak"),
}


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("fault", PIN_FAULTS)
def test_pinned_certificate_is_judged_all_the_same(door, authority, pinned, fault, tls):
    make, alert, reason = PIN_FAULTS[fault]
    bundle = make(authority)
    pinned.pin(bundle)
    d = door(keys=pinned, tls_pins=pinned.pins)
    assert enter(d, bundle, tls) == foreign.Outcome(alert=alert)
    check_refused(d, reason, bundle)


def test_pin_counts_from_the_next_connection_on(door, authority, pinned):
    bundle = authority.self_signed(mail="brad@447.edu")
    d = door(keys=pinned, tls_pins=pinned.pins)
    assert enter(d, bundle).alert == 48
    path = pinned.pin(bundle)
    assert enter(d, bundle) == ADMITTED
    path.unlink()
    assert enter(d, bundle).alert == 48


def test_pin_of_one_certificate_with_the_content_of_another(door, authority, pinned):
    bundle, other = authority.self_signed(), authority.self_signed("carol@447.edu")
    pinned.pin(other, name=bundle.pin)
    d = door(keys=pinned, tls_pins=pinned.pins)
    assert enter(d, bundle).alert == 42
    check_refused(d, "bad certificate", bundle)


def test_pins_beside_a_ca(door, authority, pinned):
    """Both enter, and the system's roots are nobody's."""
    bundle = authority.self_signed(mail="brad@447.edu")
    pinned.pin(bundle)
    d = door(keys=authority, tls_pins=pinned.pins)
    assert enter(d, bundle) == ADMITTED
    assert enter(d, authority.client()) == ADMITTED


@pytest.mark.parametrize("where,status,alert", [
    ("inside", 0, None), ("outside", EX_CONFIG, 80)])
def test_pin_that_is_a_link(programs, door, authority, pinned, where, status, alert):
    """To a file of the folder it may be one; out of it there is nothing behind the walls."""
    bundle = authority.self_signed(mail="brad@447.edu")
    pin = pinned.pin(bundle)
    d = door(keys=pinned, tls_pins=pinned.pins, exits=(0, EX_CONFIG))
    real = (d.dir if where == "outside" else pinned.pins) / ".printer.pem"
    shutil.move(pin, real)
    harness.give(real)
    pin.symlink_to(real)
    done = programs.run("postern-smtpd", "-t", "-c", d.conf, check=False)
    assert (done.returncode, "out of the folder" in done.stderr) == (status, status != 0)
    if harness.SANDBOX != "off":
        assert enter(d, bundle).alert == alert


def test_folder_of_pins_that_is_gone_is_our_fault(door, authority, pinned):
    d = door(keys=pinned, tls_pins=pinned.pins / "gone", exits=(EX_CONFIG,))
    assert enter(d, authority.self_signed()) == foreign.Outcome(alert=80)
    assert "tls_pins" in only_record(d)["message"]


# Names: whom a certificate may log in.


def login(d, bundle, user, password):
    with d.connect(bundle) as client:
        client.command("EHLO client.447.edu", 250)
        return client.command(f"AUTH PLAIN {plain(user, password)}").code


NAMES = {
    "its address": (dict(name="x", mail="brad@447.edu"), 235),
    "its address in capitals": (dict(name="x", mail="Brad@447.EDU"), 235),
    "its CN, the short name": (dict(name="brad", mail=None), 235),
    "its CN, the address": (dict(name="brad@447.edu", mail=None), 235),
    "a foreign domain": (dict(name="brad@447.edu", mail="brad@example.com"), 535),
    "a domain within a foreign one": (
        dict(name="brad", mail="brad@447.edu.example.com"), 535),
    "somebody else": (dict(name="brad", mail="carol@447.edu"), 535),
    "a host": (dict(name="brad", mail=None, lines=("dns_name = 447.edu",)), 535),
    "two addresses": (
        dict(name="x", mail="carol@447.edu", lines=('email = "brad@447.edu"',)), 235),
}


@pytest.mark.parametrize("what", NAMES)
def test_certificate_names(door, authority, what):
    order, code = NAMES[what]
    d = door(keys=authority)
    password = d.add_user("brad")
    d.add_user("carol")
    assert login(d, authority.issue(**order, uses=CLIENT), "brad", password) == code
    d.wait()
    assert bool(d.records(event="login", user="brad@447.edu")) == (code == 235)
    assert bool(d.records(event="login-failed")) == (code == 535)


def test_any_admitted_certificate_where_that_is_wanted(door, authority):
    d = door(keys=authority, bind="any")
    password = d.add_user("brad")
    assert login(d, authority.issue("x", mail=None), "brad", password) == 235


def test_reset_connection_is_not_logged_as_a_fault_of_ours(door, authority):
    """A peer that is gone before its handler starts is served with nothing."""
    d = door(keys=authority, listen=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname())
        conn, _ = listener.accept()
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        peer.close()
        with conn:
            d.handlers.append(d.handle(conn))
    assert d.wait() == [0]
    assert not [r for r in d.records() if r["event"] != "refused"]
