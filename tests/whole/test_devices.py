# SPDX-License-Identifier: ISC
"""posternctl device and enrol: every command, every fault, and what stands in the store."""

import calendar
import json
import os
import re
import time

import certificates
import harness
import pytest
from certificates import Authority

PINS = [f"{n:02x}" * 32 for n in range(16)]
STAMP = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TOKEN = re.compile(r"([a-km-np-z2-9]{4}-){6}[a-km-np-z2-9]{4}\n")


@pytest.fixture(scope="module")
def authority():
    with Authority() as made:
        yield made


def seconds(stamp):
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


def add(store, user, pin, label, *more):
    return store.device("add", user, "--pin", pin, "--label", label, *more)


def refused(store, status, *args, **more):
    return store.refused(status, *args, group="device", **more)


def test_add_and_list(store):
    store.add("brad")
    store.add("sue")
    assert add(store, "Brad", PINS[1].upper(), "on the roof").stdout == PINS[1] + "\n"
    add(store, "brad@447.edu", PINS[0], "50% full", "--expires", "2099-12-31",
        "--sender", "Roof@447.edu", "--sender", "<>")
    add(store, "sue", PINS[2], "x", "--expires", "2099-12-31T01:02:03Z")
    assert [d["pin"] for d in store.devices()] == PINS[:3]
    first, second = store.devices("brad")
    assert first.pop("created") and STAMP.fullmatch(second["created"])
    assert first == {
        "pin": PINS[0], "user": "brad@447.edu", "label": "50% full", "state": "never used",
        "first_use": None, "expires": "2099-12-31T23:59:59Z", "revoked": None,
        "last_use": None, "senders": ["roof@447.edu", "<>"]}
    assert second["label"] == "on the roof" and second["senders"] is None
    assert store.devices("sue")[0]["expires"] == "2099-12-31T01:02:03Z"
    lines = store.lines()[1:-1]
    assert lines == sorted(lines) and [line[0] for line in lines] == list("ddduu")
    text = store.device("list", "brad").stdout.splitlines()
    assert len(text) == 2 and text[1].split()[:2] == [PINS[1], "never"]
    assert text[1].endswith("brad@447.edu                  on the roof")


def test_add_by_certificate(store, authority):
    store.add("brad")
    for key in certificates.KEY_TYPES:
        pair = authority.self_signed(key=key)
        ran = store.device("add", "brad", "--cert", pair.cert, "--label", key)
        assert ran.stdout == pair.pin + "\n" and not ran.stderr
    old = authority.self_signed(dates=authority.dates(-1 / 48))
    ran = store.device("add", "brad", "--cert", old.cert, "--label", "old")
    assert "expired" in ran.stderr and ran.stdout == old.pin + "\n"
    assert len(store.devices("brad")) == len(certificates.KEY_TYPES) + 1
    said = refused(store, 65, "add", "brad", "--cert", old.key, "--label", "x")
    assert "certificate in PEM" in said
    said = refused(store, 66, "add", "brad", "--cert", store.dir / "none", "--label", "x")
    assert "none" in said


def test_a_key_is_one_device(store):
    store.add("brad")
    store.add("sue")
    add(store, "brad", PINS[0], "roof")
    for user in ("brad", "sue"):
        said = refused(store, 65, "add", user, "--pin", PINS[0], "--label", "y")
        assert "device of brad@447.edu already, `roof'" in said
    store.device("revoke", "roof")
    refused(store, 65, "add", "brad", "--pin", PINS[0], "--label", "y")


FAULTS = [
    (67, ["nobody", "--pin", PINS[0], "--label", "x"], "no such user"),
    (65, ["../x", "--pin", PINS[0], "--label", "x"], "name of a user"),
    (65, ["brad", "--pin", PINS[0][1:], "--label", "x"], "64 hexadecimal"),
    (65, ["brad", "--pin", "x" * 64, "--label", "x"], "64 hexadecimal"),
    (65, ["brad", "--pin", PINS[0], "--label", ""], "--label"),
    (65, ["brad", "--pin", PINS[0], "--label", "x" * 65], "--label"),
    (65, ["brad", "--pin", PINS[0], "--label", "a\nu x@447.edu"], "--label"),
    (65, ["brad", "--pin", PINS[0], "--label", PINS[1]], "--label"),
    (65, ["brad", "--pin", PINS[0], "--label", "x", "--expires", "2001-01-01"], "to come"),
    (65, ["brad", "--pin", PINS[0], "--label", "x", "--sender", "nobody"], "--sender"),
    (65, ["brad", "--pin", PINS[0], "--label", "x", "--sender", "a@b.c,d@e.f"], "--sender"),
    (64, ["brad", "--pin", PINS[0]], "--label"),
    (64, ["brad", "--label", "x"], "--cert FILE or --pin HEX"),
    (64, ["brad", "--pin", PINS[0], "--cert", "x", "--label", "x"], "one of them"),
    (64, ["brad", "--pin", PINS[0], "--label", "x", "--expires", "soon"], "--expires"),
    (64, ["brad", "--pin", PINS[0], "--label", "x", "--expires", "2030-02-30"], "--expires"),
    (64, ["brad", "--pin", PINS[0], "--label", "x", "--json"], "does not take"),
    (64, ["--pin", PINS[0], "--label", "x"], "USER is expected"),
]


