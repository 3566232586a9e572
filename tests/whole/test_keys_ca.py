# SPDX-License-Identifier: ISC
"""postern-keys: CAs below a CA, name constraints, a CA's key under a passphrase, and how
long things last."""

import contextlib
import json
import os
import re
import subprocess

import pytest

import harness
import observe
from certificates import KEY_TYPES
from keytool import (
    ADMITTED, HOST, USER, Issued, assert_tidy, assert_whole, enter, folder, listed, modes, out_of,
    public_of_cert, public_of_key, refused, serial, tool, tree, write)
from scripted import Terminal

KINDS = ("p256", "ed25519", "rsa3072")
SUBJECT = "brad@447.edu"
SECRET = "correct horse battery"


# A CA below


@pytest.fixture
def root(tool, folder):
    tool("init", "--dir", "d", "--host", "localhost", "--path-length", "1")
    return folder / "d"


@pytest.mark.parametrize("kind", KINDS)
def test_a_chain_through_a_ca_below(door, tool, folder, kind):
    """The server believes the root alone; the client sends what is between."""
    tool("init", "--dir", "d", "--host", "localhost", "--path-length", "1", "--type", kind)
    tool("issue-ca", "branch", "--dir", "d", "--type", kind, "--host", "localhost")
    below = folder / "d/cas/branch"
    tool("issue", SUBJECT, "--dir", below, "--type", kind)
    assert {p.name for p in below.iterdir()} == {
        "ca.key", "ca.pem", "root.pem", "server.key", "server.pem", "clients"}
    assert (below / "root.pem").read_bytes() == (folder / "d/ca.pem").read_bytes()
    bundle = Issued(below).client(SUBJECT)
    assert bundle.ca.read_bytes() == (folder / "d/ca.pem").read_bytes()
    for file, purpose in ((bundle.cert, "sslclient"), (below / "server.pem", "sslserver")):
        assert file.read_text().count("BEGIN CERTIFICATE") == 2
        out_of("openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile",
               folder / "d/ca.pem", "-untrusted", file, file)
        said = out_of("certtool", "--verify", "--verify-profile", "medium",
                      "--load-ca-certificate", folder / "d/ca.pem", "--infile", file)
        assert "Chain verification output: Verified." in said
    assert modes(folder / "d") == {(0o600, False), (0o700, True)}
    for tls in ("1.2", "1.3"):
        assert enter(door(keys=Issued(folder / "d")), bundle, tls) == ADMITTED
    d = door(keys=Issued(folder / "d"), tls_cert=below / "server.pem",
             tls_key=below / "server.key")
    assert enter(d, bundle) == ADMITTED


def test_without_what_is_between_nobody_enters(door, tool, root, folder):
    tool("issue-ca", "branch", "--dir", "d")
    tool("issue", SUBJECT, "--dir", "d/cas/branch")
    bundle = Issued(root / "cas/branch").client(SUBJECT)
    first = bundle.cert.read_text().split("-----END CERTIFICATE-----\n")[0]
    alone = write(folder / "alone.pem", first + "-----END CERTIFICATE-----\n")
    d = door(keys=Issued(root))
    assert enter(d, harness.Bundle(alone, bundle.key, bundle.ca)) == refused(48)
    assert enter(d, bundle) == ADMITTED


def test_path_lengths(tool, folder):
    tool("init", "--dir", "d", "--host", HOST, "--path-length", "2")
    assert "--path-length 2" in tool("issue-ca", "a", "--dir", "d", "--path-length", "2",
                                     status=64)
    tool("issue-ca", "a", "--dir", "d", "--path-length", "1")
    tool("issue-ca", "b", "--dir", "d/cas/a")
    deepest = folder / "d/cas/a/cas/b"
    assert "path length is 0" in tool("issue-ca", "c", "--dir", deepest, status=65)
    tool("issue", USER, "--dir", deepest)
    cert = deepest / "clients" / USER / "cert.pem"
    assert cert.read_text().count("BEGIN CERTIFICATE") == 3
    out_of("openssl", "verify", "-x509_strict", "-CAfile", folder / "d/ca.pem", "-untrusted",
           cert, cert)
    shown = json.loads(tool("show", "--json", cert))
    assert [(c["for"], c.get("path_length"), c["signed_by"]) for c in shown] == [
        ("client", None, 2), ("ca", 0, 3), ("ca", 1, 0)]


