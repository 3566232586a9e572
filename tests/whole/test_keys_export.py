# SPDX-License-Identifier: ISC
"""postern-keys export: PKCS #12 as OpenSSL, a browser's store (NSS) and GnuTLS read it."""

import base64
import re
import shutil
import subprocess

import pytest

import harness
from keytool import (
    HOST, USER, Issued, folder, modes, out_of, public_of_cert, public_of_key, serial, tool, tree,
    write)
from scripted import Terminal

SECRET = "password of the \u00e4xport"


@pytest.fixture
def keys(tool, folder):
    tool("init", "--dir", "d", "--host", HOST, "--path-length", "1")
    tool("issue", USER, "--dir", "d")
    write(folder / "secret", SECRET + "\n")
    return folder / "d"


def p12_of(path, name=USER):
    return path / "clients" / name / f"{name}.p12"


def openssl(p12, secret, *more):
    return out_of("openssl", "pkcs12", "-in", p12, "-passin", f"pass:{secret}", *more)


def serials(pem):
    blocks = re.findall(r"-----BEGIN CERT.*?-----END CERTIFICATE-----\n", pem, re.DOTALL)
    said = [subprocess.run(["openssl", "x509", "-noout", "-serial"], input=block, text=True,
                           capture_output=True, check=True).stdout for block in blocks]
    return {int(line.split("=")[1], 16) for line in said}


def check_openssl(p12, secret, bundle, *more):
    """Key, certificate and those above it, and nothing else."""
    key = openssl(p12, secret, "-nocerts", "-noenc", *more)
    done = subprocess.run(["openssl", "pkey", "-pubout"], input=key, text=True,
                          capture_output=True, check=True)
    assert done.stdout == public_of_key(bundle.key)
    assert serials(openssl(p12, secret, "-clcerts", "-nokeys", *more)) == {serial(bundle.cert)}
    others = serials(openssl(p12, secret, "-cacerts", "-nokeys", *more))
    expected = serials(bundle.cert.read_text() + bundle.ca.read_text()) - {serial(bundle.cert)}
    assert others == expected


KEYS = 32
READ = """
import sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
for name in sys.argv[2:]:
    load_pem_private_key(open(name, "rb").read(), None)
pkcs12.load_key_and_certificates(open(sys.argv[1], "rb").read(), sys.stdin.read().encode())
"""


def number_of(pem):
    """The bytes of an EC key's secret number, as they stand in ECPrivateKey."""
    data = base64.b64decode("".join(pem.splitlines()[1:-1]))
    inner = data[data.index(b"\x02\x01\x01\x04") + 4:]
    return inner[1:1 + inner[0]]


