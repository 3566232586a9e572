# SPDX-License-Identifier: ISC
"""Revocation lists at the door, and the index that is made of them once for all connections."""

import os
import subprocess

import pytest

import foreign
from certificates import CLIENT, Authority, Pinned, certtool, pin_of
from harness import Bundle, give

MANY = 100_000
ADMITTED = foreign.Outcome(line="220 447.edu SMTP Services Ready.")
REVOKED, NO_LIST = foreign.Outcome(alert=44), foreign.Outcome(alert=42)


def index_of(d):
    return d.dir / "cache" / "revoked.index"


def enter(d, bundle):
    d.connected += 1
    return foreign.openssl(d.port, d.keys.ca, bundle, "1.3")


def serial_of(pair):
    said = subprocess.run(["openssl", "x509", "-in", pair.cert, "-noout", "-serial"],
                          check=True, capture_output=True, text=True).stdout
    return int(said.split("=")[1], 16)


def both(*paths):
    """One file of several lists."""
    first = paths[0]
    first.write_text("".join(path.read_text() for path in paths))
    return give(first)


@pytest.fixture(name="authority", scope="module")
def fixture_authority():
    with Authority() as authority:
        yield authority


@pytest.fixture(name="door_with")
def fixture_door_with(door, authority):
    return lambda crl: door(keys=authority, tls_crl=crl)


def test_index_is_made_once_for_each_list(door_with, authority):
    good, bad = authority.issue(), authority.issue()
    crl = authority.crl()
    d = door_with(crl)
    made = []
    for _ in range(3):
        assert enter(d, bad) == ADMITTED
        made.append(index_of(d).stat())
    assert len({(st.st_ino, st.st_mtime_ns) for st in made}) == 1
    assert made[0].st_mode & 0o777 == 0o600
    authority.crl(bad).rename(crl)
    for _ in range(3):
        assert enter(d, bad) == REVOKED
        assert enter(d, good) == ADMITTED
        made.append(index_of(d).stat())
    assert len({(st.st_ino, st.st_mtime_ns) for st in made}) == 2
    assert sorted(p.name for p in index_of(d).parent.glob("revoked*")) == [
        "revoked.index", "revoked.index.lock"]


def test_list_written_in_place_is_another(door_with, authority):
    """Same file, same length."""
    one, two = authority.issue(), authority.issue()
    crl = authority.openssl_crl([serial_of(one)])
    d = door_with(crl)
    assert (enter(d, one), enter(d, two)) == (REVOKED, ADMITTED)
    crl.write_bytes(authority.openssl_crl([serial_of(two)]).read_bytes())
    assert (enter(d, one), enter(d, two)) == (ADMITTED, REVOKED)


DAMAGE = {
    "empty": lambda path, data: path.write_bytes(b""),
    "cut": lambda path, data: path.write_bytes(data[:len(data) // 2]),
    "rubbish": lambda path, data: path.write_bytes(os.urandom(len(data))),
    "a folder": lambda path, data: (path.unlink(), path.mkdir()),
    "a pipe": lambda path, data: (path.unlink(), os.mkfifo(path, 0o666)),
    "a draft that is a pipe": lambda path, data: (
        path.unlink(), os.mkfifo(path.with_name(path.name + ".draft"), 0o666)),
    "a link": lambda path, data: (path.unlink(), path.symlink_to("/etc/passwd")),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_index_is_nobodys_way_in(door_with, authority, damage):
    good, bad = authority.issue(), authority.issue()
    d = door_with(authority.crl(bad))
    assert enter(d, bad) == REVOKED
    DAMAGE[damage](index_of(d), index_of(d).read_bytes())
    assert (enter(d, bad), enter(d, good)) == (REVOKED, ADMITTED)


def test_folder_that_cannot_be_written(door_with, authority):
    good, bad = authority.issue(), authority.issue()
    d = door_with(authority.crl(bad))
    (d.dir / "cache").chmod(0o500)
    assert (enter(d, bad), enter(d, good)) == (REVOKED, ADMITTED)
    assert not index_of(d).exists()
    (d.dir / "cache").chmod(0o700)


def test_intermediate_has_a_list_of_its_own(door_with, authority):
    below = authority.below()
    good, bad = authority.issue(issuer=below), authority.issue(issuer=below)
    d = door_with(both(authority.crl(), authority.crl(bad, signer=below)))
    for _ in range(2):
        assert (enter(d, bad), enter(d, good)) == (REVOKED, ADMITTED)
    d = door_with(authority.crl(below))
    assert enter(d, good) == REVOKED
    d = door_with(authority.crl())
    assert enter(d, good) == NO_LIST


def without_issuers(authority, bundle):
    """The same, of which a client sends its own certificate and nothing else."""
    leaf = authority.file("pem")
    subprocess.run(["openssl", "x509", "-in", bundle.cert, "-out", leaf], check=True)
    return Bundle(give(leaf), bundle.key, bundle.ca)


@pytest.mark.parametrize("trusted", ["device", "pinned", "pinned by another"])
def test_intermediate_left_out(door, authority, trusted):
    """Whoever needs no issuer has no issuer's list passed over by not sending it."""
    below = authority.below()
    good, bad = authority.issue(issuer=below), authority.issue(issuer=below)
    pinned = Pinned(authority)
    d = door(keys=authority, tls_pins=pinned.pins,
             tls_crl=both(authority.crl(), authority.crl(bad, signer=below)))
    d.add_user("brad")
    for bundle in (good, bad):
        if trusted == "device":
            d.ctl("device", "add", "brad", "--pin", pin_of(bundle), "--label", "x")
        elif trusted == "pinned":
            pinned.pin(without_issuers(authority, bundle), pin_of(bundle))
        else:
            pinned.pin(renewed(authority, bundle), pin_of(bundle))
    assert enter(d, without_issuers(authority, good)) == ADMITTED
    assert enter(d, without_issuers(authority, bad)) == REVOKED
    assert (enter(d, good), enter(d, bad)) == (ADMITTED, REVOKED)


def renewed(authority, bundle):
    """A self-signed certificate of the same key."""
    cert = authority.file("pem")
    certtool("--generate-self-signed", "--load-privkey", bundle.key, "--outfile", cert,
             "--template", authority.template("brad@447.edu", CLIENT, authority.dates(1)))
    return Bundle(give(cert), bundle.key, bundle.ca)


def test_many_entries(door_with, authority):
    """The first, one in the middle and the last of many are found, and nobody else."""
    bundles = [authority.issue() for _ in range(4)]
    serials = sorted(serial_of(bundle) for bundle in bundles)
    others = [int.from_bytes(os.urandom(19), "big") for _ in range(MANY)]
    good = next(b for b in bundles if serial_of(b) == serials[1])
    d = door_with(authority.openssl_crl({*others, *serials} - {serials[1]}))
    for bundle in bundles:
        assert enter(d, bundle) == (ADMITTED if bundle is good else REVOKED)
    assert index_of(d).stat().st_size > MANY * 20
