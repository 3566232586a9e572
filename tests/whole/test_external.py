# SPDX-License-Identifier: ISC
"""AUTH EXTERNAL over real TLS: whom the certificate alone logs in, what is logged and stored,
and the client that uses it."""

import shutil

import pytest

import harness
from certificates import KEY_TYPES, Authority, Pinned
from sessions import b64, leave, log_in, plain, send

BOTH_WAYS = True

BRAD, CAROL = "brad@447.edu", "carol@447.edu"
MESSAGE = "Subject: Test\n\nHi\n"


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


def offered(client):
    reply = client.command("EHLO client.447.edu", 250)
    return next((line[5:].split() for line in reply.text.split("\n")
                 if line.startswith("AUTH ")), [])


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("kind", KEY_TYPES)
def test_certificate_alone_logs_in(door, authority, kind, tls):
    bundle = authority.issue(BRAD, key=kind)
    d = door(keys=authority)
    d.add_user("brad")
    with d.connect(bundle, tls) as client:
        assert offered(client) == [
            "SCRAM-SHA-256-PLUS", "EXTERNAL", "SCRAM-SHA-256", "PLAIN", "LOGIN"]
        client.command("AUTH EXTERNAL =", 235)
        send(client, BRAD, [BRAD], b"Subject: Test\r\n\r\nHi\r\n")
        leave(client)
    d.wait()
    login = d.records(event="login")
    assert [(r["user"], r["device"], r["reason"]) for r in login] == [
        (BRAD, bundle.pin, "certificate proved")]
    assert "by EXTERNAL" in login[0]["message"]
    assert d.messages(BRAD)[0].endswith(b"\n\nHi\n")


def test_pinned_certificate_logs_in(door, authority):
    pinned = Pinned(authority)
    try:
        bundle = authority.self_signed(mail=BRAD)
        pinned.pin(bundle)
        d = door(keys=pinned, tls_pins=pinned.pins, tls_ca=pinned.pins / "none")
        d.add_user("brad")
        for tls in ("1.2", "1.3"):
            with d.connect(bundle, tls) as client:
                client.command("EHLO client.447.edu", 250)
                client.command(f"AUTH EXTERNAL {b64('brad')}", 235)
    finally:
        shutil.rmtree(pinned.pins)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("voice", ["EHLO", "HELO"])
def test_asked_for_the_identity(door, authority, voice, tls):
    d = door(keys=authority, tls=tls)
    d.add_user("brad")
    bundle = authority.client()
    with d.connect(bundle) as client:
        if tls == "starttls":
            client.command("EHLO client.447.edu", 250)
            client.command("AUTH EXTERNAL =", 530)
            client.command("STARTTLS", 220)
            client.start_tls(d.context(bundle))
        client.command(f"{voice} client.447.edu", 250)
        assert client.command("AUTH EXTERNAL", 334).text == ""
        client.command("", 235)


def test_first_login_is_written_down(door, authority):
    d = door(keys=authority)
    d.add_user("brad")
    assert "never logged in" in d.ctl("user", "list").stdout
    with d.connect(authority.client()) as client:
        client.command("EHLO client.447.edu", 250)
        client.command("AUTH EXTERNAL =", 235)
    d.wait()
    assert "active" in d.ctl("user", "list").stdout
    before = d.users.stat()
    with d.connect(authority.client()) as client:
        client.command("EHLO client.447.edu", 250)
        client.command("AUTH EXTERNAL =", 235)
    d.wait()
    assert d.users.stat().st_ino == before.st_ino


def test_user_without_a_password(door, authority):
    """The certificate lets her in, and nothing else does."""
    d = door(keys=authority, bind="any")
    d.ctl("user", "add", "carol", "--no-password")
    assert "no password" in d.ctl("user", "list").stdout
    with d.connect(authority.client(CAROL)) as client:
        client.command("EHLO client.447.edu", 250)
        client.command(f"AUTH PLAIN {plain('carol', 'x')}", 535)
        client.command("AUTH EXTERNAL =", 235)
    with d.connect(authority.client(BRAD)) as client:
        client.command("EHLO client.447.edu", 250)
        client.command(f"AUTH EXTERNAL {b64('carol')}", 535)


def test_options_of_a_user_without_a_password(door, authority):
    d = door(keys=authority, listen=False)
    for more in (["--generate"], ["--password-stdin"]):
        assert d.ctl("user", "add", "x", "--no-password", *more, check=False).returncode == 64
    assert d.ctl("user", "passwd", "x", "--no-password", check=False).returncode == 64
    d.ctl("user", "add", "x", "--no-password")
    assert d.ctl("user", "add", "x", "--no-password", check=False).returncode == 65
    password = d.ctl("user", "passwd", "x", "--generate").stdout.splitlines()[-1]
    assert password and "never logged in" in d.ctl("user", "list").stdout