def test_keys_are_written_for_everybody(tool, folder, keys):
    """Numbers of 32 bytes, whatever the first of them is (RFC 5915 section 3): half of them
    begin with a bit that other libraries take for a sign."""
    paths = []
    for i in range(KEYS):
        tool("issue", f"user{i}", "--dir", "d")
        paths.append(keys / "clients" / f"user{i}" / "key.pem")
        out_of("openssl", "pkey", "-in", paths[-1], "-check", "-noout")
    numbers = [number_of(path.read_text()) for path in paths]
    assert {len(number) for number in numbers} == {32}
    assert any(number[0] & 0x80 for number in numbers)
    sign = next(i for i, number in enumerate(numbers) if number[0] & 0x80)
    tool("export", f"user{sign}", "--p12", "--dir", "d", "--password-file", "secret")
    p12 = p12_of(keys, f"user{sign}")
    written = openssl(p12, SECRET, "-nocerts", "-noenc")
    assert public_of_key(paths[sign]) == subprocess.run(
        ["openssl", "pkey", "-pubout"], input=written, text=True, capture_output=True,
        check=True).stdout
    done = subprocess.run(["python3", "-c", READ, p12, *paths], input=SECRET, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 or "No module named 'cryptography'" in done.stderr, done.stderr


@pytest.mark.parametrize("kind", ["p256", "ed25519", "rsa3072"])
def test_openssl_opens_it(tool, folder, keys, kind):
    tool("issue", "other", "--dir", "d", "--type", kind)
    assert tool("export", "other", "--p12", "--dir", "d", "--password-file", "secret") == \
        "wrote d/clients/other/other.p12\n"
    p12 = p12_of(keys, "other")
    check_openssl(p12, SECRET, Issued(keys).client("other"))
    assert "friendlyName: other\n" in openssl(p12, SECRET, "-noenc")
    assert modes(keys) == {(0o600, False), (0o700, True)}
    with pytest.raises(subprocess.CalledProcessError):
        openssl(p12, SECRET + "x", "-noout")


def test_its_strength(tool, folder, keys):
    """What browsers, Windows and macOS take, and for old devices what they take."""
    def info(*more):
        done = subprocess.run(
            ["openssl", "pkcs12", "-in", str(p12_of(keys)), "-passin", f"pass:{SECRET}", "-info",
             "-noout", *more], text=True, capture_output=True, check=True)
        return done.stderr
    tool("export", USER, "--p12", "--dir", "d", "--password-file", "secret")
    modern = "PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256"
    said = info()
    assert "MAC: sha256, Iteration 600000" in said
    assert f"Shrouded Keybag: {modern}" in said and f"PKCS7 Encrypted data: {modern}" in said
    tool("export", USER, "--p12", "--dir", "d", "--password-file", "secret", "--legacy", "--force")
    said = info("-legacy")
    assert "MAC: sha1," in said and said.count("pbeWithSHA1And3-KeyTripleDES-CBC") == 2
    check_openssl(p12_of(keys), SECRET, Issued(keys).client(USER), "-legacy")


@pytest.mark.parametrize("legacy", [[], ["--legacy"]])
@pytest.mark.parametrize("kind", ["p256", "rsa3072"])
def test_a_browsers_store_takes_it(tool, folder, keys, kind, legacy):
    """NSS, which Firefox and Thunderbird are: certificate, key and CA are in its store."""
    tool("issue", "other", "--dir", "d", "--type", kind)
    tool("export", "other", "--p12", "--dir", "d", "--password-file", "secret", *legacy)
    store = f"sql:{folder}/store"
    (folder / "store").mkdir()
    (folder / "store-password").write_text("password of the store\n")
    out_of("certutil", "-N", "-d", store, "-f", folder / "store-password")
    listed = out_of("pk12util", "-l", p12_of(keys, "other"), "-d", store, "-w", folder / "secret")
    assert "Friendly Name: other" in listed
    out_of("pk12util", "-i", p12_of(keys, "other"), "-d", store, "-k", folder / "store-password",
           "-w", folder / "secret")
    certificates = out_of("certutil", "-L", "-d", store)
    assert re.search(r"^other +u,u,u *$", certificates, re.M), certificates
    assert certificates.count(",,") == 1, "the CA beside it"
    held = out_of("certutil", "-K", "-d", store, "-f", folder / "store-password")
    assert len(re.findall("^<", held, re.M)) == 1 and "other" in held
    pem = out_of("certutil", "-L", "-d", store, "-n", "other", "-a")
    assert serials(pem.replace("\r", "")) == {serial(keys / "clients/other/cert.pem")}
    trust(store, folder)
    out_of("certutil", "-V", "-d", store, "-n", "other", "-u", "C", "-f",
           folder / "store-password")


def trust(store, folder):
    """Makes the CA in the store one that signs clients."""
    certificates = out_of("certutil", "-L", "-d", store)
    name = re.search(r"^(.*?) +,, *$", certificates, re.M)[1]
    out_of("certutil", "-M", "-d", store, "-n", name, "-t", "CT,,", "-f",
           folder / "store-password")


def test_gnutls_opens_it(tool, folder, keys):
    tool("export", USER, "--p12", "--dir", "d", "--password-file", "secret")
    said = out_of("certtool", "--p12-info", "--inder", "--password", SECRET, "--infile",
                  p12_of(keys))
    assert said.count("BEGIN CERTIFICATE") == 2 and "PRIVATE KEY-----" in said


def test_a_chain_goes_along(tool, folder, keys):
    tool("issue-ca", "branch", "--dir", "d")
    tool("issue", "x@example.org", "--dir", "d/cas/branch")
    tool("export", "x@example.org", "--p12", "--dir", "d/cas/branch", "--password-file", "secret")
    below = keys / "cas/branch"
    check_openssl(p12_of(below, "x@example.org"), SECRET, Issued(below).client("x@example.org"))


def test_a_pair_is_exported_with_its_server(tool, folder):
    tool("pair", "--dir", "d", "--host", HOST)
    write(folder / "secret", SECRET + "\n")
    tool("export", "client", "--p12", "--dir", "d", "--password-file", "secret")
    assert serials(openssl(p12_of(folder / "d", "client"), SECRET, "-nokeys")) == {
        serial(folder / "d/clients/client/cert.pem"), serial(folder / "d/server/server.pem")}


def test_a_password_that_is_made_up_is_said_once(tool, folder, keys):
    seen = set()
    for _ in range(2):
        said = tool("export", USER, "--p12", "--dir", "d", "--generate", "--force").splitlines()
        assert said[0] == f"wrote d/clients/{USER}/{USER}.p12" and len(said) == 2
        assert re.fullmatch(r"[a-z0-9]{4}(-[a-z0-9]{4}){5}", said[1]), "120 bits"
        openssl(p12_of(keys), said[1], "-noout")
        seen.add(said[1])
    assert len(seen) == 2


def test_the_password_is_asked_for_at_the_terminal(programs, tool, folder, keys):
    with Terminal(lambda **more: programs.popen(
            "postern-keys", "export", USER, "--p12", "--dir", "d", cwd=folder, **more)) as t:
        for question in ("new password of the export: ", "the same again: "):
            t.expect(question)
            harness.until(lambda: not t.echoes(), what="the hidden echo")
            t.type(SECRET + "\n")
        assert t.wait() == 0
        assert t.echoes() and SECRET not in t.output
    check_openssl(p12_of(keys), SECRET, Issued(keys).client(USER))


@pytest.mark.parametrize("args, status, named", [
    (["export", USER], 64, "--p12"),
    (["export", "--p12"], 64, "NAME"),
    (["export", "../x", "--p12"], 64, "../x"),
    (["export", "nobody", "--p12", "--generate"], 66, "d/clients/nobody/cert.pem"),
    (["export", USER, "--p12"], 64, "--generate"),
    (["export", USER, "--p12", "--generate", "--password-file", "secret"], 64, "--generate"),
    (["export", USER, "--p12", "--password-file", "none"], 66, "none"),
    (["export", USER, "--p12", "--password-file", "short"], 65, "8 to 120"),
    (["export", USER, "--p12", "--password-file", "latin"], 65, "UTF-8"),
    (["export", USER, "--p12", "--generate", "--type", "p256"], 64, "--type"),
])
def test_wrong_use_changes_nothing(tool, folder, keys, args, status, named):
    (folder / "latin").write_bytes(b"caf\xe9 caf\xe9 caf\xe9\n")
    write(folder / "short", "short\n")
    harness.give(folder)
    before = tree(folder)
    assert named in tool(*args, "--dir", "d", status=status)
    assert tree(folder) == before


def test_what_does_not_belong_together_is_named(tool, folder, keys):
    tool("issue", "other", "--dir", "d")
    shutil.copy(keys / "clients/other/key.pem", keys / "clients" / USER / "key.pem")
    assert f"d/clients/{USER}/key.pem" in tool(
        "export", USER, "--p12", "--dir", "d", "--generate", status=65)
    assert not p12_of(keys).exists()
    tool("export", "other", "--p12", "--dir", "d", "--generate")
    before = p12_of(keys, "other").read_bytes()
    assert "other.p12" in tool("export", "other", "--p12", "--dir", "d", "--generate", status=73)
    assert p12_of(keys, "other").read_bytes() == before
    assert public_of_cert(keys / "clients/other/cert.pem")