@pytest.mark.parametrize("status, args, said", FAULTS, ids=range(len(FAULTS)))
def test_faults_of_add(store, status, args, said):
    store.add("brad")
    before = store.lines()
    assert said in refused(store, status, "add", *args)
    assert store.lines() == before


def test_revoke_label_del(store):
    store.add("brad")
    add(store, "brad", PINS[0], "roof")
    add(store, "brad", PINS[1], "hall")
    add(store, "brad", PINS[2], "hall")
    store.device("revoke", "roof")
    first = store.devices()[0]
    assert first["state"] == "revoked" and STAMP.fullmatch(first["revoked"])
    store.device("revoke", PINS[0].upper())
    assert store.devices()[0] == first
    said = refused(store, 65, "revoke", "hall")
    assert "2 devices have that label" in said
    store.device("label", PINS[2], "old hall")
    store.device("revoke", "hall")
    assert [d["state"] for d in store.devices()] == ["revoked", "revoked", "never used"]
    assert store.devices()[2]["label"] == "old hall"
    store.device("del", "old hall")
    assert [d["pin"] for d in store.devices()] == PINS[:2]
    for command in (["revoke", "none"], ["label", "none", "x"], ["del", "none"],
                    ["revoke", PINS[9]], ["del", PINS[9]]):
        assert re.search("no device|no such device", refused(store, 67, *command))
    assert "--json" not in refused(store, 65, "label", "hall", "x" * 65)


@pytest.mark.parametrize("command", [["revoke", ""], ["label", "", "x"], ["del", ""]],
                         ids=lambda words: words[0])
def test_no_word_names_no_device(store, command):
    """Least of all the one that has no label."""
    store.add("brad")
    add(store, "brad", PINS[0], "roof")
    store.path.write_text(store.path.read_text().replace(" label=roof", ""))
    before = store.lines()
    assert "pin or a label is expected" in refused(store, 64, *command)
    assert store.lines() == before


def test_damaged_device(store):
    store.add("brad")
    add(store, "brad", PINS[0], "roof")
    lines = store.lines()
    lines[1] += " expires=soon"
    store.path.write_text("\n".join(lines))
    ran = store.device("list")
    assert f"{store.path}:2: damaged line" in ran.stderr and not ran.stdout
    assert "damaged" in refused(store, 65, "revoke", PINS[0])
    store.device("del", PINS[0])
    assert store.devices() == []


def test_expired(store):
    store.add("brad")
    add(store, "brad", PINS[0], "roof", "--expires", "2099-01-01")
    store.path.write_text(store.path.read_text().replace("=2099-", "=2001-"))
    assert store.devices()[0]["state"] == "expired"


def test_user_del_takes_all(store):
    store.settings["enrol"] = "window"
    store.add("brad")
    store.add("sue")
    for n, user in enumerate(("brad", "sue", "brad")):
        add(store, user, PINS[n], "x")
        store.enrol("token", user, "--for", "1h")
    store.enrol("open", "--for", "1h", "--name", "brad")
    store.user("del", "brad")
    assert "brad" not in store.path.read_text()
    assert [d["pin"] for d in store.devices()] == [PINS[1]]
    assert [t["user"] for t in status(store)["tokens"]] == ["sue@447.edu"]
    store.add("brad")
    assert store.devices("brad") == []


def status(store):
    return json.loads(store.enrol("status", "--json").stdout)


def test_tokens(store):
    store.add("brad")
    ran = store.enrol("token", "brad", "--for", "24h", "--label", "on the roof")
    assert TOKEN.fullmatch(ran.stdout) and not ran.stderr
    assert ran.stdout.strip() not in store.path.read_text()
    other = store.enrol("token", "newuser", "--for", "90s")
    assert "no such user yet" in other.stderr and other.stdout != ran.stdout
    store.user("lock", "brad")
    assert "locked" in store.enrol("token", "brad", "--for", "1s").stderr
    tokens = sorted(status(store)["tokens"], key=lambda t: t["expires"])[-1:]
    assert tokens[0].pop("expires") and tokens == [{"user": "brad@447.edu",
                                                    "label": "on the roof"}]
    text = store.enrol("status").stdout
    assert text.startswith("enrol = certificate\n")
    assert re.search(r"token for brad@447\.edu until \S+Z, on the roof\n", text)
    lines = store.lines()[1:-1]
    assert lines == sorted(lines)
    store.settings["enrol"] = "off"
    assert "off" in store.refused(78, "token", "brad", "--for", "1h", group="enrol")


