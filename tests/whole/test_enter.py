# SPDX-License-Identifier: ISC
"""Devices at the door: a key of the user store enters by itself, as its user and as nobody
else, is refused in the handshake once it may not, and what it may send as is its own."""

import fcntl
import os
import re

import foreign
import pytest
from certificates import CLIENT, KEY_TYPES, Authority, Pinned, certtool, der, pin_of
from harness import Bundle, give, until
from sessions import b64, begin, leave, log_in, plain, send

VERSIONS = ("1.2", "1.3")
BRAD, CAROL = "brad@447.edu", "carol@447.edu"
MESSAGE = b"Subject: Test\r\n\r\nHi\r\n"
ADMITTED = foreign.Outcome(line="220 447.edu SMTP Services Ready.")


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


def renew(authority, bundle, name, days=1):
    """Another self-signed certificate of the same key."""
    cert = authority.file("pem")
    certtool("--generate-self-signed", "--load-privkey", bundle.key, "--outfile", cert,
             "--template", authority.template(name, CLIENT, authority.dates(days)))
    return Bundle(give(cert), bundle.key, bundle.ca)


def add(door, user, bundle, *more, label="x"):
    door.ctl("device", "add", user, "--pin", pin_of(bundle), "--label", label, *more)


def external(door, bundle, code=235, identity="=", tls=None):
    client = door.connect(bundle, tls)
    client.command("EHLO client.447.edu", 250)
    client.command(f"AUTH EXTERNAL {identity}", code)
    return client


def enters(*args, **more):
    with external(*args, **more):
        pass


def alert(door, bundle, tls):
    """The alert that refuses the bundle, or None, with the banner, where it enters."""
    door.connected += 1
    outcome = foreign.openssl(door.port, door.keys.ca, bundle, tls)
    assert outcome.alert or outcome == ADMITTED, outcome
    return outcome.alert


@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("kind", KEY_TYPES)
def test_a_pin_alone_is_a_device(door, authority, kind, tls):
    """No authority, no file of pins."""
    bundle = authority.self_signed("whoever", key=kind)
    d = door(keys=authority, tls_ca="none")
    d.add_user("brad")
    assert alert(d, bundle, tls) == 48
    add(d, "brad", bundle)
    with external(d, bundle, tls=tls) as client:
        send(client, BRAD, [BRAD], MESSAGE)
        leave(client)
    d.wait()
    assert [(r["user"], r["device"]) for r in d.records(event="login")] == [
        (BRAD, pin_of(bundle))]
    assert [r["message"].split(" as ")[1] for r in d.records(event="admitted")] == [
        f"a device of {BRAD}"]
    assert pin_of(bundle).encode() in d.messages(BRAD)[0]


@pytest.mark.parametrize("bind, code", [("user", 535), ("any", 235)])
def test_a_device_is_its_user_and_nobody_else(door, authority, bind, code):
    """Whatever its certificate names, and whoever has signed it."""
    bundle = authority.issue(CAROL)
    d = door(keys=authority, bind=bind)
    passwords = {name: d.add_user(name) for name in ("brad", "carol")}
    enters(d, bundle, identity=b64("carol"))
    add(d, "brad", bundle)
    enters(d, bundle, identity=b64("carol"), code=535)
    enters(d, bundle, identity=b64("brad"))
    enters(d, bundle)
    with d.connect(bundle) as client:
        client.command("EHLO client.447.edu", 250)
        client.command(f"AUTH PLAIN {plain('carol', passwords['carol'])}", code)
    with d.connect(bundle) as client:
        log_in(client, "brad", passwords["brad"])
    d.wait()
    assert {r["user"] for r in d.records(event="login")} >= {BRAD, CAROL}


