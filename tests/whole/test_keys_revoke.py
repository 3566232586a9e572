# SPDX-License-Identifier: ISC
"""postern-keys revoke and crl: what comes into the list, what stays in it, and that the
server refuses by it from the next connection on."""

import json
import re
import shutil
import subprocess
import time

import pytest

import harness
from certificates import Authority
from keytool import (
    ADMITTED, HOST, Issued, assert_tidy, crl_number, enter, folder, listed, modes, out_of,
    refused, revoked, serial, tool, tree, write)

A, B, C = "a@447.edu", "b@447.edu", "c@447.edu"
DAY = 86400


@pytest.fixture
def keys(tool, folder):
    tool("init", "--dir", "d", "--host", "localhost", "--path-length", "1")
    for name in (A, B, C):
        tool("issue", name, "--dir", "d")
    return folder / "d"


def cert(keys, name):
    return keys / "clients" / name / "cert.pem"


def current(keys):
    return revoked(keys / "crl.pem", keys / "ca.pem")


def days_left(crl):
    said = out_of("openssl", "crl", "-in", crl, "-noout", "-nextupdate", "-lastupdate")
    times = [int(out_of("date", "-d", line.split("=")[1], "+%s")) for line in said.splitlines()]
    return (times[0] - time.time()) / DAY, (times[1] - time.time()) / DAY


@pytest.mark.parametrize("kind", ["p256", "ed25519", "rsa3072"])
def test_a_list_that_others_read(tool, folder, kind):
    tool("init", "--dir", "d", "--host", HOST, "--type", kind)
    tool("issue", A, "--dir", "d")
    said = tool("revoke", A, "--dir", "d", "--reason", "keyCompromise")
    keys = folder / "d"
    number = serial(cert(keys, A))
    assert said == (f"revoked clients/{A}/cert.pem, serial {number:032x}\n"
                    "wrote d/crl.pem\n"
                    "nobody is refused before the server has the list: copy d/crl.pem to where "
                    "its tls_crl says\n")
    assert current(keys) == {number: "Key Compromise"}
    checked = out_of("certtool", "--verify-crl", "--load-ca-certificate", keys / "ca.pem",
                     "--infile", keys / "crl.pem")
    assert "Verification output: Verified." in checked
    done = subprocess.run(
        ["openssl", "verify", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "crl.pem",
         f"clients/{A}/cert.pem"], cwd=keys, capture_output=True, text=True, check=False)
    assert "certificate revoked" in done.stderr
    assert modes(keys) == {(0o600, False), (0o700, True)}


def test_earlier_entries_stay_and_the_number_grows(tool, keys):
    """By a name, a serial number, a file, the server: in one list."""
    tool("revoke", "--dir", "d")
    assert current(keys) == {}
    expected, number = {}, crl_number(keys / "crl.pem")
    digits = f"{serial(cert(keys, B)):032x}"
    other = keys.with_name("copy.pem")
    shutil.copy(cert(keys, C), other)
    harness.give(other)
    for what, reason, file in [
        (A, "superseded", cert(keys, A)),
        (":".join(re.findall("..", digits)).upper(), "cessationOfOperation", cert(keys, B)),
        ("copy.pem", "unspecified", cert(keys, C)),
        ("server", "privilegeWithdrawn", keys / "server.pem"),
    ]:
        tool("revoke", what, "--dir", "d", "--reason", reason)
        words = re.sub("([A-Z])", r" \1", reason).title()
        expected[serial(file)] = None if reason == "unspecified" else words
        assert current(keys) == expected
        before, number = number, crl_number(keys / "crl.pem")
        assert before < number
    tool("crl", "--dir", "d")
    assert current(keys) == expected and crl_number(keys / "crl.pem") > number
    said = tool("revoke", digits, "--dir", "d")
    assert f"serial {digits}, is revoked since 20" in said
    assert current(keys) == expected, "once is enough"


def test_the_number_grows_even_where_the_list_was_lost(tool, keys):
    tool("crl", "--dir", "d")
    number = crl_number(keys / "crl.pem")
    assert number >= int(time.time()) - 60
    (keys / "crl.pem").unlink()
    harness.until(lambda: int(time.time()) > number, what="the next second")
    tool("crl", "--dir", "d")
    assert crl_number(keys / "crl.pem") > number


def test_the_days(tool, keys):
    tool("crl", "--dir", "d")
    ahead, back = days_left(keys / "crl.pem")
    assert 29.9 < ahead < 30.1 and -1.1 < back < -0.9, "for clocks that are slow"
    tool("revoke", A, "--dir", "d", "--days", "3")
    assert 2.9 < days_left(keys / "crl.pem")[0] < 3.1
    said = tool("crl", "--dir", "d", "--days", "36500")
    assert re.search(r"^the revocation list ends on \d{4}-\d\d-\d\d with the CA", said, re.M)
    assert 3640 < days_left(keys / "crl.pem")[0] < 3651