def test_tokens_that_are_past_are_cleared_away(store):
    store.add("brad")
    store.enrol("token", "brad", "--for", "1h")
    store.path.write_text(re.sub("=20..-", "=2001-", store.path.read_text()))
    assert status(store)["tokens"] == []
    store.enrol("token", "brad", "--for", "1h")
    assert [line[0] for line in store.lines()[1:-1]] == list("tuw")


def test_tokens_are_withdrawn(store):
    """Those of one name, or all; nothing is left that lets strangers in."""
    for name in ("brad", "ghost", "ghost", "sue"):
        store.enrol("token", name, "--for", "1h")
    store.enrol("close", "--name", "Ghost")
    assert sorted(t["user"] for t in status(store)["tokens"]) == ["brad@447.edu", "sue@447.edu"]
    assert "no window or token" in store.enrol("close", "--name", "ghost").stderr
    store.add("sue")
    store.user("del", "sue")
    assert [t["user"] for t in status(store)["tokens"]] == ["brad@447.edu"]
    assert not store.enrol("close").stderr
    assert status(store)["tokens"] == []
    assert [line[0] for line in store.lines()[1:-1]] == []


@pytest.mark.parametrize("enrol, ca, warned", [
    ("certificate", "/no/ca.pem", True), ("any", "/no/ca.pem", True),
    ("window", "/no/ca.pem", False), ("off", "/no/ca.pem", False),
    ("certificate", "none", False)])
def test_who_is_removed_may_come_back(store, enrol, ca, warned):
    store.settings.update(enrol=enrol, tls_ca=ca)
    store.add("brad")
    said = store.user("del", "brad").stderr
    assert said == ("posternctl: the certificates that name brad@447.edu still get in and may "
                    "enrol again: lock the user instead, or revoke them\n" if warned else "")


def test_windows(store):
    store.settings["enrol"] = "window"
    now = time.time()
    store.enrol("open", "--for", "15m")
    store.enrol("open", "--for", "2d", "--name", "Brad", "--uses", "3")
    anybody, brad = status(store)["windows"]
    assert anybody["user"] is None and anybody["uses"] is None
    assert 0 <= seconds(anybody["until"]) - now - 900 + 1 < 60
    assert brad["user"] == "brad@447.edu" and brad["uses"] == 3
    assert 0 <= seconds(brad["until"]) - now - 2 * 86400 + 1 < 60
    text = store.enrol("status").stdout
    assert "open for anybody until" in text and "3 enrolments" in text
    store.enrol("open", "--for", "1h", "--name", "brad", "--uses", "1")
    assert re.search(r", 1 enrolment\n", store.enrol("status").stdout)
    store.enrol("open", "--for", "1h", "--name", "brad")
    assert status(store)["windows"][1]["uses"] is None
    store.enrol("close", "--name", "brad")
    assert [w["user"] for w in status(store)["windows"]] == [None]
    store.enrol("open", "--for", "1h", "--name", "brad")
    store.enrol("close")
    assert status(store)["windows"] == []
    assert "no window or token was open" in store.enrol("close").stderr
    store.settings["enrol"] = "certificate"
    said = store.refused(78, "open", "--for", "1h", group="enrol")
    assert "enrol = window" in said


ENROL_USAGE = [
    ["open"], ["open", "--for", "0s"], ["open", "--for", "15"], ["open", "--for", "m"],
    ["open", "--for", "-1m"], ["open", "--for", "99999d"], ["open", "--for", "1h", "x"],
    ["open", "--for", "1h", "--uses", "0"], ["open", "--for", "1h", "--uses", "x"],
    ["token", "brad"], ["token", "--for", "1h"], ["token", "brad", "--for", "1h", "--uses", "2"],
    ["close", "--for", "1h"], ["status", "x"], ["frob"], [],
]


@pytest.mark.parametrize("args", ENROL_USAGE, ids=" ".join)
def test_usage(store, args):
    store.settings["enrol"] = "window"
    store.refused(64, *args, group="enrol")
    assert not store.path.exists()


def test_last_use_is_shown_and_forgotten(store):
    store.add("brad")
    add(store, "brad", PINS[0], "roof")
    seen = store.dir / "seen" / PINS[0][:2] / PINS[0]
    seen.parent.mkdir(parents=True)
    seen.touch()
    os.utime(seen, (1900000000, 1900000000))
    harness.give(store.dir / "seen")
    device, = store.devices()
    assert device["last_use"] == "2030-03-17T17:46:40Z" and device["state"] == "active"
    assert "2030-03-17T17:46:40Z" in store.device("list").stdout
    store.device("del", "roof")
    assert not seen.exists()
