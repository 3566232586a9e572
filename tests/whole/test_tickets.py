# SPDX-License-Identifier: ISC
"""Sessions that are resumed: by clients of others in TLS 1.2 and 1.3, across processes; who
is judged anew then, and by what; what a table that is damaged costs; and what a thief of one
key does not get."""

import base64
import concurrent.futures
import fcntl
import re
import socket
import ssl
import struct

import pytest

import foreign
import harness
import observe
import resuming
from certificates import Authority, Pinned, der
from limiting import OTHERS, SocketClient
from resuming import Forger, Table, Visitor
from sessions import b64, leave, send
from smtpline import alert_of

needs_root = pytest.mark.skipif(not harness.AS_ROOT, reason="needs root")
versions = pytest.mark.parametrize("tls", ["1.2", "1.3"])
handoffs = pytest.mark.parametrize("handoff", ["inetd", "resident"])

BRAD, ANN = "brad@447.edu", "ann@447.edu"
MESSAGE = b"Subject: Test\r\n\r\nHi\r\n"


@pytest.fixture(name="authority", scope="module")
def fixture_authority():
    with Authority() as authority:
        yield authority


@pytest.fixture(name="tickets")
def fixture_tickets(door):
    """A door at which sessions may be resumed, and brad and ann known."""
    def open_door(**settings):
        d = door(tickets="on", **settings)
        for name in ("brad", "ann"):
            d.add_user(name)
        return d

    return open_door


def admissions(door):
    """Why each was admitted: "resumed", or the cipher in a whole handshake."""
    door.wait()
    return ["resumed" if r["reason"] == "resumed" else "whole"
            for r in door.records(event="admitted")]


def refused(visitor):
    """The alert by which a visitor who would like to go on is refused."""
    client = visitor.door.socket()
    with pytest.raises(ssl.SSLError) as refusal:
        visitor.begin(client, visitor.session)
        client.reply()
    client.close()
    return alert_of(refusal.value)


# Resumed.


@handoffs
@versions
def test_resumed_session_is_one_like_any_other(tickets, tls, handoff):
    """Login, message, device in trace and log; by a ticket of another process."""
    d = tickets(handoff=handoff)
    visitor = Visitor(d, tls)
    for resumed in (False, True, True):
        with visitor.connect() as client:
            assert client.resumed is resumed
            client.command("EHLO client.447.edu", 250)
            client.command("AUTH EXTERNAL =", 235)
            send(client, BRAD, [ANN], MESSAGE)
            leave(client)
    assert admissions(d) == ["whole", "resumed", "resumed"]
    admitted = d.records(event="admitted")
    assert "resumed" in admitted[1]["message"] and f"TLS{tls}" in admitted[1]["message"]
    assert len({r["device"] for r in d.records()}) == 1
    assert [r["user"] for r in d.records(event="login")] == [BRAD] * 3
    assert len({r["session"] for r in admitted}) == 3
    stored = d.messages(ANN)
    assert len(stored) == 3
    assert all(admitted[0]["device"].encode() in message for message in stored)


@versions
def test_behind_starttls(tickets, tls):
    d = tickets(tls="starttls")
    visitor = Visitor(d, tls)
    for resumed in (False, True):
        with d.socket() as client:
            assert client.reply().code == 220
            client.command("EHLO client.447.edu", 250)
            client.command("STARTTLS", 220)
            visitor.begin(client, visitor.session)
            client.command("EHLO client.447.edu", 250)
            client.command("AUTH EXTERNAL =", 235)
            assert client.sock.session_reused is resumed
            visitor.session = client.sock.session
            leave(client)
    assert admissions(d) == ["whole", "resumed"]


def s_client(door, tls, *more, cert=BRAD):
    """openssl s_client, up to the banner: what it said."""
    bundle = door.keys.client(cert) if isinstance(cert, str) else cert
    door.connected += 1
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{door.port}", "-CAfile",
            door.keys.ca, "-cert", bundle.cert, "-key", bundle.key,
            f"-tls{tls.replace('.', '_')}", *more]
    return foreign.run_until(
        argv, lambda s: "SMTP Services Ready" in s or "alert number" in s)


@versions
def test_openssl(tickets, tls):
    d = tickets()
    file = d.dir / "session"
    assert "New, TLS" in s_client(d, tls, "-sess_out", file)
    said = s_client(d, tls, "-sess_in", file, "-sess_out", file)
    assert "Reused, TLS" in said
    assert "Reused, TLS" in s_client(d, tls, "-sess_in", file)
    assert admissions(d) == ["whole", "resumed", "resumed"]