@pytest.mark.parametrize("tls", VERSIONS)
def test_revoked_expired_locked(door, authority, tls):
    """Refused before a byte of SMTP, by the right alert, whatever the certificate."""
    pinned = Pinned(authority)
    chain, alone = authority.issue(BRAD), authority.self_signed("x")
    pinned.pin(alone)
    d = door(keys=pinned, tls_pins=pinned.pins)
    d.add_user("brad")
    for bundle, label in ((chain, "chain"), (alone, "alone")):
        add(d, "brad", bundle, "--expires", "2099-01-01", label=label)
        assert alert(d, bundle, tls) is None
        d.ctl("user", "lock", "brad")
        assert alert(d, bundle, tls) == 49
        d.ctl("user", "unlock", "brad")
        text = d.users.read_text()
        d.users.write_text(text.replace("2099-01-01", "2001-01-01"))
        assert alert(d, bundle, tls) == 45
        d.users.write_text(text)
        assert alert(d, bundle, tls) is None
        d.ctl("device", "revoke", label)
        assert alert(d, bundle, tls) == 44
    d.wait()
    reasons = ["user-locked", "device-expired", "device-revoked"] * 2
    assert [r["reason"] for r in d.records(event="refused")] == reasons
    assert {r["device"] for r in d.records(event="refused")} == {pin_of(chain), pin_of(alone)}


@pytest.mark.parametrize("tls", VERSIONS)
def test_what_is_wrong_with_the_certificate_itself(door, authority, tls):
    """A device needs no issuer, but dates and purpose count."""
    d = door(keys=authority)
    d.add_user("brad")
    bundle = authority.self_signed("x")
    add(d, "brad", bundle)
    for days, want in ((1, None), (-1 / 48, 45)):
        assert alert(d, renew(authority, bundle, "x", days), tls) == want
    server = authority.self_signed("x", uses=("signing_key", "tls_www_server"))
    add(d, "brad", server)
    assert alert(d, server, tls) == 43


@pytest.mark.parametrize("tls", VERSIONS)
def test_crl_holds_for_devices(door, authority, tls):
    bundle = authority.issue(BRAD)
    d = door(keys=authority, tls_crl=authority.crl())
    d.add_user("brad")
    add(d, "brad", bundle)
    assert alert(d, bundle, tls) is None
    d.configure(tls_crl=authority.crl(bundle))
    assert alert(d, bundle, tls) == 44
    alone = authority.self_signed("x")
    add(d, "brad", alone)
    assert alert(d, alone, tls) is None


def test_same_key_is_the_same_device(door, authority):
    """A renewed certificate; and a new key beside the old one, until that is revoked."""
    old = authority.self_signed("first")
    d = door(keys=authority)
    d.add_user("brad")
    add(d, "brad", old, label="old")
    enters(d, old)
    enters(d, renew(authority, old, "second"))
    new = authority.self_signed("third")
    add(d, "brad", new, label="new")
    enters(d, old)
    enters(d, new)
    d.ctl("device", "revoke", "old")
    assert alert(d, renew(authority, old, "fourth"), "1.3") == 44
    enters(d, new)


def test_two_devices_of_one_user_and_one_of_another(door, authority):
    bundles = [authority.self_signed("x") for _ in range(3)]
    d = door(keys=authority)
    for name in ("brad", "carol"):
        d.add_user(name)
    for bundle, user in zip(bundles, ("brad", "brad", "carol")):
        add(d, user, bundle)
    for bundle in bundles:
        enters(d, bundle)
    d.wait()
    assert [(r["device"], r["user"]) for r in d.records(event="login")] == [
        (pin_of(b), u) for b, u in zip(bundles, (BRAD, BRAD, CAROL))]


def test_senders_of_a_device(door, authority):
    narrow, wide = authority.self_signed("narrow"), authority.self_signed("wide")
    d = door(keys=authority, senders="domain")
    d.add_user("brad")
    add(d, "brad", narrow, "--sender", "Roof@447.edu", "--sender", "x@elsewhere.example")
    add(d, "brad", wide)
    with external(d, narrow) as client:
        send(client, "roof@447.edu", [BRAD], MESSAGE)
        for sender in (BRAD, "", "roof@447.edu.example", "other@447.edu"):
            reply = client.command(f"MAIL FROM:<{sender}>", 550)
            assert reply.text.startswith("5.7.1"), reply
        # What `senders' forbids stays forbidden.
        client.command("MAIL FROM:<x@elsewhere.example>", 550)
        send(client, "ROOF@447.EDU", [BRAD], MESSAGE)
    with external(d, wide) as client:
        for sender in (BRAD, "", "other@447.edu"):
            client.command(f"MAIL FROM:<{sender}>", 250)
            client.command("RSET", 250)