def test_a_ca_below_is_renewed_by_the_one_above(door, tool, root, folder):
    """With the same key its clients go on, with the chains that they have and with the new."""
    tool("issue-ca", "branch", "--dir", "d")
    below = root / "cas/branch"
    tool("issue", SUBJECT, "--dir", below)
    bundle = Issued(below).client(SUBJECT)
    old_chain, leaf = bundle.cert.read_text(), serial(bundle.cert)
    tool("renew", "cas/branch", "--dir", "d")
    assert bundle.cert.read_text() != old_chain and serial(bundle.cert) == leaf
    assert public_of_cert(below / "ca.pem") == public_of_key(below / "ca.key")
    d = door(keys=Issued(root))
    assert enter(d, bundle) == ADMITTED
    old = write(folder / "old.pem", old_chain)
    assert enter(d, harness.Bundle(old, bundle.key, bundle.ca)) == ADMITTED
    tool("renew", "cas/branch", "--dir", "d", "--new-key")
    assert public_of_cert(below / "ca.pem") == public_of_key(below / "ca.key")
    assert enter(d, bundle) == ADMITTED, "by the chain of the earlier key"
    tool("issue", "late@447.edu", "--dir", below)
    assert enter(d, Issued(below).client("late@447.edu")) == ADMITTED
    assert "cas/NAME" in tool("renew", "ca", "--dir", below, status=64)
    assert_tidy(root)


def test_a_ca_below_without_its_root_is_named(tool, root):
    tool("issue-ca", "branch", "--dir", "d")
    (root / "cas/branch/root.pem").unlink()
    assert "d/cas/branch/root.pem" in tool("issue", USER, "--dir", "d/cas/branch", status=66)


def test_issue_ca_overwrites_nothing(tool, root, folder):
    tool("issue-ca", "branch", "--dir", "d")
    before = tree(folder)
    assert "d/cas/branch/ca.key" in tool("issue-ca", "branch", "--dir", "d", status=73)
    assert tree(folder) == before
    tool("issue-ca", "branch", "--dir", "d", "--force")
    assert (root / "cas/branch/ca.key").read_bytes() != before[
        (root / "cas/branch/ca.key").relative_to(folder)]
    assert len(list((root / "cas/branch/old/ca").iterdir())) == 1


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a@b", ".x", "a b", "x" * 49, "a\n"])
def test_a_bad_name_of_a_ca_reaches_no_path(tool, root, folder, name):
    before = tree(folder)
    tool("issue-ca", "--dir", "d", "--", name, status=64)
    assert tree(folder) == before


@pytest.mark.parametrize("name", ["server", "ca"])
def test_the_names_of_the_folders_own_are_no_clients(tool, root, folder, name):
    before = tree(folder)
    assert "the folder's own" in tool("issue", name, "--dir", "d", status=64)
    assert "the folder's own" in tool("pair", "--name", name, "--dir", "d", status=64)
    assert tree(folder) == before
    tool("issue", f"{name}@447.edu", "--dir", "d")


# Name constraints


@pytest.fixture
def constrained(tool, folder):
    """A CA of 447.edu, and beside it one without constraints, whose server all believe."""
    tool("init", "--dir", "plain", "--host", "localhost")
    tool("init", "--dir", "d", "--host", "mail.447.edu", "--permit", "447.EDU", "--permit",
         "example.org", "--path-length", "1")
    return folder / "d"