def test_a_client_is_all_its_certificates(tool, keys):
    """Those that renew and issue --force have replaced as well: their keys may be about."""
    numbers = {serial(cert(keys, A))}
    for command in (["renew", A], ["renew", A, "--new-key"], ["issue", A, "--force"]):
        tool(*command, "--dir", "d")
        numbers.add(serial(cert(keys, A)))
    said = tool("revoke", A, "--dir", "d")
    assert len(numbers) == 4 and said.count("revoked ") == 4
    assert set(current(keys)) == numbers
    shutil.rmtree(keys / "clients" / A)
    assert "is revoked since" in tool("revoke", A, "--dir", "d")


def test_many_at_once_lose_nobody(programs, tool, keys):
    names = [f"n{i}@447.edu" for i in range(8)]
    for name in names:
        tool("issue", name, "--dir", "d")
    running = [programs.popen("postern-keys", "revoke", name, "--dir", "d", cwd=keys.parent,
                              stdout=subprocess.DEVNULL) for name in names]
    assert [p.wait(harness.DEADLINE) for p in running] == [0] * 8
    assert set(current(keys)) == {serial(cert(keys, name)) for name in names}
    assert_tidy(keys)


def test_no_two_certificates_have_one_serial_number(programs, tool, keys):
    """Nor do they follow each other, made at once or one after the other."""
    names = [f"n{i}" for i in range(30)]
    running = [programs.popen("postern-keys", "issue", name, "--dir", "d", cwd=keys.parent,
                              stdout=subprocess.DEVNULL) for name in names]
    assert {p.wait(harness.DEADLINE) for p in running} == {0}
    numbers = sorted(serial(cert(keys, name)) for name in names)
    assert len(set(numbers)) == len(names)
    assert all(1 << 126 <= n < 1 << 127 for n in numbers), "16 octets, positive"
    assert min(b - a for a, b in zip(numbers, numbers[1:])) > 1 << 64


# The server


def test_the_next_connection_is_refused(door, tool, keys):
    """Nothing is reloaded, and one that is open goes on."""
    tool("crl", "--dir", "d")
    d = door(keys=Issued(keys), tls_crl=keys / "crl.pem")
    bundle, other = Issued(keys).client(A), Issued(keys).client(B)
    for tls in ("1.2", "1.3"):
        assert enter(d, bundle, tls) == ADMITTED
    client = d.connect(bundle)
    tool("revoke", A, "--dir", "d")
    client.send("QUIT\r\n")
    assert client.reply().code == 221
    for tls in ("1.2", "1.3"):
        assert enter(d, bundle, tls) == refused(44)
        assert enter(d, other, tls) == ADMITTED
    tool("revoke", f"{serial(cert(keys, B)):x}", "--dir", "d")
    assert enter(d, other) == refused(44)
    d.wait()
    assert {r["reason"] for r in d.records(event="refused")} == {"revoked"}


@pytest.fixture
def below(tool, keys):
    """A client of a CA below, with the lists that it needs in both folders."""
    tool("issue-ca", "branch", "--dir", "d")
    tool("issue", A, "--dir", "d/cas/branch")
    tool("issue", B, "--dir", "d/cas/branch")
    return keys / "cas/branch"


def test_every_issuer_of_a_chain_needs_its_list(door, tool, keys, below):
    bundle = Issued(below).client(A)
    d = door(keys=Issued(keys))
    assert enter(d, bundle) == ADMITTED
    tool("crl", "--dir", "d")
    d.configure(tls_crl=keys / "crl.pem")
    assert enter(d, bundle) == refused(42), "the CA below has no list yet"
    assert enter(d, Issued(keys).client(C)) == ADMITTED
    tool("crl", "--dir", "d/cas/branch")
    tool("crl", "--dir", "d")
    assert enter(d, bundle) == ADMITTED
    tool("revoke", A, "--dir", "d/cas/branch")
    assert enter(d, bundle) == ADMITTED, "the server's file is another one"
    tool("crl", "--dir", "d")
    assert enter(d, bundle) == refused(44)
    assert enter(d, Issued(below).client(B)) == ADMITTED
    tool("revoke", "cas/branch", "--dir", "d", "--reason", "cACompromise")
    assert enter(d, Issued(below).client(B)) == refused(44), "with its issuer"
    assert enter(d, Issued(keys).client(C)) == ADMITTED