@pytest.mark.parametrize("command", [
    ["device", "revoke", "x"], ["device", "del", "x"], ["user", "lock", "brad"]],
    ids=lambda words: " ".join(words))
def test_thrown_out_in_an_open_session(door, authority, command):
    """The message under way is accepted, and no other."""
    bundle = authority.self_signed("x")
    d = door(keys=authority)
    d.add_user("brad")
    add(d, "brad", bundle)
    with external(d, bundle) as client:
        begin(client, BRAD, [BRAD])
        d.ctl(*command)
        client.send(MESSAGE + b".\r\n")
        assert client.reply().code == 250
        reply = client.command(f"MAIL FROM:<{BRAD}>", 550)
        assert reply.text.startswith("5.7.1 User locked" if "user" in command
                                     else "5.7.1 Device revoked")
    d.wait()
    assert [r["reason"] for r in d.records(event="refused-command")] == [
        "user-locked" if "user" in command else "device-revoked"]


@pytest.mark.parametrize("how", ["external", "plain"])
@pytest.mark.parametrize("command, reason", [
    (["device", "revoke", "x"], "device-revoked"), (["device", "del", "x"], "device-removed")],
    ids=["revoke", "del"])
def test_thrown_out_before_the_login(door, authority, command, reason, how):
    bundle = authority.self_signed("x")
    d = door(keys=authority)
    password = d.add_user("brad")
    add(d, "brad", bundle)
    with d.connect(bundle) as client:
        client.command("EHLO client.447.edu", 250)
        d.ctl(*command)
        client.command("AUTH EXTERNAL =" if how == "external"
                       else f"AUTH PLAIN {plain('brad', password)}", 535)
    d.wait()
    assert [r["reason"] for r in d.records(event="login-failed")] == [reason]


def test_becomes_a_revoked_device(door, authority):
    """A key that an authority has let in, in a session that is open and one that begins."""
    bundle = authority.issue(BRAD)
    d = door(keys=authority)
    d.add_user("brad")
    late = d.connect(bundle)
    with external(d, bundle) as client:
        begin(client, BRAD, [BRAD])
        add(d, "brad", bundle)
        d.ctl("device", "revoke", "x")
        client.send(MESSAGE + b".\r\n")
        assert client.reply().code == 250
        reply = client.command(f"MAIL FROM:<{BRAD}>", 550)
        assert reply.text.startswith("5.7.1 Device revoked")
    with late as client:
        client.command("EHLO client.447.edu", 250)
        client.command("AUTH EXTERNAL =", 535)
    d.wait()
    assert [r["reason"] for r in d.records() if r["event"] in (
        "refused-command", "login-failed")] == ["device-revoked"] * 2


@pytest.mark.parametrize("senders", ["own", "domain", "any"])
@pytest.mark.parametrize("command", [["user", "del", "brad"], ["user", "lock", "brad"]],
                         ids=lambda words: " ".join(words))
def test_user_thrown_out_in_an_open_session(door, authority, command, senders):
    """Who came by a certificate of an authority as well, whatever may be sent."""
    d = door(keys=authority, senders=senders)
    d.add_user("brad")
    with external(d, authority.issue(BRAD)) as client:
        begin(client, BRAD, [BRAD])
        d.ctl(*command)
        client.send(MESSAGE + b".\r\n")
        assert client.reply().code == 250
        for sender in (BRAD, ""):
            said = client.command(f"MAIL FROM:<{sender}>", 550).text
            assert said.startswith("5.7.1 User " + (
                "locked" if "lock" in command else "removed"))