def sign_outside(keys, folder, name, mail):
    """A pair that certtool makes with the CA's key, which asks nobody."""
    lines = [f'cn = "{name}"', "signing_key", "tls_www_client", "expiration_days = 1"]
    lines += [f'email = "{mail}"'] if mail else []
    write(folder / "template", "\n".join(lines) + "\n")
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    out_of("certtool", "--generate-privkey", "--outfile", key)
    out_of("certtool", "--generate-certificate", "--load-privkey", key, "--load-ca-certificate",
           keys / "ca.pem", "--load-ca-privkey", keys / "ca.key", "--template",
           folder / "template", "--outfile", cert)
    if (keys / "root.pem").exists():
        cert.write_text(cert.read_text() + (keys / "ca.pem").read_text())
    return harness.Bundle(harness.give(cert), harness.give(key), keys / "ca.pem")


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_who_is_outside_is_refused_by_the_server(door, tool, constrained, folder, tls):
    """By an address, and by a CN, of which constraints know nothing."""
    d = door(keys=Issued(folder / "plain"), tls_ca=constrained / "ca.pem",
             domains="447.edu elsewhere.net")
    tool("issue", SUBJECT, "--dir", "d")
    tool("issue", "anna@sub.447.edu", "--dir", "d")
    assert enter(d, Issued(constrained).client(SUBJECT), tls) == ADMITTED
    assert enter(d, Issued(constrained).client("anna@sub.447.edu"), tls) == ADMITTED
    for name, mail in (("mallory@elsewhere.net", "mallory@elsewhere.net"),
                       ("postmaster", None), ("mallory@elsewhere.net", None),
                       ("mallory@x447.edu", "mallory@x447.edu")):
        assert enter(d, sign_outside(constrained, folder, name, mail), tls) == refused(42), name
    assert enter(d, sign_outside(constrained, folder, "inside@447.edu", None), tls) == ADMITTED


def test_constraints_bind_a_ca_below(door, tool, constrained, folder):
    tool("issue-ca", "branch", "--dir", "d", "--permit", "sub.447.edu")
    below = constrained / "cas/branch"
    tool("issue", "anna@sub.447.edu", "--dir", below)
    d = door(keys=Issued(folder / "plain"), tls_ca=constrained / "ca.pem")
    assert enter(d, Issued(below).client("anna@sub.447.edu")) == ADMITTED
    assert "brad@447.edu" in tool("issue", SUBJECT, "--dir", below, status=64)
    for name, mail in ((SUBJECT, SUBJECT), ("postmaster", None)):
        assert enter(d, sign_outside(below, folder, name, mail)) == refused(42)
    tool("issue-ca", "free", "--dir", "d")
    free = constrained / "cas/free"
    tool("issue", SUBJECT, "--dir", free)
    assert enter(d, Issued(free).client(SUBJECT)) == ADMITTED
    for name, mail in (("mallory@elsewhere.net", "mallory@elsewhere.net"), ("postmaster", None)):
        assert enter(d, sign_outside(free, folder, name, mail)) == refused(42)


def test_what_the_server_would_refuse_is_not_made(tool, constrained, folder):
    before = tree(folder)
    for args, named in [
        (["issue", "mallory@elsewhere.net"], "mallory@elsewhere.net"),
        (["issue", "brad"], "`brad'"),
        (["issue", "brad@447.edu.elsewhere.net"], "brad@447.edu.elsewhere.net"),
        (["issue-ca", "x", "--permit", "elsewhere.net"], "elsewhere.net"),
        (["issue-ca", "x", "--host", "mail.elsewhere.net"], "mail.elsewhere.net"),
    ]:
        said = tool(*args, "--dir", "d", status=64)
        assert named in said and "permitted DNS:447.edu, email:447.edu, email:.447.edu" in said
        left = {p for p in tree(folder) if p.parts[:2] != ("d", "cas")}
        assert left == set(before)
    assert "elsewhere.net" in tool("init", "--dir", "e", "--host", "a.elsewhere.net", "--permit",
                                   "447.edu", status=64)
    assert not list((folder / "e").iterdir())


