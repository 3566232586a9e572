# SPDX-License-Identifier: ISC
"""What AUTH takes and what it tells: bindings to the channel, mechanisms by every name, and
users who are not there. Logins that are as they should be are in test_users.py."""

import concurrent.futures
import unicodedata

import pytest

from scram import Exporting, Scram, attempt
from sessions import b64, plain
from smtpline import Client

BOTH_WAYS = True

BRAD = "brad@447.edu"
PLUS, SCRAM = "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"
TLS = ["1.2", "1.3"]


def exporting(d, tls):
    """A client behind EHLO whose .binding is the channel's."""
    bare = d.socket()
    client = Client(Exporting(bare.sock, d, tls, d.keys.client()))
    d.clients.append(client)
    client.binding = client.sock.binding
    client.unique = client.sock.unique
    assert client.reply().code == 220
    client.offers = client.command("EHLO client.447.edu", 250).text
    return client


def all_at_once(function, names):
    """{name: function(name)}; most of the time of a refused login is a delay."""
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(function, names)))


def offered(text):
    [line] = [line for line in text.split("\n") if line.startswith("AUTH ")]
    return line.split()[1:]


@pytest.mark.parametrize("tls", TLS)
def test_bound_to_the_channel(door, tls):
    d = door()
    password = d.add_user("brad")
    client = exporting(d, tls)
    assert PLUS in offered(client.offers)
    scram = Scram("brad", password, "p=tls-exporter,,", client.binding)
    assert attempt(client, PLUS, scram).code == 235


# How a binding can be wrong: mechanism, header, and what is bound.
WRONG_BINDINGS = {
    "another channel's": (PLUS, "p=tls-exporter,,", lambda c: bytes(32)),
    "half of it": (PLUS, "p=tls-exporter,,", lambda c: c.binding[:16]),
    "none": (PLUS, "p=tls-exporter,,", lambda c: b""),
    "tls-unique": (PLUS, "p=tls-unique,,", lambda c: c.unique),
    "tls-unique for tls-exporter": (PLUS, "p=tls-exporter,,", lambda c: c.unique),
    "the exporter by another name": (PLUS, "p=tls-unique,,", lambda c: c.binding),
    "tls-server-end-point": (PLUS, "p=tls-server-end-point,,", lambda c: c.binding),
    "in capitals": (PLUS, "p=TLS-EXPORTER,,", lambda c: c.binding),
    "not wanted": (PLUS, "n,,", lambda c: b""),
    "downgrade with PLUS": (PLUS, "y,,", lambda c: b""),
    "downgrade": (SCRAM, "y,,", lambda c: b""),
    "without PLUS": (SCRAM, "p=tls-exporter,,", lambda c: c.binding),
}


@pytest.mark.parametrize("tls", TLS)
def test_wrong_binding_is_refused(door, tls):
    """Each on a connection of its own: a right password helps none."""
    d = door()
    password = d.add_user("brad")

    def try_it(what):
        mechanism, gs2, bind = WRONG_BINDINGS[what]
        client = exporting(d, tls)
        code = attempt(client, mechanism, Scram("brad", password, gs2, bind(client))).code
        client.close()
        return code

    codes = all_at_once(try_it, WRONG_BINDINGS)
    assert {what: code for what, code in codes.items() if code not in (501, 535)} == {}
    assert codes["downgrade"] == codes["tls-unique"] == 535
    d.wait()
    assert not d.records(event="login")
    assert len(d.records(event="login-failed")) == len(WRONG_BINDINGS)


def test_no_binding_without_extended_master_secret(door):
    """TLS 1.2 then binds nothing (RFC 9266 section 4.1): -PLUS is neither offered nor begun,
    and a client that says so (the flag "y") is right."""
    no_extended_master_secret = 1
    d = door()
    password = d.add_user("brad")
    bare = d.socket()
    context = d.context(tls="1.2")
    context.options |= no_extended_master_secret
    client = Client(context.wrap_socket(bare.sock, server_hostname="localhost"))
    d.clients.append(client)
    assert client.reply().code == 220
    assert PLUS not in offered(client.command("EHLO client.447.edu", 250).text)
    client.command(f"AUTH {PLUS}", 504)
    client.command(f"AUTH {PLUS} {Scram('brad', password, 'p=tls-exporter,,').first()}", 504)
    assert attempt(client, SCRAM, Scram("brad", password, "y,,")).code == 235


MECHANISMS = [
    "ANONYMOUS", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "GSSAPI", "GS2-KRB5", "LOGIN", "NTLM",
    "OAUTHBEARER", "OPENID20", "PLAIN", "SAML20", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256-PLUS", "SECURID", "XOAUTH2", "KERBEROS_V5", "SCRAM-SHA-256-PLU",
    "SCRAM-SHA-256-PLUSS", "SCRAM-SHA-512", "*", "=", "classic", "USERNAME", "PLAIN\\0"]


def spellings(name):
    return [name, name.lower(), name.capitalize(), f"{name}  ", f"{name}\t", f"  {name}",
            f"{name} =", f"{name.lower()} {b64('x')}"]


