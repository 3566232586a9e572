# SPDX-License-Identifier: ISC
"""postern-keys renew: of a client, of the server, of the CA, with the same key and another,
with a CA and in pairs."""

import re
import shutil
import subprocess

import pytest

from certificates import pin_of
from keytool import (
    ADMITTED, HOST, USER, Issued, assert_tidy, assert_whole, enter, folder, modes, out_of,
    public_of_cert, public_of_key, refused, serial, tool, tree, write)

KINDS = ("p256", "ed25519", "rsa3072")
STAMP = r"\d{4}-\d\d-\d\d-\d{6}-[0-9a-f]{8}"
SUBJECT = "brad@447.edu"


@pytest.fixture
def keys(tool, folder):
    tool("init", "--dir", "d", "--host", "localhost", "--host", "127.0.0.1")
    tool("issue", SUBJECT, "--dir", "d")
    return folder / "d"


def dates(cert):
    said = out_of("openssl", "x509", "-in", cert, "-noout", "-dates")
    return said.splitlines()


def says(cert):
    """All that a certificate says but for its serial number, dates and signature."""
    text = out_of("openssl", "x509", "-in", cert, "-noout", "-text")
    text = re.sub(r"(?s)Serial Number:.*?Signature Algorithm", "", text, count=1)
    text = re.sub(r"Not (Before|After ?) ?:.*", "", text)
    return text.split("Signature Algorithm")[0]


def only(path):
    (found,) = path
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_with_the_same_key(tool, folder, kind):
    tool("init", "--dir", "d", "--host", HOST, "--type", kind)
    tool("issue", USER, "--dir", "d", "--type", kind, "--days", "10")
    bundle = folder / "d/clients" / USER
    before = tree(bundle)
    old = serial(bundle / "cert.pem"), says(bundle / "cert.pem"), dates(bundle / "cert.pem")
    said = tool("renew", USER, "--dir", "d")
    assert sorted(p.name for p in bundle.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]
    after = tree(bundle)
    changed = {p.name for p in after if after[p] != before[p]}
    assert changed == {"cert.pem"}
    assert serial(bundle / "cert.pem") != old[0]
    assert says(bundle / "cert.pem") == old[1], "the same holder, the same key"
    assert dates(bundle / "cert.pem") != old[2]
    kept = only((folder / "d/old/clients" / USER).iterdir())
    assert re.fullmatch(STAMP + r"\.pem", kept.name)
    assert kept.read_bytes() == before[only(p for p in before if p.name == "cert.pem")]
    assert f"wrote d/clients/{USER}/cert.pem\n" in said
    assert modes(folder / "d") == {(0o600, False), (0o700, True)}
    assert_whole(folder / "d")


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_with_a_new_key_has_one_of_the_same_kind(tool, folder, kind):
    tool("init", "--dir", "d", "--host", HOST)
    tool("issue", USER, "--dir", "d", "--type", kind)
    bundle = folder / "d/clients" / USER
    before = {p.name: p.read_bytes() for p in bundle.iterdir()}
    described = re.search("^key .*$", tool("show", bundle / "cert.pem"), re.M)[0]
    tool("renew", USER, "--dir", "d", "--new-key")
    assert public_of_key(bundle / "key.pem") == public_of_cert(bundle / "cert.pem")
    assert (bundle / "key.pem").read_bytes() != before["key.pem"]
    assert re.search("^key .*$", tool("show", bundle / "cert.pem"), re.M)[0] == described
    kept = {p.suffix: p.read_bytes() for p in (folder / "d/old/clients" / USER).iterdir()}
    assert kept == {".pem": before["cert.pem"], ".key": before["key.pem"]}
    tool("renew", USER, "--dir", "d", "--new-key", "--type", "ed25519")
    assert "Ed" in re.search("^key .*$", tool("show", bundle / "cert.pem"), re.M)[0]
    assert_whole(folder / "d")


def test_the_key_of_a_client_need_not_be_there(tool, keys, folder):
    (keys / "clients" / SUBJECT / "key.pem").unlink()
    pin = pin_of(Issued(keys).client(SUBJECT))
    tool("renew", SUBJECT, "--dir", "d")
    assert pin_of(Issued(keys).client(SUBJECT)) == pin
    out_of("openssl", "verify", "-CAfile", keys / "ca.pem",
           keys / "clients" / SUBJECT / "cert.pem")


def test_a_key_that_is_somebody_elses_is_named(tool, keys, folder):
    tool("issue", "other", "--dir", "d")
    shutil.copy(keys / "clients/other/key.pem", keys / "clients" / SUBJECT / "key.pem")
    before = tree(folder)
    said = tool("renew", SUBJECT, "--dir", "d", status=65)
    assert f"d/clients/{SUBJECT}/key.pem" in said and "--new-key" in said
    assert tree(folder) == before