def test_what_certtool_and_show_say_of_constraints(tool, constrained):
    text = out_of("certtool", "-i", "--infile", constrained / "ca.pem")
    block = re.search(
        r"Name Constraints \(critical\):\n\t+Permitted:\n((?:\t+\w+: .*\n)+)", text)[1]
    found = sorted(line.strip() for line in block.splitlines())
    assert found == sorted(f"{kind}: {dot}{domain}" for domain in ("447.edu", "example.org")
                           for kind, dot in (("DNSname", ""), ("RFC822Name", ""),
                                             ("RFC822Name", ".")))
    said = tool("show", "d/ca.pem")
    assert re.search(r"^constraints  permitted DNS:447.edu, email:447.edu, email:.447.edu, "
                     r"DNS:example.org, ", said, re.M)
    assert re.search(r"^path length  1$", said, re.M)
    assert re.search(r"^uses         keyCertSign, cRLSign$", said, re.M)
    row = listed(tool, "--dir", "d")["ca.pem"]
    assert row["path_length"] == 1 and row["constraints"].startswith("permitted DNS:447.edu")


def test_a_renewed_ca_keeps_its_constraints(tool, constrained):
    before = listed(tool, "--dir", "d")["ca.pem"]["constraints"]
    for more in ([], ["--new-key"]):
        tool("renew", "ca", "--dir", "d", *more)
        assert listed(tool, "--dir", "d")["ca.pem"]["constraints"] == before


# A passphrase


@pytest.fixture
def secret(folder):
    return write(folder / "secret", SECRET + "\n")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_under_a_passphrase(tool, folder, secret, kind):
    more = ["--dir", "d", "--passphrase-file", "secret"]
    tool("init", *more, "--host", HOST, "--type", kind)
    key = folder / "d/ca.key"
    assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert public_of_key(key, SECRET) == public_of_cert(folder / "d/ca.pem")
    text = out_of("openssl", "asn1parse", "-in", key)
    for word in (":PBES2", ":PBKDF2", ":hmacWithSHA256", ":aes-256-cbc", ":0927C0"):
        assert word in text
    said = out_of("certtool", "--p8-info", "--infile", key, "--password", SECRET)
    assert "Iteration count: 600000" in said
    tool("issue", USER, *more)
    assert_whole(folder / "d", SECRET)


def test_without_the_passphrase_nothing_is_signed(tool, folder, secret):
    more = ["--dir", "d", "--passphrase-file", "secret"]
    tool("init", *more, "--host", HOST, "--path-length", "1")
    for command in (["issue", USER], ["renew", USER], ["renew", "server", "--new-key"],
                    ["renew", "ca"], ["issue-ca", "below"], ["revoke", USER], ["crl"]):
        before = tree(folder)
        tool(*command, "--dir", "d", status=64)
        assert tree(folder) == before
        tool(*command, *more)
    tool("renew", "ca", "--new-key", *more)
    key = folder / "d/ca.key"
    assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    tool("crl", *more)
    assert_whole(folder / "d", SECRET)


def test_a_wrong_passphrase_is_named(tool, folder, secret):
    tool("init", "--dir", "d", "--passphrase-file", "secret", "--host", HOST)
    before = tree(folder / "d")
    for wrong in ("x", SECRET + "x", "\u00e4" * 20, "x" * 1024):
        write(folder / "wrong", wrong + "\n")
        said = tool("issue", USER, "--dir", "d", "--passphrase-file", "wrong", status=77)
        assert said == "postern-keys: the passphrase of d/ca.key is another one\n"
    assert tree(folder / "d") == before


