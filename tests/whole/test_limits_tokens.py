# SPDX-License-Identifier: ISC
"""Tokens that are refused count as failed logins of whoever shows them, and of nobody else;
what a stranger can use up."""

import json
import re

import pytest

from certificates import Authority
from limiting import COME_BACK, connect_from, limited, one_record
from sessions import b64, leave, log_in

BRAD, SUE = "brad@447.edu", "sue@447.edu"
GUESS = "abcd-efgh-ijkm-npqr-stuv-wxyz-2345"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


def token_for(door, user="brad"):
    return door.ctl("enrol", "token", user, "--for", "1h").stdout.splitlines()[-1]


def show(door, authority, words, address=HERE, bundle=None):
    """What a stranger is answered who shows a token; each has another key."""
    client = connect_from(door, address, bundle or authority.self_signed("x"))
    assert client, "turned away in the handshake"
    with client:
        client.command("EHLO client", 250)
        return client.command(f"XENROL {words}")


def is_a_device(door, bundle, address):
    with connect_from(door, address, bundle) as client:
        client.command("EHLO client", 250)
        client.command(f"AUTH EXTERNAL {b64('brad')}", 235)
        leave(client)


def used(door, authority):
    token = token_for(door)
    assert show(door, authority, token, "192.0.2.3").code == 250
    return token


def late(door, _):
    """A token that was good for long enough; now it is past."""
    before = door.users.read_text()
    token = token_for(door)
    mine = next(line for line in door.users.read_text().splitlines(True)
                if line.startswith("t ") and line not in before)
    door.users.write_text(door.users.read_text().replace(
        mine, re.sub(r"expires=\S+", "expires=2001-01-01T00:00:00Z", mine)))
    return token


REFUSED = {
    "guessed": lambda door, authority: GUESS,
    "used": used,
    "late": late,
    "for another name": lambda door, authority: f"{token_for(door)} FOR=sue",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_source_is_shut_out(door, authority, kind):
    """With whatever key, and with the right token; elsewhere the owner gets in, and whoever
    enrols by nothing gets in here as well."""
    d = limited(door, keys=authority, limit_user_failures=2)
    passwords = {name: d.add_user(name) for name in (BRAD, SUE)}
    right = token_for(d)
    refused = REFUSED[kind](d, authority)
    for _ in range(2):
        assert show(d, authority, refused).code == 535
    reply = show(d, authority, right)
    assert re.fullmatch(
        r"421 4\.7\.0 447\.edu closing connection: too many failed logins from your address, "
        + COME_BACK, str(reply))
    with connect_from(d, HERE, authority.issue(BRAD)) as client:
        log_in(client, BRAD, passwords[BRAD])
        leave(client)
    machine = authority.self_signed("x")
    assert show(d, authority, right, ELSEWHERE, machine).code == 250
    is_a_device(d, machine, ELSEWHERE)
    # It is a device from there, too: only tokens are shut out.
    is_a_device(d, machine, HERE)
    d.wait()
    assert {r["reason"] for r in d.records(event="limited")} == {"address-failures"}
    logins = json.loads(d.ctl("stats", "--json").stdout)["logins"]
    found = {e["result"]: e["n"] for e in logins if e["mechanism"] == "XENROL"}
    assert (found["wrong"], found["limited"]) == (2, 1) and found["enrolled"] >= 1


def test_shut_out_looks_at_no_token(door, authority):
    """A right one and a wrong one are told apart by nothing, and the right one stays good."""
    d = limited(door, keys=authority, limit_user_failures=1)
    d.add_user(BRAD)
    right = token_for(d)
    assert show(d, authority, GUESS).code == 535
    before = d.users.read_bytes()
    replies = [re.sub(r"in \d+ seconds?", "", str(show(d, authority, token)))
               for token in (right, GUESS)]
    assert replies[0] == replies[1] and replies[0].startswith("421")
    assert d.users.read_bytes() == before


def test_a_right_token_ends_the_row(door, authority):
    d = limited(door, keys=authority, limit_user_failures=2)
    d.add_user(BRAD)
    tokens = [token_for(d) for _ in range(2)]
    for token in tokens:
        assert show(d, authority, GUESS).code == 535
        assert show(d, authority, token).code == 250


def test_address_is_shut_out_altogether(door, authority):
    """Passwords and tokens add up."""
    d = limited(door, keys=authority, limit_address_failures=2)
    d.add_user(BRAD)
    right = token_for(d)
    with connect_from(d, HERE, authority.issue(BRAD)) as client:
        client.command("EHLO client", 250)
        client.command(f"AUTH PLAIN {b64(f'{chr(0)}{BRAD}{chr(0)}wrong')}", 535)
    assert show(d, authority, GUESS).code == 535
    for bundle in (authority.self_signed("x"), authority.issue(BRAD)):
        assert connect_from(d, HERE, bundle) is None
    assert show(d, authority, right, ELSEWHERE).code == 250
    d.wait()
    assert [r["reason"] for r in d.records(event="limited")] == ["address-failures"] * 2


def test_in_one_session(door, authority):
    d = limited(door, keys=authority, limit_user_failures=1)
    d.add_user(BRAD)
    right = token_for(d)
    with connect_from(d, HERE, authority.self_signed("x")) as client:
        client.command("EHLO client", 250)
        client.command(f"XENROL {GUESS}", 535)
        client.command(f"XENROL {right}", 421)
        assert client.at_end()
    d.wait()
    one_record(d, "address-failures")


def test_strangers_use_up_nothing_of_devices(door, authority):
    """A stranger's key is no device's: it makes as many as it likes, so that only its address
    counts."""
    d = limited(door, keys=authority, limit_device_connections=1, limit_device_sessions=1)
    d.add_user(BRAD)
    machine = authority.self_signed("x")
    token = token_for(d)
    with connect_from(d, HERE, machine), connect_from(d, HERE, machine):
        assert show(d, authority, token, bundle=machine).code == 250
    is_a_device(d, machine, HERE)
    with connect_from(d, HERE, machine) as client:
        assert client.banner.code == 421
    d.wait()
    one_record(d, "device-connections")


def test_sixty_four_guesses_at_once(door, authority):
    """Every one of them counts: there is room for 64 a day, and none for the next."""
    d = limited(door, keys=authority, limit_address_failures=64, limit_window=86400)
    d.add_user(BRAD)
    token_for(d)
    bundles = [authority.self_signed("x") for _ in range(8)]
    clients = [connect_from(d, HERE, bundles[n % 8]) for n in range(64)]
    for client in clients:
        client.command("EHLO client", 250)
    for client in clients:
        client.send(f"XENROL {GUESS}\r\n".encode())
    assert [client.reply().code for client in clients] == [535] * 64
    for client in clients:
        client.close()
    assert connect_from(d, HERE, bundles[0]) is None