@versions
def test_gnutls(tickets, tls):
    d = tickets()
    bundle = d.keys.client(BRAD)
    d.connected += 2
    said = foreign.run_until(
        ["gnutls-cli", "--resume", "--waitresumption", "--x509cafile", d.keys.ca,
         "--x509certfile", bundle.cert, "--x509keyfile", bundle.key,
         "--verify-hostname=localhost", "--priority", foreign.PRIORITY.format(tls), "-p",
         d.port, "127.0.0.1"],
        lambda s: re.search(r"This is a resumed session.*^220 ", s, re.DOTALL | re.MULTILINE))
    assert "This is a resumed session" in said
    assert admissions(d) == ["whole", "resumed"]


@handoffs
@versions
def test_one_ticket_many_times_at_once(tickets, tls, handoff):
    d = tickets(handoff=handoff)
    visitor = Visitor(d, tls)
    visitor.visit()
    session = visitor.session

    def visit(_):
        again = Visitor(d, tls)
        again.context, again.session = visitor.context, session
        return again.visit()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(visit, range(16))) == [True] * 16
    assert len(Table(d).entries()) == 1


def test_first_data_is_not_taken_early(tickets):
    d = tickets()
    file, data = d.dir / "session", d.dir / "early"
    data.write_bytes(b"QUIT\r\n")
    said = s_client(d, "1.3", "-sess_out", file)
    assert "Max Early Data: 0" in said
    said = s_client(d, "1.3", "-sess_in", file, "-early_data", data)
    assert "Early data was accepted" not in said


def test_without_the_setting_there_are_no_tickets(door):
    d = door()
    for tls in ("1.2", "1.3"):
        visitor = Visitor(d, tls)
        assert [visitor.visit(), visitor.visit()] == [False, False]
        assert not (visitor.session and visitor.session.has_ticket)
    assert not Table(d).path.exists()


@versions
def test_enrolment_in_a_resumed_session(door, tls):
    d = door(tickets="on")
    visitor = Visitor(d, tls)
    visitor.visit()
    with visitor.connect() as client:
        assert client.resumed
        client.command("HELO client", 250)
        client.command("AUTH", 334)
        client.command(b64("ann"), 334)
        client.command(b64("guessed"), 530)
    with visitor.connect() as client:
        assert client.resumed
        client.command("HELO client", 250)
        client.command("AUTH", 334)
        client.command(b64("brad"), 330)
    d.wait()
    assert [r["user"] for r in d.records(event="enrolled")] == [BRAD]


def test_limits_of_the_device_hold(tickets):
    d = tickets(**{**OTHERS, "limit_device_sessions": 1})
    visitor = Visitor(d, "1.3")
    with visitor.connect() as first:
        second = visitor.begin(d.socket(), visitor.session)
        assert second.reply().code == 421
        assert second.sock.session_reused
        leave(first)
    d.wait()
    assert [r["reason"] for r in d.records(event="limited")] == ["device-sessions"]


# Judged anew.


def end_by_revoking(d):
    d.ctl("device", "revoke", "roof")
    return 44


def end_by_locking(d):
    d.ctl("user", "lock", "brad")
    return 49


def end_by_forgetting(d):
    """It is no device any more, and its certificate is ann's, who is locked."""
    d.ctl("device", "del", "roof")
    d.ctl("user", "lock", "ann")
    return 49


@handoffs
@versions
@pytest.mark.parametrize("end", [end_by_revoking, end_by_locking, end_by_forgetting])
def test_device_that_is_no_longer_welcome(tickets, tls, end, handoff):
    d = tickets(handoff=handoff)
    d.ctl("device", "add", "brad", "--cert", d.keys.client(ANN).cert, "--label", "roof")
    visitor = Visitor(d, tls, ANN)
    assert [visitor.visit(), visitor.visit()] == [False, True]
    [entry] = Table(d).entries()
    alert = end(d)
    assert refused(visitor) == alert
    d.wait()
    assert [r["reason"] == "resumed" for r in d.records(event="admitted")] == [False, True]
    assert len(d.records(event="refused")) == 1
    assert_is_gone(d, entry)


def assert_is_gone(door, *entries):
    """Nothing of those entries is left, neither in the table nor in what was set aside."""
    assert not {e.id for e in entries} & {e.id for e in Table(door).entries()}
    for path in (door.dir / "run").iterdir():
        held = path.read_bytes() if path.is_file() else b""
        assert not [e for e in entries if e.key in held or e.key[:16] in held], path