def test_enrolled_user(door, authority):
    d = door(keys=authority)
    with d.connect(authority.client()) as client:
        client.command("HELO client.447.edu", 250)
        client.command("AUTH EXTERNAL =", 530)
        client.command("AUTH", 334)
        client.command(b64("brad"), 330)
    with d.connect(authority.client()) as client:
        client.command("HELO client.447.edu", 250)
        client.command("AUTH EXTERNAL =", 235)


WRONG = {
    "unknown user": (dict(name="ghost@447.edu"), "=", "the certificate names no user here"),
    "unknown user by name": (
        dict(name="ghost@447.edu"), b64("ghost"), "unknown user"),
    "somebody else": (
        dict(name=CAROL), b64("brad"), "the certificate does not name the user"),
    "no name at all": (
        dict(name="x", mail=None, lines=("dns_name = 447.edu",)), "=",
        "the certificate names no user here"),
    "a foreign domain": (
        dict(name="x", mail="brad@example.com"), b64("brad"),
        "the certificate does not name the user"),
    "locked user": (dict(name="x", mail="lee@447.edu", lines=(f'email = "{CAROL}"',)),
                    b64("lee"), "user is locked"),
    "locked user first": (
        dict(name="x", mail=CAROL, lines=('email = "lee@447.edu"',)), "=",
        "user is locked"),
}


@pytest.mark.parametrize("what", WRONG)
def test_refusal_looks_like_a_wrong_password(door, authority, what):
    order, initial, reason = WRONG[what]
    d = door(keys=authority, bind="any")
    for name in ("brad", "carol", "lee"):
        d.add_user(name)
    d.ctl("user", "lock", "lee")
    said = []
    for line in (f"AUTH EXTERNAL {initial}", f"AUTH PLAIN {plain('brad', 'wrong')}"):
        with d.connect(authority.issue(**order)) as client:
            client.command("EHLO client.447.edu", 250)
            said.append(client.command(line, 535))
    assert said[0] == said[1]
    d.wait()
    failed = d.records(event="login-failed")
    assert [r["reason"] for r in failed] == [reason, "wrong password"]


def test_alone(door, authority):
    d = door(keys=authority, mechanisms="EXTERNAL")
    assert d.programs.run("postern-smtpd", "-c", d.conf, "-t").returncode == 0
    password = d.add_user("brad")
    with d.connect(authority.client()) as client:
        assert offered(client) == ["EXTERNAL"]
        client.command(f"AUTH PLAIN {plain('brad', password)}", 534)
        client.command("AUTH EXTERNAL =", 235)


def test_left_out(door, authority):
    d = door(keys=authority, mechanisms="PLAIN SCRAM-SHA-256")
    password = d.add_user("brad")
    with d.connect(authority.client()) as client:
        assert offered(client) == ["SCRAM-SHA-256", "PLAIN"]
        client.command("AUTH EXTERNAL =", 504)
        log_in(client, "brad", password)


def test_never_without_tls(door):
    d = door(tls="off", bind="any", enrol="off")
    password = d.add_user("brad")
    with d.connect() as client:
        assert "EXTERNAL" not in offered(client)
        client.command("AUTH EXTERNAL =", 504)
        client.command(f"AUTH EXTERNAL {b64('brad')}", 504)
        log_in(client, "brad", password)


def test_our_client_uses_it(door, authority, programs):
    d = door(keys=authority)
    d.add_user("brad")
    bundle = authority.client()
    words = ["--server", f"localhost:{d.port}", "--ca", bundle.ca, "--cert", bundle.cert,
             "--key", bundle.key]
    home = harness.folder("postern-home-")
    try:
        for more in (["-f", BRAD], ["--user", BRAD]):
            d.connected += 1
            programs.run("postern", "send", *words, *more, BRAD, input=MESSAGE,
                         env={"HOME": str(home)})
        d.connected += 1
        refused = programs.run("postern", "send", *words, "--user", "carol", "-f", BRAD, BRAD,
                               input=MESSAGE, check=False, env={"HOME": str(home)})
    finally:
        shutil.rmtree(home)
    assert refused.returncode == 77 and "535" in refused.stderr
    d.wait()
    assert len(d.messages(BRAD)) == 2
    assert [r["message"].split()[-1] for r in d.records(event="login")] == ["EXTERNAL"] * 2