def test_first_and_last_use(door, authority):
    bundle = authority.self_signed("x")
    d = door(keys=authority)
    d.add_user("brad")
    add(d, "brad", bundle)
    seen = d.users.parent / "seen" / pin_of(bundle)[:2] / pin_of(bundle)

    def listed():
        text = d.ctl("device", "list").stdout
        found = re.search(r'\s(\d{4}-\S+Z|-)\s', text)
        return text.split()[1], found[1]

    assert listed() == ("never", "-")
    enters(d, bundle)
    d.wait()
    state, last = listed()
    assert state == "active" and last != "-" and seen.stat().st_size == 0
    assert " first-use=20" in d.users.read_text()
    # Neither the store nor the time is written again within the hour.
    before, text = seen.stat().st_mtime_ns, d.users.stat()
    enters(d, bundle)
    d.wait()
    assert seen.stat().st_mtime_ns == before and d.users.stat().st_ino == text.st_ino
    os.utime(seen, (1_600_000_000, 1_600_000_000))
    enters(d, bundle)
    d.wait()
    assert seen.stat().st_mtime > 1_700_000_000
    assert not d.records(event="use-not-noted")


def test_first_use_waits_for_its_turn_and_nobody_for_it(door, authority):
    """Somebody else has the store's lock from before the connection to behind its end."""
    bundle = authority.self_signed("x")
    d = door(keys=authority)
    d.add_user("brad")
    add(d, "brad", bundle)
    enters(d, authority.issue(BRAD))  # whose first login is written down
    d.wait()
    text = d.users.read_text()
    with open(d.users.with_name("users.lock"), "r+b") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        with external(d, bundle) as client:
            send(client, BRAD, [BRAD], MESSAGE)
            leave(client)
        until(lambda: d.records(event="closed", device=pin_of(bundle)), what="its end")
        assert d.users.read_text() == text
        fcntl.lockf(lock, fcntl.LOCK_UN)
    d.wait()
    assert re.search(rf"d {pin_of(bundle)} .* first-use=20", d.users.read_text())
    assert not d.records(event="use-not-noted")


def test_use_that_cannot_be_written_down(door, authority):
    """It is logged, and the device enters all the same."""
    bundle = authority.self_signed("x")
    d = door(keys=authority)
    d.add_user("brad")
    add(d, "brad", bundle)
    (d.users.parent / "seen").write_text("in the way")
    enters(d, bundle)
    d.wait()
    (d.users.parent / "seen").unlink()
    faults = d.records(event="use-not-noted")
    assert [r["device"] for r in faults] == [pin_of(bundle)]
    assert faults[0]["reason"] == "Not a directory"


def test_no_use_without_a_proof(door, authority):
    """A handshake that ends behind the certificate leaves no trace in the store."""
    bundle = authority.self_signed("x")
    d = door(keys=authority)
    d.add_user("brad")
    add(d, "brad", bundle)
    before = d.users.read_bytes()
    client = d.socket()
    half = foreign.HalfHandshake(client.sock)
    half.send_certificates(der(bundle.cert))
    half.close()
    d.wait()
    assert not (d.users.parent / "seen").exists()
    assert d.users.read_bytes() == before


def test_damaged_line_of_a_device(door, authority):
    """Nobody can say that it was not revoked; others enter."""
    bundle, other = authority.self_signed("x"), authority.self_signed("y")
    d = door(keys=authority, exits=(0, 78))
    d.add_user("brad")
    add(d, "brad", bundle)
    add(d, "brad", other)
    text = d.users.read_text()
    d.users.write_text(re.sub(rf"(d {pin_of(bundle)} .*)", r"\1 expires=soon", text))
    assert alert(d, bundle, "1.3") == 80
    enters(d, other)
    d.wait()
    fault, = d.records(event="refused")
    assert re.search(r"users:\d: damaged line", fault["message"])


def test_many_devices(door, authority):
    """100,000 lines of devices, and the one that is here."""
    bundle = authority.self_signed("x")
    d = door(keys=authority)
    d.add_user("brad")
    add(d, "brad", bundle)
    lines = d.users.read_text().splitlines(True)
    more = [f"d {n * 7919 % 2**32:08x}{'0' * 56} brad@447.edu label=n{n}\n"
            for n in range(100_000)]
    d.users.write_text("".join(lines[:1] + sorted(set(more + lines[1:]))))
    enters(d, bundle)
    assert alert(d, authority.self_signed("y"), "1.3") == 48
    assert len(d.users.read_text().splitlines()) == 100_003
    assert " first-use=" in d.users.read_text()