@versions
def test_device_resumes_as_its_user_of_now(tickets, tls):
    """Made a device of another while the session was away: the store of now decides."""
    d = tickets()
    visitor = Visitor(d, tls)
    visitor.visit()
    d.ctl("device", "add", "ann", "--cert", d.keys.client(BRAD).cert, "--label", "x")
    with visitor.connect() as client:
        assert client.resumed
        client.command("EHLO client.447.edu", 250)
        client.command(f"AUTH EXTERNAL {b64('brad')}", 535)
        client.command("AUTH EXTERNAL =", 235)
        leave(client)
    d.wait()
    assert [r["user"] for r in d.records(event="login")] == [ANN]


@versions
def test_revocation_list(tickets, authority, tls):
    crl = authority.crl()
    d = tickets(keys=authority, tls_crl=crl)
    pair = authority.issue(BRAD)
    visitor = Visitor(d, tls, pair)
    assert [visitor.visit(), visitor.visit()] == [False, True]
    entries = Table(d).entries()
    d.configure(tls_crl=authority.crl(pair))
    assert refused(visitor) == 44
    assert_is_gone(d, *entries)


@versions
def test_revocation_list_that_is_stale(door, authority, tls):
    d = door(keys=authority, tls_crl=authority.crl(), tickets="on", exits=(0, 78))
    visitor = Visitor(d, tls)
    visitor.visit()
    d.configure(tls_crl=authority.crl(this_update=-7200, next_update=-3600))
    assert refused(visitor) == 80


@versions
def test_authority_that_is_no_longer_trusted(tickets, authority, untrusted, tls):
    d = tickets(keys=authority)
    visitor = Visitor(d, tls)
    visitor.visit()
    d.configure(tls_ca=untrusted)
    assert refused(visitor) == 48


@versions
def test_pinned_certificate_that_is_taken_away(tickets, authority, tls):
    pinned = Pinned(authority)
    bundle = authority.self_signed(mail=BRAD)
    file = pinned.pin(bundle)
    d = tickets(keys=pinned, tls_pins=pinned.pins, tls_ca=pinned.pins / "none")
    visitor = Visitor(d, tls, bundle)
    visitor.context.load_verify_locations(pinned.ca)
    assert [visitor.visit(), visitor.visit()] == [False, True]
    file.unlink()
    assert refused(visitor) == 48
    pinned.pin(bundle)
    assert [visitor.visit(), visitor.visit()] == [False, True]


@versions
def test_certificate_that_has_expired_meanwhile(tickets, authority, tls):
    """In the table lies one that has expired; the client shows one that has not."""
    now = resuming.now()
    pair = authority.issue(BRAD)
    old = der(authority.issue(BRAD, dates=(now - 7200, now - 60)).cert)
    d = tickets(keys=authority)
    visitor = Visitor(d, tls, pair)
    assert [visitor.visit(), visitor.visit()] == [False, True]
    table = Table(d)
    [entry] = table.entries()
    table.put_chain(entry, old)
    assert visitor.visit() is False
    assert_is_gone(d, entry)
    assert visitor.visit() is True


@versions
@pytest.mark.parametrize("age", [3601, -60])
def test_entry_that_is_too_old_or_of_the_future(tickets, tls, age):
    d = tickets()
    visitor = Visitor(d, tls)
    assert [visitor.visit(), visitor.visit()] == [False, True]
    table = Table(d)
    [entry] = table.entries()
    table.rewrite(entry, made=resuming.now() - age)
    assert visitor.visit() is False
    assert_is_gone(d, entry)


def test_entry_of_less_than_an_hour(tickets):
    d = tickets()
    visitor = Visitor(d, "1.3")
    visitor.visit()
    table = Table(d)
    [entry] = table.entries()
    table.rewrite(entry, made=resuming.now() - 3500)
    assert visitor.visit() is True


def test_what_has_ended_is_overwritten_by_others(tickets):
    """Wherever in the table it is, by a visitor who does not look for it."""
    d = tickets()
    visitors = [Visitor(d, "1.3") for _ in range(3)]
    assert [visitor.visit() for visitor in visitors] == [False] * 3
    table = Table(d)
    entries = table.entries()
    for entry in entries:
        table.rewrite(entry, made=resuming.now() - 4000)
    table.scribble(64, bytes(16))
    Visitor(d, "1.3").visit()
    assert_is_gone(d, *entries)


def visit_from(visitor, address):
    """Goes on with a session from there: whether it was resumed."""
    sock = visitor.context.wrap_socket(
        socket.create_connection(("127.0.0.1", visitor.door.port), harness.DEADLINE,
                                 source_address=(address, 0)),
        server_hostname="localhost", session=visitor.session)
    visitor.door.connected += 1
    with SocketClient(sock) as client:
        assert client.reply().code == 220
        resumed = client.sock.session_reused
        leave(client)
        return resumed