@pytest.mark.parametrize("greeting", ["EHLO client.447.edu", "HELO client"])
def test_no_mechanism_but_those_configured(door, greeting):
    d = door(mechanisms="SCRAM-SHA-256", max_errors=1000)
    d.add_user("brad")
    with d.connect() as client:
        client.command(greeting, 250)
        for name in MECHANISMS:
            for words in spellings(name):
                reply = client.command(f"AUTH {words}")
                assert reply.code in (501, 504, 534), (words, reply)
        # With a NUL in it the line is none; nor is one cut short by it.
        for name in ("PLAIN\0", "SCRAM-SHA-256\0", "SCRAM-SHA-256\0-PLUS", "\0SCRAM-SHA-256"):
            client.command(f"AUTH {name}", 500)
        for words in ("SCRAM-SHA-256", "scram-sha-256", "Scram-Sha-256  ", "SCRAM-SHA-256\t"):
            client.command(f"AUTH {words}", 334)
            client.command("*", 501)
    d.wait()
    assert not d.records(event="login-failed")


def in_plain(client, user):
    return [client.command(f"AUTH PLAIN {plain(user, 'wrong')}")]


def in_login(client, user):
    return [client.command(line) for line in ("AUTH LOGIN", b64(user), b64("wrong"))]


def in_classic(client, user):
    return [client.command(line) for line in ("AUTH", b64(user), b64("wrong"))]


def in_scram(client, user):
    scram = Scram(user, "wrong", nonce="always-the-same")
    first = client.command(f"AUTH {SCRAM} {scram.first()}", 334)
    last = client.command(scram.final(first.text))
    return [(len(first.text), len(scram.salt), scram.iterations), last]


EXCHANGES = {"PLAIN": in_plain, "LOGIN": in_login, "SCRAM": in_scram, "classic": in_classic}


@pytest.mark.parametrize("how", EXCHANGES)
def test_unknown_user_looks_like_a_wrong_password(door, how):
    """Also one who is locked, and one who is only another's."""
    d = door(enrol="off")
    for name in ("brad", "locked", "carol"):
        d.add_user(name)
    d.ctl("user", "lock", "locked")

    def try_it(user):
        with d.connect() as client:
            client.command("HELO c" if how == "classic" else "EHLO client.447.edu", 250)
            return [str(each) for each in EXCHANGES[how](client, user)]

    said = all_at_once(try_it, ("brad", "nobody", "locked", "carol", "../brad", "b@x.example"))
    assert all(each == said["brad"] for each in said.values()), said
    assert said["brad"][-1].startswith("530 " if how == "classic" else "535 5.7.8 ")


def log_in_by_all(d, user, password):
    """{door: the reply's code} for one password at each of them."""
    codes = {}
    for how in EXCHANGES:
        with d.connect(user) as client:
            client.command("HELO c" if how == "classic" else "EHLO client.447.edu", 250)
            if how == "PLAIN":
                client.command("AUTH PLAIN", 334)
                reply = client.command(plain(user, password))
            elif how == "SCRAM":
                reply = attempt(client, SCRAM, Scram(user, password))
            else:
                for line in ("AUTH LOGIN" if how == "LOGIN" else "AUTH", b64(user),
                             b64(password)):
                    reply = client.command(line)
            codes[how] = reply.code
    return codes


@pytest.mark.parametrize("password", [
    "ascii only", "p\u00e4ssw\u00f6rd", "\u043f\u0430\u0440\u043e\u043b\u044c", "\u5bc6\u7801",
    "\ufdfa" * 31], ids=ascii)
def test_a_password_that_can_be_set_is_right_everywhere(door, password):
    d = door()
    d.add_user("brad", password)
    prepared = unicodedata.normalize("NFKC", password)
    codes = log_in_by_all(d, "brad@447.edu", password)
    if prepared == password:
        assert set(codes.values()) == {235}, codes
    else:
        assert codes["PLAIN"] == codes["LOGIN"] == codes["classic"] == 235, codes
    assert log_in_by_all(d, "brad@447.edu", prepared) == dict.fromkeys(EXCHANGES, 235)


@pytest.mark.parametrize("password", ["key \U0001f511", "\u0221", "\ufdfa" * 32], ids=ascii)
def test_a_password_that_not_all_would_know_cannot_be_set(door, password):
    d = door()
    done = d.ctl("user", "add", "brad", "--password-stdin", input=password + "\n", check=False)
    assert done.returncode == 65 and "does not know, such as emoji" in done.stderr


def test_salt_of_an_unknown_user_is_always_the_same(door):
    d = door()
    d.add_user("brad")
    salts = {}
    for user in ("nobody", "NOBODY@447.edu", "somebody", "brad") * 2:
        with d.connect() as client:
            client.command("EHLO client.447.edu", 250)
            scram = Scram(user, "wrong")
            scram.final(client.command(f"AUTH {SCRAM} {scram.first()}", 334).text)
            salts.setdefault(user, set()).add(scram.salt)
    assert all(len(each) == 1 for each in salts.values())
    assert salts["nobody"] == salts["NOBODY@447.edu"]
    assert len(set.union(*salts.values())) == 3