def test_the_device_stays_the_same(door, tool, keys):
    """The server knows it by its key, before and after."""
    d = door(keys=Issued(keys))
    assert enter(d, Issued(keys).client(SUBJECT)) == ADMITTED
    tool("renew", SUBJECT, "--dir", "d")
    assert enter(d, Issued(keys).client(SUBJECT)) == ADMITTED
    d.wait()
    first, second = d.records(event="admitted")
    assert first["device"] == second["device"] == pin_of(Issued(keys).client(SUBJECT))
    tool("renew", SUBJECT, "--dir", "d", "--new-key")
    assert enter(d, Issued(keys).client(SUBJECT)) == ADMITTED
    d.wait()
    assert d.records(event="admitted")[2]["device"] != first["device"]


def test_the_server_keeps_its_names(door, tool, keys):
    before = says(keys / "server.pem")
    tool("renew", "server", "--dir", "d", "--days", "20")
    assert says(keys / "server.pem") == before
    tool("renew", "server", "--dir", "d", "--new-key")
    said = tool("show", "d/server.pem")
    assert "DNS:localhost, IP:127.0.0.1\n" in said
    assert len(list((keys / "old/server").iterdir())) == 3
    assert_whole(keys)
    assert enter(door(keys=Issued(keys)), Issued(keys).client(SUBJECT)) == ADMITTED


def test_a_certificate_of_other_tools_stays_what_it_is(tool, keys, folder):
    """Several names, a policy, an organisation: byte for byte."""
    write(folder / "template", (
        f'cn = "somebody"\norganization = "An organisation"\nemail = "a@447.edu"\n'
        f'email = "b@447.edu"\nsigning_key\ntls_www_client\nexpiration_days = 9\n'
        f'policy1 = 1.3.6.1.4.1.5484.1.10.99.1.0\n'))
    where = keys / "clients/somebody"
    where.mkdir()
    out_of("certtool", "--generate-privkey", "--outfile", where / "key.pem")
    out_of("certtool", "--generate-certificate", "--load-privkey", where / "key.pem",
           "--load-ca-certificate", keys / "ca.pem", "--load-ca-privkey", keys / "ca.key",
           "--template", folder / "template", "--outfile", where / "cert.pem")
    subprocess.run(["chown", "-R", "--reference", str(keys), str(where)], check=True)
    before = says(where / "cert.pem")
    assert "An organisation" in before and "b@447.edu" in before
    tool("renew", "somebody", "--dir", "d")
    assert says(where / "cert.pem") == before


# The CA


def test_a_ca_with_the_same_key_is_the_same_ca(door, tool, keys):
    """Those who believe the earlier certificate go on, and so do those who get the new."""
    old_ca, bundle = (keys / "ca.pem").read_bytes(), Issued(keys).client(SUBJECT)
    before = says(keys / "ca.pem")
    tool("renew", "ca", "--dir", "d", "--days", "5000")
    assert says(keys / "ca.pem") == before
    new_ca = (keys / "ca.pem").read_bytes()
    assert new_ca != old_ca and bundle.ca.read_bytes() == new_ca, "bundles follow"
    assert_whole(keys)
    assert enter(door(keys=Issued(keys)), bundle) == ADMITTED
    (keys / "ca.pem").write_bytes(old_ca)
    assert enter(door(keys=Issued(keys)), bundle) == ADMITTED
    assert_tidy(keys)


def test_a_ca_with_a_new_key_is_believed_beside_the_earlier_one(door, tool, keys):
    """Server and clients can be led over in any order."""
    tool("crl", "--dir", "d")
    tool("renew", "ca", "--dir", "d", "--new-key")
    d = door(keys=Issued(keys), tls_crl=keys / "crl.pem")
    early = Issued(keys).client(SUBJECT)
    assert enter(d, early) == ADMITTED, "signed by the earlier key"
    tool("issue", "late@447.edu", "--dir", "d")
    assert enter(d, Issued(keys).client("late@447.edu")) == ADMITTED
    tool("renew", "server", "--dir", "d")
    for name in (SUBJECT, "late@447.edu"):
        assert enter(d, Issued(keys).client(name)) == ADMITTED
    names = re.findall("CN ?= ?(Postern CA [0-9a-f]{8})",
                       tool("show", "d/ca.pem").replace("CN=", "CN = "))
    assert len(set(names)) == 2, "no two CAs have one name"
    tool("revoke", SUBJECT, "--dir", "d")
    tool("revoke", "late@447.edu", "--dir", "d")
    assert enter(d, early) == refused(44), "by the list of the earlier key"
    assert enter(d, Issued(keys).client("late@447.edu")) == refused(44)