def test_a_folder_below_has_the_lists_of_those_above(door, tool, keys, below):
    """Its crl.pem serves as well, and keeps them when it is made anew."""
    tool("crl", "--dir", "d")
    tool("crl", "--dir", "d/cas/branch", "--with", "d/crl.pem")
    tool("revoke", B, "--dir", "d/cas/branch")
    d = door(keys=Issued(keys), tls_crl=below / "crl.pem")
    assert enter(d, Issued(below).client(A)) == ADMITTED
    assert enter(d, Issued(below).client(B)) == refused(44)
    assert current(keys) == revoked(below / "crl.pem", keys / "ca.pem") == {}
    tool("revoke", C, "--dir", "d")
    tool("crl", "--dir", "d/cas/branch", "--with", "d/crl.pem")
    assert set(revoked(below / "crl.pem", keys / "ca.pem")) == {serial(cert(keys, C))}
    old = (keys / "crl.pem").read_bytes()
    tool("crl", "--dir", "d")
    tool("crl", "--dir", "d/cas/branch", "--with", "d/crl.pem")
    (keys / "crl.pem").write_bytes(old)
    before = crl_number_of(below / "crl.pem", 1)
    tool("crl", "--dir", "d/cas/branch", "--with", "d/crl.pem")
    assert crl_number_of(below / "crl.pem", 1) == before, "the later one stays"


def crl_number_of(path, place):
    block = path.read_text().split("-----BEGIN")[place + 1]
    done = subprocess.run(["openssl", "crl", "-noout", "-crlnumber"], input="-----BEGIN" + block,
                          text=True, capture_output=True, check=True)
    return done.stdout


@pytest.mark.parametrize("fault", ["stale", "forged", "of the future"])
def test_a_list_below_that_cannot_be_used_lets_nobody_in_by_it(door, fault):
    with Authority() as authority:
        below = authority.below()
        bundle = authority.issue("brad@447.edu", issuer=below)
        times = {"stale": dict(this_update=-2 * DAY, next_update=-DAY), "forged": {},
                 "of the future": dict(this_update=DAY, next_update=2 * DAY)}[fault]
        own, good = authority.crl(), authority.crl(signer=below)
        bad = authority.crl(signer=below, **times)
        if fault == "forged":
            lines = bad.read_text().splitlines()
            lines[-2] = lines[-2][:-6] + ("A" if lines[-2][-6] != "A" else "B") + lines[-2][-5:]
            bad.write_text("\n".join(lines) + "\n")
        lists = authority.file("crl")
        for second, expected in ((good, ADMITTED), (bad, refused(42))):
            lists.write_text(own.read_text() + second.read_text())
            harness.give(lists)
            d = door(keys=authority, tls_crl=lists)
            assert enter(d, bundle) == expected
            assert enter(d, authority.client()) == ADMITTED


# What is refused


@pytest.mark.parametrize("args, status, named", [
    (["revoke", "nobody"], 66, "`nobody' is neither"),
    (["revoke", "../none/passwd"], 66, "../none/passwd"),
    (["revoke", "/dev/null"], 66, "/dev/null"),
    (["revoke", ""], 64, "empty"),
    (["revoke", "a\x07b"], 66, "a\\x07b"),
    (["revoke", "x" * 10000], 66, "x" * 10000),
    (["revoke", "1" * 42], 66, "1" * 42),
    (["revoke", "ca"], 64, "cas/NAME"),
    (["revoke", "cas/none"], 65, "cas/none"),
    (["revoke", A, "--reason", "because"], 64, "because"),
    (["revoke", "--reason", "superseded"], 64, "--reason"),
    (["revoke", A, "--force"], 64, "--force"),
    (["revoke", "d/ca.key"], 65, "d/ca.key"),
    (["crl", "extra"], 64, "extra"),
    (["crl", "--with", "none.pem"], 66, "none.pem"),
    (["crl", "--with", "d/ca.pem"], 65, "d/ca.pem"),
    (["crl", "--days", "0"], 64, "--days"),
])
def test_wrong_use_changes_nothing(tool, keys, folder, args, status, named):
    before = tree(folder)
    assert named in tool(*args, "--dir", "d", status=status)
    assert tree(folder) == before


def test_certificates_of_other_cas_are_named(tool, keys, folder):
    tool("init", "--dir", "e", "--host", HOST)
    tool("issue", A, "--dir", "e")
    before = tree(folder)
    assert f"e/clients/{A}/cert.pem" in tool(
        "revoke", f"e/clients/{A}/cert.pem", "--dir", "d", status=65)
    tool("crl", "--dir", "e")
    assert "e/crl.pem" in tool("crl", "--dir", "d", "--with", "e/crl.pem", status=65)
    (folder / "e/crl.pem").unlink()
    assert tree(folder) == before