@pytest.mark.parametrize("text, status", [
    (b"", 65), (b"\n", 65), (b"short\n", 65), (b"a" * 2000, 65), (b"nul\0nul-nul\n", 65),
])
def test_a_bad_passphrase_file_is_named(tool, folder, text, status):
    (folder / "secret").write_bytes(text)
    harness.give(folder / "secret")
    tool("init", "--dir", "d", "--passphrase-file", "secret", "--host", HOST, status=status)
    assert "no-such" in tool("init", "--dir", "d", "--passphrase-file", "no-such", "--host", HOST,
                             status=66)
    assert not (folder / "d").exists()


def test_a_passphrase_from_a_pipe(tool, folder):
    """As of a shell's <(command); what stands behind the line is not read."""
    os.mkfifo(folder / "pipe")
    harness.give(folder / "pipe")
    with subprocess.Popen(["sh", "-c", f"printf '{SECRET}\\nmore\\n' > pipe"], cwd=folder):
        tool("init", "--dir", "d", "--host", HOST, "--passphrase-file", "pipe")
    assert public_of_key(folder / "d/ca.key", SECRET)


@pytest.mark.parametrize("options", [
    ["-v2", "aes-256-cbc"], ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
    ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA1", "-iter", "5000"],
])
def test_keys_that_openssl_has_encrypted(tool, folder, secret, options):
    tool("init", "--dir", "d", "--host", HOST)
    out_of("openssl", "pkcs8", "-topk8", "-in", "d/ca.key", "-out", "d/new", "-passout",
           f"pass:{SECRET}", *options, cwd=folder)
    os.rename(folder / "d/new", folder / "d/ca.key")
    harness.give(folder / "d")
    tool("issue", USER, "--dir", "d", "--passphrase-file", "secret")


def test_encryption_that_is_not_read_is_named(tool, folder, secret):
    tool("init", "--dir", "d", "--host", HOST)
    out_of("openssl", "pkcs8", "-topk8", "-in", "d/ca.key", "-out", "d/new", "-passout",
           f"pass:{SECRET}", "-scrypt", cwd=folder)
    os.rename(folder / "d/new", folder / "d/ca.key")
    harness.give(folder / "d")
    said = tool("issue", USER, "--dir", "d", "--passphrase-file", "secret", status=65)
    assert "d/ca.key" in said and "PBKDF2" in said


def test_the_passphrase_is_asked_for_at_the_terminal(programs, folder):
    """Twice where it is new, never shown, and a wrong one is named."""
    def typed(*args):
        return Terminal(lambda **more: programs.popen("postern-keys", *args, cwd=folder, **more))

    with typed("init", "--dir", "d", "--host", HOST, "--passphrase") as t:
        for question in ("new passphrase of the CA: ", "the same again: "):
            t.expect(question)
            harness.until(lambda: not t.echoes(), what="the hidden echo")
            t.type(SECRET + "\n")
        assert t.wait() == 0
        assert t.echoes() and SECRET not in t.output
    for word, status in ((SECRET, 0), ("wrong passphrase", 77)):
        with typed("issue", f"u{status}@447.edu", "--dir", "d") as t:
            t.expect("passphrase of d/ca.key: ")
            harness.until(lambda: not t.echoes(), what="the hidden echo")
            t.type(word + "\n")
            assert t.wait() == status
            assert t.echoes() and word not in t.output
    with typed("init", "--dir", "e", "--host", HOST, "--passphrase") as t:
        for word in (SECRET, SECRET + "x"):
            t.expect(": ")
            harness.until(lambda: not t.echoes(), what="the hidden echo")
            t.type(word + "\n")
        t.expect("not the same")
        assert t.wait() == 65
    assert not (folder / "e").exists()


def test_another_passphrase(tool, folder, secret):
    write(folder / "new", "another passphrase\n")
    tool("init", "--dir", "d", "--host", HOST)
    tool("passphrase", "--dir", "d", "--new-passphrase-file", "secret")
    before = (folder / "d/ca.key").read_bytes()
    tool("passphrase", "--dir", "d", "--passphrase-file", "new", "--new-passphrase-file", "new",
         status=77)
    assert (folder / "d/ca.key").read_bytes() == before
    tool("passphrase", "--dir", "d", "--passphrase-file", "secret", "--new-passphrase-file", "new")
    tool("issue", USER, "--dir", "d", "--passphrase-file", "secret", status=77)
    tool("issue", USER, "--dir", "d", "--passphrase-file", "new")
    assert_tidy(folder / "d")