@versions
def test_another_address(tickets, tls):
    """A whole handshake, by which the entry of the other one does not end."""
    d = tickets()
    visitor = Visitor(d, tls)
    visitor.visit()
    assert visit_from(visitor, "127.0.0.2") is False
    assert visit_from(visitor, "127.0.0.1") is True


@versions
def test_setting_is_off_again(tickets, tls):
    d = tickets()
    visitor = Visitor(d, tls)
    assert [visitor.visit(), visitor.visit()] == [False, True]
    session = visitor.session
    d.configure(tickets="off")
    assert visitor.visit() is False
    d.configure(tickets="on")
    visitor.session = session
    assert visitor.visit() is True


# The table.


def damage_record(table, entry):
    table.scribble(entry.record + 10, b"\x5a\xa5")


def damage_slot(table, entry):
    table.scribble(entry.slot + 1000, b"\x5a\xa5")


def cut(table, _):
    with open(table.path, "r+b") as file:
        file.truncate(5000)


def open_to_others(table, _):
    table.path.chmod(0o644)


def replace_by_folder(table, _):
    table.path.unlink()
    table.path.mkdir()
    harness.give(table.path)


@versions
@pytest.mark.parametrize("damage", [
    damage_record, damage_slot, cut, open_to_others, replace_by_folder])
def test_damaged_table_costs_a_whole_handshake(tickets, tls, damage):
    d = tickets()
    visitor = Visitor(d, tls)
    assert [visitor.visit(), visitor.visit()] == [False, True]
    table = Table(d)
    [entry] = table.entries()
    damage(table, entry)
    assert visitor.visit() is False
    assert_is_gone(d, entry)
    assert visitor.visit() is True
    assert admissions(d) == ["whole", "resumed", "whole", "resumed"]
    records = d.records(event="shared-file")
    assert [r["reason"] for r in records] == ["damaged"], records
    assert table.path.stat().st_mode & 0o7777 == 0o600


@versions
def test_deleted_table_costs_a_whole_handshake(tickets, tls):
    d = tickets()
    visitor = Visitor(d, tls)
    visitor.visit()
    Table(d).path.unlink()
    assert [visitor.visit(), visitor.visit()] == [False, True]


@versions
def test_table_that_cannot_be_made(tickets, tls):
    d = tickets()
    visitor = Visitor(d, tls)
    visitor.visit()
    d.configure(run=d.dir / "nowhere")
    assert [visitor.visit(), visitor.visit()] == [False, False]
    d.wait()
    assert d.records(event="shared-file")


@versions
def test_table_that_is_locked(tickets, tls):
    """By somebody who does not let go: they wait a little, and shake hands."""
    f_ofd_setlk = 37
    d = tickets()
    visitor = Visitor(d, tls)
    visitor.visit()
    session = visitor.session
    with open(Table(d).path, "r+b") as file:
        fcntl.fcntl(file, f_ofd_setlk, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))
        assert visitor.visit() is False
    visitor.session = session
    assert visitor.visit() is True


# Thieves.


@handoffs
@versions
def test_thief_of_one_key_is_whom_the_table_names(tickets, tls, handoff):
    """Ann has the key of a session of her own, and makes a ticket with it in which stands
    brad's certificate. It is a good ticket, and she is ann."""
    d = tickets(handoff=handoff)
    Visitor(d, tls).visit()
    [brads] = Table(d).entries()
    Visitor(d, tls, ANN).visit()
    [key] = [entry.key for entry in Table(d).entries() if entry.id != brads.id]
    forged = Visitor(d, tls)
    forged.session = Forger(d.keys, key).visit(forged)
    with forged.connect() as client:
        assert client.resumed
        client.command("EHLO client.447.edu", 250)
        client.command(f"AUTH EXTERNAL {b64('brad')}", 535)
        client.command("AUTH EXTERNAL =", 235)
        leave(client)
    d.wait()
    assert [r["user"] for r in d.records(event="login")] == [ANN]
    assert d.records(event="admitted")[-1]["device"] == d.records(event="admitted")[1]["device"]


@versions
def test_key_that_is_in_no_table_is_nobodys(tickets, tls):
    """A ticket under a key that the thief has drawn."""
    d = tickets()
    thief = Visitor(d, tls)
    thief.session = Forger(d.keys, bytes(range(64))).visit(thief)
    assert thief.visit() is False