@pytest.mark.parametrize("spoil", ["cut", "empty", "foreign", "forged"])
def test_nobody_is_forgotten_for_a_damaged_list(tool, keys, folder, spoil):
    tool("revoke", A, "--dir", "d")
    crl = keys / "crl.pem"
    good = crl.read_text()
    if spoil == "foreign":
        tool("init", "--dir", "e", "--host", HOST)
        tool("crl", "--dir", "e")
    bad = {"cut": lambda: good[:len(good) // 2], "empty": lambda: "",
           "foreign": lambda: (folder / "e/crl.pem").read_text(),
           "forged": lambda: good.replace(good.splitlines()[-3], good.splitlines()[-3][::-1]),
           }[spoil]()
    write(crl, bad)
    for command in (["revoke", B], ["crl"]):
        assert "d/crl.pem" in tool(*command, "--dir", "d", status=65)
        assert crl.read_text() == bad


def test_a_folder_of_pairs_needs_no_list(tool, folder):
    tool("pair", "--dir", "d", "--host", HOST)
    assert "server/pins" in tool("revoke", "client", "--dir", "d", status=64)


def test_list_and_show_say_who_is_revoked(tool, keys):
    tool("revoke", A, "--dir", "d", "--reason", "superseded")
    assert re.search(rf"^\d{{4}}-\d\d-\d\d  revoked        client  clients/{A}/cert.pem  {A}$",
                     tool("list", "--dir", "d"), re.M)
    rows = listed(tool, "--dir", "d")
    row = rows[f"clients/{A}/cert.pem"]
    assert row["state"] == "revoked" and row["reason"] == "superseded"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["revoked"])
    assert rows[f"clients/{B}/cert.pem"]["state"] == "valid"
    said = tool("show", cert(keys, A), "--crl", "d/crl.pem")
    assert re.search(r"^state        revoked since \d{4}-\d\d-\d\d, superseded$", said, re.M)
    assert "state        valid\n" in tool("show", cert(keys, A))
    assert "none" in tool("show", cert(keys, A), "--crl", "none", status=66)


def test_a_serial_alone_is_told_of_once(tool, keys):
    """It comes into the list of each key that the CA has had."""
    tool("renew", "ca", "--dir", "d", "--new-key")
    said = tool("revoke", "0a:0b", "--dir", "d")
    assert said.count("serial 0a0b") == 1 and said.startswith("revoked a certificate")
    said = tool("revoke", "0a0b", "--dir", "d")
    assert said.count("serial 0a0b") == 1 and "is revoked since" in said
    lists = json.loads(tool("show", "d/crl.pem", "--json"))
    assert [[e["serial"] for e in each["entries"]] for each in lists] == [["0a0b"], ["0a0b"]]


def test_show_says_what_lists_say(tool, keys):
    tool("revoke", A, "--dir", "d", "--reason", "superseded")
    tool("revoke", "0001", "--dir", "d")
    said = tool("show", cert(keys, A))
    issuer, number = (re.search(rf"^{word} +(.*)$", said, re.M)[1]
                      for word in ("issuer", "serial"))
    said = tool("show", "d/crl.pem")
    day = r"\d{4}-\d\d-\d\d"
    assert re.fullmatch(
        rf"list of      {re.escape(issuer)}\nnumber       [0-9a-f]+\n"
        rf"from         {day} \d\d:\d\d:\d\d UTC\nuntil        {day} \d\d:\d\d:\d\d UTC\n"
        rf"state        current\nentries      2\n"
        rf"revoked      01 since {day}, unspecified\n"
        rf"revoked      {number} since {day}, superseded\n", said), said
    [row] = json.loads(tool("show", "d/crl.pem", "--json"))
    assert (row["list"], row["issuer"], row["state"]) == (1, issuer, "current")
    assert [(e["serial"], e["reason"]) for e in row["entries"]] == [
        ("01", "unspecified"), (number, "superseded")]
    both = keys / "both.pem"
    both.write_bytes((keys / "crl.pem").read_bytes() + (keys / "ca.pem").read_bytes())
    rows = json.loads(tool("show", "d/both.pem", "--json"))
    assert [("certificate" in row, "list" in row) for row in rows] == [
        (True, False), (False, True)]
    assert tool("show", "d/both.pem").count("\n\n") == 1
    both.write_bytes((keys / "crl.pem").read_bytes().replace(b"\nM", b"\nN", 1))
    assert "damaged revocation list" in tool("show", "d/both.pem", status=65)
    assert "no revocation list" in tool("show", "d/ca.key", status=65)


def test_init_force_begins_another_list(tool, keys):
    tool("revoke", A, "--dir", "d")
    tool("init", "--dir", "d", "--host", "localhost", "--force")
    assert current(keys) == {}, "signed by the CA that is there now"
