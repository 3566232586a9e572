# SPDX-License-Identifier: ISC
"""Certificates that end soon: the log says so before they have."""

import os
import re

import pytest

import foreign
from certificates import Authority

DAY = 86400
ADMITTED = foreign.Outcome(line="220 447.edu SMTP Services Ready.")


@pytest.fixture(name="authority", scope="module")
def fixture_authority():
    with Authority() as authority:
        yield authority


def enter(d, bundle):
    d.connected += 1
    assert foreign.openssl(d.port, d.keys.ca, bundle, "1.3") == ADMITTED
    d.wait()


def warnings(d):
    return d.records(event="certificate-expires")


def bundle_of(authority, age, left):
    """One that is so many days old and has so many left."""
    now = authority.dates(0)[1]
    return authority.issue(dates=(now - age * DAY, now + int(left * DAY)))


# Days old, days left: whether that is soon.
SOON = {
    "a year and a week": (365, 7, True),
    "a year and a month": (365, 31, False),
    "a day and an hour": (1, 1 / 24, True),
    "of two days, a day": (1, 1, False),
    "of ninety days, thirty": (60, 29.5, True),
}


@pytest.mark.parametrize("case", SOON)
def test_client(door, authority, case):
    age, left, soon = SOON[case]
    bundle = bundle_of(authority, age, left)
    d = door(keys=authority)
    enter(d, bundle)
    admitted, = d.records(event="admitted")
    said = re.search(r"; its certificate expires on \d{4}-\d\d-\d\d$", admitted["message"])
    assert bool(said) == soon


def test_server_once_a_day(door, authority):
    now = authority.dates(0)[1]
    pair = authority.server(dates=(now - 300 * DAY, now + 9 * DAY))
    d = door(keys=authority, tls_cert=pair.cert, tls_key=pair.key)
    client = authority.issue(days=300)
    for _ in range(3):
        enter(d, client)
    warned, = warnings(d)
    assert str(pair.cert) in warned["message"]
    stamp = d.dir / "run" / "expiry-warned"
    os.utime(stamp, (now - 2 * DAY, now - 2 * DAY))
    enter(d, client)
    enter(d, client)
    assert len(warnings(d)) == 2


def test_server_in_time(door, authority):
    pair = authority.server(days=300)
    d = door(keys=authority, tls_cert=pair.cert, tls_key=pair.key)
    enter(d, authority.issue(days=300))
    assert not warnings(d)
    assert not (d.dir / "run" / "expiry-warned").exists()


WORDS = [r"your certificate \S+ expires on \d{4}-\d\d-\d\d: have it renewed",
         r"the certificate of localhost expires on \d{4}-\d\d-\d\d: tell its administrator"]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("form", ["send", "interactive"])
@pytest.mark.parametrize("soon", [(False, False), (True, False), (False, True), (True, True)])
def test_the_client_tells_of_both(door, authority, tls, form, soon):
    """A line for each that ends soon, and no other word."""
    now = authority.dates(0)[1]
    old = {"dates": (now - 300 * DAY, now + 9 * DAY)}
    client = authority.issue(**(old if soon[0] else {"days": 300}))
    pair = authority.server(**(old if soon[1] else {"days": 300}))
    d = door(keys=authority, tls=tls, tls_cert=pair.cert, tls_key=pair.key)
    d.add_user("brad")
    d.connected += 1
    options = ["--ca", authority.ca, "--cert", client.cert, "--key", client.key,
               *(["--starttls"] * (tls == "starttls"))]
    if form == "send":
        ran = d.programs.run("postern", "send", *options, "--server", f"localhost:{d.port}",
                             "-f", "brad@447.edu", "brad@447.edu", input="Subject: x\n\nx\n")
    else:
        ran = d.programs.run("postern", *options, "localhost", str(d.port), input="quit\n")
    expected = [words for words, is_soon in zip(WORDS, soon) if is_soon]
    said = ran.stderr.splitlines()
    assert len(said) == len(expected), ran.stderr
    for line, words in zip(said, expected):
        assert re.fullmatch(f"postern: {words}", line)


def test_enrol_tells_of_the_servers(door, authority):
    now = authority.dates(0)[1]
    pair = authority.server(dates=(now - 300 * DAY, now + 9 * DAY))
    d = door(keys=authority, tls_cert=pair.cert, tls_key=pair.key)
    token = d.ctl("enrol", "token", "brad", "--for", "1h").stdout.split()[-1]
    d.connected += 1
    ran = d.programs.run("postern", "enrol", f"localhost:{d.port}", "--token", token, "--ca",
                         authority.ca, "--config", d.dir / "client.conf")
    assert re.fullmatch(f"postern: {WORDS[1]}\n", ran.stderr)
