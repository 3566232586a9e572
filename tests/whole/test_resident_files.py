# SPDX-License-Identifier: ISC
"""What a resident parent has read for all its handlers, and reads again: certificates, roots,
revocation lists, configuration, the log that it writes to."""

import shutil
import signal
import time

import pytest

import harness
import sessions
from certificates import Authority, der
from resident import watched

USER = "brad@447.edu"


@pytest.fixture(scope="module")
def authority():
    with Authority() as authority:
        yield authority


def replace(path, source):
    """As an administrator's tool does: written beside it, then renamed."""
    new = path.with_name(path.name + ".new")
    shutil.copy(source, new)
    harness.give(new)
    new.rename(path)


@pytest.fixture
def own(door, authority):
    """own(*more, **settings): a parent whose files of TLS lie in its door's folder, each under
    the name of its key; more are keys beside the usual ones."""
    def make(*names, **settings):
        d = door(listen=False, handoff="resident", keys=authority, **settings)
        for key in ("tls_cert", "tls_key", "tls_ca", *names):
            replace(d.dir / key, d.settings[key])
            d.configure(**{key: d.dir / key})
        d.listen()
        return d
    return make


def shown(d):
    """The certificate that the server shows, as DER."""
    with d.connect(d.keys.client()) as client:
        cert = client.sock.getpeercert(binary_form=True)
        sessions.leave(client)
    return cert


def test_a_certificate_that_is_replaced(own, authority):
    """With its key, under connections that stay."""
    d = own()
    before = d.connect(authority.client())
    assert shown(d) == der(authority.cert)
    pair = authority.server()
    replace(d.dir / "tls_key", pair.key)
    replace(d.dir / "tls_cert", pair.cert)
    assert shown(d) == der(pair.cert)
    before.command("EHLO client.447.edu", 250)
    sessions.leave(before)


def test_a_certificate_that_is_written_over(own, authority):
    d = own()
    assert shown(d) == der(authority.cert)
    pair = authority.server()
    (d.dir / "tls_key").write_bytes(pair.key.read_bytes())
    (d.dir / "tls_cert").write_bytes(pair.cert.read_bytes())
    assert shown(d) == der(pair.cert)


def refused(d, bundle):
    with pytest.raises((OSError, EOFError)):
        d.connect(bundle)
    d.wait()
    return d.records(event="refused")[-1]["reason"]


def test_a_revocation_holds_from_the_next_connection_on(own, authority):
    lost = authority.issue("brad@447.edu")
    d = own("tls_crl", tls_crl=authority.crl())
    with d.connect(lost) as client:
        sessions.leave(client)
    replace(d.dir / "tls_crl", authority.crl(lost))
    assert refused(d, lost) == "revoked"


def test_roots_that_cannot_be_read_let_nobody_in_until_they_can(own, authority):
    d = own()
    shown(d)
    keep = (d.dir / "tls_ca").read_bytes()
    (d.dir / "tls_ca").write_text("nonsense\n")
    assert refused(d, authority.client()) == "internal-error"
    (d.dir / "tls_ca").write_bytes(keep)
    shown(d)


def test_a_list_that_has_run_out(own, authority):
    """Nothing has changed but the time."""
    crl = authority.crl(next_update=8)
    end = time.monotonic() + 9
    d = own("tls_crl", tls_crl=crl)
    with d.connect(authority.client()) as client:
        sessions.leave(client)
    harness.until(lambda: time.monotonic() > end, what="the list's end")
    assert refused(d, authority.client()) == "internal-error"


def banner(d):
    with d.connect() as client:
        sessions.leave(client)
        return client.banner.text


def test_configuration_that_changes(door):
    d = door(handoff="resident")
    assert banner(d).startswith("447.edu ")
    d.configure(hostname="mail.447.edu")
    assert banner(d).startswith("mail.447.edu ")


def test_a_broken_configuration_is_not_taken(door):
    d = door(handoff="resident")
    assert banner(d).startswith("447.edu ")
    d.configure(hostname="mail.447.edu", frobnicate="yes")
    for _ in range(3):
        assert banner(d).startswith("447.edu ")
    [record] = d.records(event="configuration-kept")
    assert "frobnicate" in record["message"] and str(d.conf) in record["message"]
    d.configure(frobnicate=None)
    assert banner(d).startswith("mail.447.edu ")
    assert len(d.records(event="configuration-read")) >= 1
    d.conf.unlink()
    assert banner(d).startswith("mail.447.edu ")
    assert "No such file" in d.records(event="configuration-kept")[-1]["message"]


@pytest.mark.parametrize("key, value", [
    ("users", "/var/lib/elsewhere/users"), ("sandbox", "try"), ("log", "stderr"),
    ("tls_key", "/etc/elsewhere/server.key")])
def test_what_takes_a_new_start(door, key, value):
    if key == "sandbox" and harness.SANDBOX != "require":
        value = "require"
    d = door(handoff="resident")
    banner(d)
    d.configure(hostname="mail.447.edu", **{key: value})
    assert banner(d).startswith("447.edu ")
    [record] = d.records(event="configuration-kept")
    assert f"{key} has changed, which takes a new start" in record["message"]


def test_reload(door):
    with watched(door) as (d, told):
        with d.connect() as before:
            d.configure(hostname="mail.447.edu")
            start = time.monotonic_ns() // 1000
            d.resident.send_signal(signal.SIGHUP)
            message = told.wait("RELOADING=1")
            when = int(message.split("MONOTONIC_USEC=")[1])
            assert start <= when <= time.monotonic_ns() // 1000
            assert told.wait("READY=1").startswith("READY=1\nSTATUS=1 connections")
            assert banner(d).startswith("mail.447.edu ")
            sessions.leave(before)
        assert d.records(event="configuration-read")


def test_reload_of_what_is_broken(door):
    with watched(door) as (d, told):
        d.configure(frobnicate="yes")
        for _ in range(2):
            d.resident.send_signal(signal.SIGHUP)
            told.wait("RELOADING=1")
            told.wait("READY=1")
        assert banner(d).startswith("447.edu ")
        # Who asks is told each time.
        assert len(d.records(event="configuration-kept")) == 2
        assert not d.records(event="configuration-read")


def test_a_log_that_is_moved_away(door):
    d = door(handoff="resident")
    banner(d)
    d.wait()
    old = d.log.with_name("log.1")
    d.log.rename(old)
    size = old.stat().st_size
    banner(d)
    d.wait()
    assert old.stat().st_size == size
    assert len(d.records(event="admitted")) == 1