def test_earlier_keys_are_opened_by_the_same_passphrase(tool, folder, secret):
    """They sign beside the new one, whatever it is changed to."""
    write(folder / "new", "another passphrase\n")
    more = ["--dir", "d", "--passphrase-file", "secret"]
    tool("init", "--host", HOST, *more)
    tool("issue", USER, *more)
    tool("renew", "ca", "--new-key", *more)
    assert "has a passphrase" in tool(
        "renew", "ca", "--new-key", "--new-passphrase-file", "new", *more, status=64)
    tool("passphrase", "--new-passphrase-file", "new", *more)
    (key,) = (folder / "d/old/ca").glob("*.key")
    assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    tool("revoke", USER, "--dir", "d", "--passphrase-file", "new")
    assert (folder / "d/crl.pem").read_text().count("BEGIN X509 CRL") == 2


def test_a_ca_below_has_a_passphrase_of_its_own(tool, folder, secret):
    write(folder / "own", "a passphrase of its own\n")
    more = ["--passphrase-file", "secret"]
    tool("init", "--dir", "d", "--host", HOST, "--path-length", "1", *more)
    tool("issue-ca", "branch", "--dir", "d", "--new-passphrase-file", "own", *more)
    tool("issue", USER, "--dir", "d/cas/branch", *more, status=77)
    tool("issue", USER, "--dir", "d/cas/branch", "--passphrase-file", "own")
    tool("renew", "cas/branch", "--dir", "d", "--new-key", *more, status=64)
    said = tool("renew", "cas/branch", "--dir", "d", "--new-key", "--new-passphrase-file",
                "secret", *more, status=77)
    assert "d/cas/branch/ca.key" in said
    tool("renew", "cas/branch", "--dir", "d", "--new-key", "--new-passphrase-file", "own", *more)
    tool("crl", "--dir", "d/cas/branch", "--passphrase-file", "own")


@pytest.mark.skipif(not harness.AS_ROOT, reason="reads another process's memory")
def test_passphrase_and_key_are_wiped_before_the_end(programs, folder, secret):
    """At the very end of the program neither is anywhere in its memory; while the key is in
    use it is."""
    programs.run("postern-keys", "init", "--dir", "d", "--host", HOST, "--passphrase-file",
                 "secret", cwd=folder)
    plain = folder / "plain.key"
    out_of("openssl", "pkey", "-in", folder / "d/ca.key", "-passin", f"pass:{SECRET}", "-out",
           plain)
    needles = {"passphrase": SECRET.encode(), **observe.secrets_of_key(plain)}
    assert needles.keys() >= {"priv", "DER"}
    for call, expected in (("mkdirat", True), ("exit_group", False)):
        found = memory_at(programs, folder, call, needles)
        assert bool(found) == expected, (call, found)


def memory_at(programs, folder, call, needles):
    """What of the needles is in the program's memory while it is held at a system call."""
    process = subprocess.Popen(
        ["strace", "-qq", "-o", folder / "trace", "-e", f"trace={call}", "-e",
         f"inject={call}:delay_enter=60000000:when=1", programs.path / "postern-keys", "issue",
         f"{call}@447.edu".replace("_", "-"), "--dir", "d", "--passphrase-file", "secret"],
        cwd=folder, env=programs.environment(), stdout=subprocess.DEVNULL)
    number = {"mkdirat": "258", "exit_group": "231"}[call]
    try:
        pid = harness.until(lambda: held_at(process.pid, number))
        return observe.search(pid, needles)
    finally:
        process.kill()  # what it has traced goes on, and ends
        process.wait()