def edit_session(path, old, new):
    """Puts another id into the ticket of a session file of OpenSSL's."""
    head, *body, tail = path.read_text().splitlines()
    data = base64.b64decode("".join(body))
    assert data.count(old) >= 1
    data = base64.encodebytes(data.replace(old, new)).decode()
    path.write_text(f"{head}\n{data}{tail}\n")


def content(path):
    body = "".join(path.read_text().splitlines()[1:-1])
    return base64.b64decode(body)


@handoffs
@versions
def test_ticket_under_a_name_of_somebody_else(tickets, tls, handoff):
    """Ann's ticket says that it is under brad's key, so the tls process is given that one.
    She has to shake hands as ann; what she gets is a ticket under brad's key, and brad's
    entry has ended before that."""
    d = tickets(handoff=handoff)
    Visitor(d, tls).visit()
    [brads] = Table(d).entries()
    file = d.dir / "session"
    s_client(d, tls, "-sess_out", file, cert=ANN)
    [anns] = [e for e in Table(d).entries() if e.id != brads.id]
    edit_session(file, anns.id, brads.id)
    said = s_client(d, tls, "-sess_in", file, "-sess_out", file, cert=ANN)
    assert "New, TLS" in said and brads.id in content(file)
    assert_is_gone(d, brads)
    assert "New, TLS" in s_client(d, tls, "-sess_in", file, cert=ANN)
    d.wait()
    devices = [r["device"] for r in d.records(event="admitted")]
    assert len(set(devices)) == 2 and len(set(devices[1:])) == 1


@versions
def test_name_of_a_key_in_the_mouth_of_a_stranger(tickets, authority, tls):
    """He is refused, and the one whose key it is goes on as before."""
    d = tickets()
    brad = Visitor(d, tls)
    brad.visit()
    [entry] = Table(d).entries()
    file = d.dir / "session"
    s_client(d, tls, "-sess_out", file, cert=ANN)
    [anns] = [e for e in Table(d).entries() if e.id != entry.id]
    edit_session(file, anns.id, entry.id)
    assert "alert number 48" in s_client(d, tls, "-sess_in", file, cert=authority.client())
    assert entry.id in {e.id for e in Table(d).entries()}
    assert brad.visit() is True


@versions
def test_stolen_ticket_without_its_secret(tickets, tls):
    """Somebody who has seen a ticket, and not the secret of its session, is sent away; or
    shakes hands, if he can."""
    d = tickets()
    file = d.dir / "session"
    s_client(d, tls, "-sess_out", file)
    [entry] = Table(d).entries()
    # An octet string of 48 bytes, in OpenSSL's form of a session, is the secret.
    data = content(file)
    at = data.index(b"\x04\x30") + 2
    edit_session(file, data[at:at + 48], bytes(48))
    said = s_client(d, tls, "-sess_in", file)
    assert "SMTP" not in said
    assert admissions(d) == ["whole"]
    assert len(d.records(event="refused")) == 1
    assert [e.id for e in Table(d).entries()] == [entry.id]


@needs_root
@handoffs
@versions
def test_keys_of_other_sessions_are_in_no_tls_process(tickets, tls, handoff):
    """Its own is there, by which the search shows that it would find another."""
    d = tickets(handoff=handoff)
    clients = []
    for cert in (BRAD, ANN, BRAD):
        visitor = Visitor(d, tls, cert)
        visitor.visit()
        clients.append(visitor.connect())
        assert clients[-1].resumed
    keys = {entry.id: entry.key for entry in Table(d).entries()}
    assert len(keys) == 3
    own = []
    for client in clients:
        pair = observe.Pair(d, client)
        own.append(set(observe.search(pair.tls, keys)))
        assert observe.search(pair.smtp, keys) == {}
        for pid in (pair.smtp, pair.tls):
            assert not [f for f in observe.descriptors(pid).values() if "tickets" in f]
            assert str(Table(d).path) not in (observe.PROC / str(pid) / "maps").read_text()
    if d.resident:
        assert observe.search(d.resident.pid, keys) == {}
    assert [len(ids) for ids in own] == [1, 1, 1]
    assert set.union(*own) == set(keys)
    for client in clients:
        leave(client)


def test_one_who_may_only_enrol_is_not_kept(tickets):
    d = tickets(enrol="certificate")
    d.ctl("enrol", "token", "brad", "--for", "1h")
    with Authority("Nobody") as nobody:
        visitor = Visitor(d, "1.3", nobody.self_signed())
        assert [visitor.visit(), visitor.visit()] == [False, False]
    d.wait()
    assert len(d.records(event="admitted-to-enrol")) == 2
    assert Table(d).entries() == []
