# SPDX-License-Identifier: ISC
"""posternctl stats: everything that happens is counted once, for people, for programs, and
for Prometheus; no number ever goes back."""

import concurrent.futures
import json
import os
import ssl

import pytest

import harness
import prometheus
from sessions import b64, leave, log_in, plain, send, stuffed

MESSAGE = b"Subject: Test\r\n\r\nHi\r\n"
BRAD, ANN = "brad@447.edu", "ann@447.edu"


def stats(door):
    door.wait()
    return json.loads(door.ctl("stats", "--json").stdout)


def metrics(door):
    return prometheus.read(door.ctl("stats", "--prometheus").stdout)


def total(family, **labels):
    """The sum over the members that have these labels."""
    return sum(entry["n"] for entry in family
               if all(entry[key] == value for key, value in labels.items()))


def only(family, **labels):
    """That many, and none of any other kind."""
    assert total(family) == total(family, **labels), [e for e in family if e["n"]]
    return total(family, **labels)


def test_nothing_yet(door):
    d = door()
    found = stats(d)
    assert found["connections"] == found["messages"] == 0
    assert total(found["logins"]) == total(found["refusals"]) == 0
    assert all(value == 0 for family in metrics(d).values() for value in family.samples.values())
    assert not list((d.dir / "run").iterdir())


def test_one_session(door):
    d = door()
    password = d.add_user(BRAD)
    d.add_user(ANN)
    with d.connect() as client:
        log_in(client, BRAD, password)
        send(client, BRAD, [BRAD, ANN], MESSAGE)
        send(client, BRAD, [BRAD], MESSAGE)
        leave(client)
    found = stats(d)
    assert found["connections"] == 1
    assert only(found["handshakes"], result="proved") == 1
    assert only(found["logins"], mechanism="PLAIN", result="done") == 1
    assert (found["messages"], found["recipients"]) == (2, 3)
    assert found["message_bytes"] == 2 * len(MESSAGE)
    assert found["received_bytes"] > 2 * len(MESSAGE)
    assert total(found["alerts_sent"]) == total(found["alerts_received"]) == 0
    assert total(found["refusals"]) == total(found["limited"]) == 0
    for name in ("handshake_duration", "session_duration"):
        assert sum(bucket["n"] for bucket in found[name]["buckets"]) == 1
    assert found["session_duration"]["milliseconds"] >= found["handshake_duration"]["milliseconds"]


def handshake_fails(door, cert, **more):
    client = door.socket()
    with pytest.raises((ssl.SSLError, OSError)):
        client.start_tls(door.context(cert, **more))
        client.reply()
    client.close()


def test_handshakes_and_alerts(door):
    d = door(limit_address_connections=6)
    d.add_user("locked@447.edu")
    d.ctl("user", "lock", "locked@447.edu")
    handshake_fails(d, None)
    handshake_fails(d, "locked@447.edu")
    d.socket().close()
    garbage = d.socket()
    garbage.send("EHLO there\r\n")
    garbage.sock.recv(100)
    garbage.close()
    # A client that does not trust the server gives up with an alert of its own.
    client, distrustful = d.socket(), ssl.create_default_context()
    distrustful.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        client.start_tls(distrustful)
    client.close()
    with d.connect() as client:
        leave(client)
    handshake_fails(d, BRAD)
    found = stats(d)
    assert found["connections"] == 7
    results = {e["result"]: e["n"] for e in found["handshakes"]}
    assert results == {"proved": 1, "refused": 4, "given_up": 1, "lost": 1, "timeout": 0,
                       "fault": 0}
    sent = {e["reason"]: e["n"] for e in found["alerts_sent"] if e["n"]}
    assert sent["certificate_required"] == 1 and sent["access_denied"] == 2
    assert sum(sent.values()) == 4
    assert total(found["alerts_received"]) == 1
    assert total(found["alerts_received"], reason="unknown_ca") == 1
    assert only(found["limited"], whose="address", limit="connections") == 1
    assert sum(b["n"] for b in found["handshake_duration"]["buckets"]) == 6


def test_handshake_that_takes_too_long_and_fault_of_ours(door):
    d = door(timeout_handshake=1, exits=(0, 78))
    silent = d.socket()
    d.wait()
    silent.close()
    d.configure(tls_key=d.dir / "nowhere")
    handshake_fails(d, BRAD)
    found = stats(d)
    results = {e["result"]: e["n"] for e in found["handshakes"] if e["n"]}
    assert results == {"timeout": 1, "fault": 1}
    assert total(found["alerts_sent"], reason="internal_error") == 1


def test_logins(door):
    d = door(limit_user_failures=2, bind="any")
    passwords = {name: d.add_user(name) for name in (BRAD, ANN)}
    with d.connect() as client:
        client.command("HELO client", 250)
        client.log_in(BRAD, passwords[BRAD])
    with d.connect() as client:
        client.command("EHLO client", 250)
        client.command(f"AUTH PLAIN {plain(BRAD, 'wrong')}", 535)
        client.command("AUTH PLAIN ====", 501)
        client.command("AUTH NOTHING", 504)
        client.command(f"AUTH LOGIN {b64(BRAD)}", 334)
        client.command(b64("wrong"), 535)
        client.command(f"AUTH PLAIN {plain(BRAD, passwords[BRAD])}", 421)
    with d.connect("new@447.edu") as client:
        client.command("HELO client", 250)
        client.command("AUTH", 334)
        client.command(b64("new@447.edu"), 330)
    found = stats(d)
    logins = {(e["mechanism"], e["result"]): e["n"] for e in found["logins"] if e["n"]}
    assert logins == {("classic", "done"): 1, ("classic", "enrolled"): 1,
                      ("PLAIN", "wrong"): 1, ("PLAIN", "broken"): 1, ("LOGIN", "wrong"): 1,
                      ("PLAIN", "limited"): 1}
    codes = {e["code"]: e["n"] for e in found["refusals"] if e["n"]}
    assert codes == {"535": 2, "501": 1, "504": 1, "421": 1}
    assert only(found["limited"], whose="user", limit="failures") == 1