def test_copies_that_a_kill_has_left_are_found_again(tool, keys):
    """Those of an earlier certificate, of this key and of the one before it."""
    bundle = Issued(keys).client(SUBJECT)
    first = bundle.ca.read_bytes()
    for more in ([], ["--new-key"]):
        tool("renew", "ca", "--dir", "d", *more)
        bundle.ca.write_bytes(first)
        tool("renew", "ca", "--dir", "d")
        assert bundle.ca.read_bytes() == (keys / "ca.pem").read_bytes() != first
    bundle.ca.write_bytes(b"somebody else's")
    tool("renew", "ca", "--dir", "d")
    assert bundle.ca.read_bytes() == b"somebody else's"


def test_an_expired_ca_is_renewed(tool, keys, folder):
    script = (f'cn = "Postern CA 1"\nca\npath_len = 0\ncert_signing_key\ncrl_signing_key\n'
              f'activation_date = "2020-01-01 00:00:00"\n'
              f'expiration_date = "2021-01-01 00:00:00"\n')
    write(folder / "template", script)
    out_of("certtool", "--generate-self-signed", "--load-privkey", keys / "ca.key",
           "--template", folder / "template", "--outfile", keys / "ca.pem")
    assert "expired" in tool("issue", "x", "--dir", "d", status=65)
    tool("renew", "ca", "--dir", "d")
    tool("issue", "x", "--dir", "d")
    out_of("openssl", "verify", "-CAfile", keys / "ca.pem", keys / "clients/x/cert.pem")


def test_the_path_length_can_be_another(tool, keys):
    assert "path length is 0" in tool("issue-ca", "below", "--dir", "d", status=65)
    tool("renew", "ca", "--dir", "d", "--path-length", "1")
    tool("issue-ca", "below", "--dir", "d")


# Pairs


def test_a_pair_keeps_its_pin(tool, folder):
    tool("pair", "--dir", "d", "--host", HOST)
    (pin,) = (folder / "d/server/pins").iterdir()
    before = pin.read_bytes()
    tool("renew", "client", "--dir", "d")
    assert list((folder / "d/server/pins").iterdir()) == [pin]
    assert pin.read_bytes() == (folder / "d/clients/client/cert.pem").read_bytes() != before
    said = tool("renew", "client", "--dir", "d", "--new-key")
    assert f"d/server/pins/{pin.name} admits the earlier key until it is removed\n" in said
    pins = {p.name for p in (folder / "d/server/pins").iterdir()}
    assert len(pins) == 2 and pin.name in pins
    assert_tidy(folder / "d")


def test_the_clients_of_a_pair_learn_the_renewed_server(tool, folder):
    tool("pair", "--dir", "d", "--host", HOST)
    tool("pair", "--dir", "d", "--name", "other")
    for more in ([], ["--new-key"]):
        tool("renew", "server", "--dir", "d", *more)
        server = (folder / "d/server/server.pem").read_bytes()
        for name in ("client", "other"):
            assert (folder / "d/clients" / name / "ca.pem").read_bytes() == server
    assert public_of_cert(folder / "d/server/server.pem") == \
        public_of_key(folder / "d/server/server.key")


# What is refused


@pytest.mark.parametrize("args, status, named", [
    (["renew"], 64, "cas/NAME"),
    (["renew", "nobody"], 66, "d/clients/nobody/cert.pem"),
    (["renew", "../x"], 64, "../x"),
    (["renew", "cas/../x"], 64, "cas/../x"),
    (["renew", "cas/none"], 66, "d/cas/none"),
    (["renew", "a\x1bb"], 64, "a\\x1bb"),
    (["renew", "x" * 10000], 64, "x" * 10000),
    (["renew", "server", "--type", "ed25519"], 64, "--type"),
    (["renew", "server", "--force"], 64, "--force"),
    (["renew", SUBJECT, "--path-length", "1"], 64, "--path-length"),
    (["renew", SUBJECT, "--new-key", "--new-passphrase"], 64, "--new-passphrase"),
    (["renew", "ca", "--new-passphrase"], 64, "--new-passphrase"),
])
def test_wrong_use_changes_nothing(tool, keys, folder, args, status, named):
    before = tree(folder)
    assert named in tool(*args, "--dir", "d", status=status)
    assert tree(folder) == before


def test_who_is_revoked_is_not_renewed(tool, keys, folder):
    tool("revoke", SUBJECT, "--dir", "d")
    before = tree(folder)
    assert "revoked" in tool("renew", SUBJECT, "--dir", "d", status=65)
    assert tree(folder) == before
    tool("issue", SUBJECT, "--dir", "d", "--force")
    tool("renew", SUBJECT, "--dir", "d")