def held_at(parent, number):
    """A child that waits in this system call."""
    for child in observe.children(parent):
        with contextlib.suppress(OSError):
            if (observe.PROC / str(child) / "syscall").read_text().split()[0] == number:
                return child
    return None


# Days


def test_nothing_outlives_the_ca_above(tool, folder):
    tool("init", "--dir", "d", "--host", HOST, "--days", "400", "--path-length", "1")
    said = tool("issue-ca", "a", "--dir", "d")
    assert re.search(r"^the CA ends on (\S+) with the CA that signs it: 1825 days", said, re.M)
    rows = listed(tool, "--dir", "d")
    end = rows["ca.pem"]["until"]
    assert rows["server.pem"]["until"] == rows["cas/a/ca.pem"]["until"] == end
    for args in (["issue", USER], ["issue", "x", "--days", "500"], ["renew", USER],
                 ["renew", "server"], ["renew", "cas/a"]):
        said = tool(*args, "--dir", "d")
        assert re.search(rf"ends on {end[:10]} with the CA that signs it: ", said), args
    assert {row["until"] for row in listed(tool, "--dir", "d").values()} == {end}
    said = tool("issue", "y", "--dir", "d", "--days", "399")
    assert "ends on" not in said


def test_how_long_things_last(tool, folder):
    tool("init", "--dir", "d", "--host", HOST, "--path-length", "1")
    tool("issue", USER, "--dir", "d")
    tool("issue-ca", "a", "--dir", "d")
    today = int(out_of("date", "+%s")) // 86400
    days = {file: int(out_of("date", "-d", row["until"], "+%s")) // 86400 - today
            for file, row in listed(tool, "--dir", "d").items()}
    assert days == {"ca.pem": 3650, "server.pem": 730, "cas/a/ca.pem": 1825,
                    f"clients/{USER}/cert.pem": 730}


def test_states(tool, folder):
    """Valid, and what it is otherwise; --sort expiry begins with what ends first."""
    tool("init", "--dir", "d", "--host", HOST)
    for name, days in (("late", 400), ("soon", 29), ("fine", 31)):
        tool("issue", name, "--dir", "d", "--days", days)
    for name, begin, end in (("past", "2020-01-01", "2021-01-01"),
                             ("future", "2090-01-01", "2091-01-01")):
        where = folder / "d/clients" / name
        where.mkdir()
        write(folder / "t", f'cn = "{name}"\nactivation_date = "{begin} 00:00:00"\n'
                            f'expiration_date = "{end} 00:00:00"\n')
        out_of("certtool", "--generate-self-signed", "--load-privkey", folder / "d/ca.key",
               "--template", folder / "t", "--outfile", where / "cert.pem")
    harness.give(folder / "d")
    rows = {file.split("/")[1]: row["state"] for file, row in listed(tool, "--dir", "d").items()
            if file.startswith("clients/")}
    assert rows == {"late": "valid", "soon": "expires soon", "fine": "valid", "past": "expired",
                    "future": "not yet valid"}
    lines = [re.split("  +", line) for line in
             tool("list", "--dir", "d", "--sort", "expiry").splitlines()]
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    assert lines[0][1] == "expired"
    names = [line[3] for line in (re.split("  +", line) for line in
                                  tool("list", "--dir", "d", "--sort", "name").splitlines())]
    assert names == ["ca.pem", "server.pem", *sorted(names[2:])]
    assert "when" in tool("list", "--dir", "d", "--sort", "when", status=64)


def test_list_all_shows_what_was_replaced(tool, folder):
    tool("init", "--dir", "d", "--host", HOST)
    tool("issue", USER, "--dir", "d")
    for who in (USER, "server", "ca"):
        tool("renew", who, "--dir", "d")
    assert len(listed(tool, "--dir", "d")) == 3
    old = [file for file in listed(tool, "--dir", "d", "--all") if file.startswith("old/")]
    assert len(old) == 3
    for file in old:
        assert "state        valid\n" in tool("show", f"d/{file}")