def test_refusals(door):
    d = door(limit_device_messages=1)
    password = d.add_user(BRAD)
    with d.connect() as client:
        client.command("NONSENSE", 503)
        client.command("EHLO client", 250)
        client.command("NONSENSE", 500)
        client.command(f"MAIL FROM:<{BRAD}>", 530)
        log_in(client, BRAD, password)
        client.command("DATA", 503)
        client.command("MAIL FROM:<x@elsewhere.org>", 550)
        client.command(f"MAIL FROM:<{BRAD}>", 250)
        client.command("RCPT TO:<nobody@447.edu>", 550)
        client.command(f"RCPT TO:<{BRAD}>", 250)
        client.command("DATA", 354)
        client.send(stuffed(MESSAGE))
        client.reply()
        client.command(f"MAIL FROM:<{BRAD}>", 450)
        leave(client)
    codes = {e["code"]: e["n"] for e in stats(d)["refusals"] if e["n"]}
    assert codes == {"503": 2, "500": 1, "530": 1, "550": 2, "450": 1}


def test_refusals_in_the_clear_count_as_well(door):
    d = door(tls="starttls", limit_address_connections=2)
    for _ in range(2):
        with d.socket() as client:
            client.reply()
            client.command("EHLO client", 250)
            client.command(f"MAIL FROM:<{BRAD}>", 530)
            client.command("STARTTLS", 220)
            client.start_tls(d.context())
            client.command("EHLO client", 250)
            client.command(f"MAIL FROM:<{BRAD}>", 530)
            leave(client)
    with d.socket() as client:
        assert client.reply().code == 421
    found = stats(d)
    codes = {e["code"]: e["n"] for e in found["refusals"] if e["n"]}
    assert codes == {"530": 4, "421": 1}
    assert found["connections"] == 3 and only(found["handshakes"], result="proved") == 2


def test_forms_agree(door):
    """The same numbers for people, programs and Prometheus; and a gauge for the living."""
    d = door()
    password = d.add_user(BRAD)
    with d.connect() as client:
        log_in(client, BRAD, password)
        send(client, BRAD, [BRAD], MESSAGE)
        leave(client)
    found = stats(d)
    families = metrics(d)
    assert families["postern_connections_total"].samples == {("postern_connections_total", ()): 1}
    assert families["postern_message_bytes_total"].samples == {
        ("postern_message_bytes_total", ()): found["message_bytes"]}
    name = "postern_logins_total"
    for entry in found["logins"]:
        labels = ("mechanism", entry["mechanism"]), ("result", entry["result"])
        assert families[name].samples[name, labels] == entry["n"]
    for key in ("handshake_duration", "session_duration"):
        family = families[f"postern_{key}_seconds"]
        assert family.samples[f"{family.name}_count", ()] == 1
        seconds = family.samples[f"{family.name}_sum", ()]
        assert round(seconds * 1000) == found[key]["milliseconds"]
    text = d.ctl("stats").stdout
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if "average" not in line)
    lines = {key.strip(): value for key, value in lines.items()}
    assert lines["connections"] == "1" and lines["messages"] == "1"
    assert lines["PLAIN done"] == "1" and lines["proved"] == "1"
    assert {family.type for family in families.values()} == {"counter", "gauge", "histogram"}
    with d.connect(), d.connect():
        harness.until(lambda: metrics(d)["postern_sessions"].samples[
            "postern_sessions", ()] == 2, what="two sessions")


def test_never_back(door):
    """Whoever asks while many come and go sees numbers that only grow."""
    d = door()
    password = d.add_user(BRAD)
    d.keys.client(BRAD)

    def visit(_):
        with d.connect() as client:
            log_in(client, BRAD, password)
            send(client, BRAD, [BRAD], MESSAGE)
            leave(client)

    before = {}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        visits = [pool.submit(visit, n) for n in range(80)]
        while not all(v.done() for v in visits):
            now = {key: value for family in metrics(d).values() if family.type != "gauge"
                   for key, value in family.samples.items()}
            assert all(now[key] >= value for key, value in before.items())
            before = now
        for each in visits:
            each.result()
    found = stats(d)
    assert found["connections"] == found["messages"] == 80


def test_damage(door):
    d = door()
    with d.connect() as client:
        leave(client)
    d.wait()
    path = d.dir / "run" / "sessions.0"
    os.truncate(path, 5000)
    said = d.ctl("stats", check=False)
    assert said.returncode == 65 and str(path) in said.stderr
    assert path.stat().st_size == 5000


def test_options(door):
    d = door()
    for words in (["--json", "--prometheus"], ["--watch"], ["now"]):
        assert d.ctl("stats", *words, check=False).returncode == 64
