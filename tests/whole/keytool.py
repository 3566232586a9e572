# SPDX-License-Identifier: ISC
"""What the tests of postern-keys share: the tool in a folder of its own, what it has made,
and whether it is whole."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import ssl
import stat
import subprocess

import pytest

import foreign
import harness

HOST = "mail.example.org"
USER = "brad@example.org"


@pytest.fixture
def folder():
    path = harness.folder("postern-keys-test-")
    yield path
    shutil.rmtree(path)


@pytest.fixture
def tool(programs, folder):
    """tool(ARGUMENT...) runs postern-keys in the folder and expects an exit status; what it
    says on standard output, or, where the status is not 0, its one sentence."""

    def run(*args, status=0, **more):
        done = programs.run("postern-keys", *args, check=False, cwd=folder, **more)
        assert done.returncode == status, done
        if status:
            assert re.fullmatch(r"postern-keys: [^\n]+\n", done.stderr), done.stderr
        else:
            assert done.stderr == ""
        return done.stderr if status else done.stdout

    return run


def out_of(*argv, cwd=None):
    return subprocess.run(
        list(map(str, argv)), cwd=cwd, check=True, text=True, capture_output=True).stdout


def tree(path):
    """Every file's content and every folder, to see what a command has changed."""
    return {p.relative_to(path): p.read_bytes() if p.is_file() else None
            for p in path.rglob("*")}


def modes(path):
    return {(stat.S_IMODE(p.stat().st_mode), p.is_dir()) for p in path.rglob("*")}


def serial(cert):
    return int(out_of("openssl", "x509", "-in", cert, "-noout", "-serial").split("=")[1], 16)


def public_of_cert(cert):
    return out_of("openssl", "x509", "-in", cert, "-noout", "-pubkey")


def public_of_key(key, passphrase=None):
    secret = ["-passin", f"pass:{passphrase}"] if passphrase else []
    return out_of("openssl", "pkey", "-in", key, "-pubout", *secret)


def revoked(crl, ca):
    """{serial: reason or None} of the list that this CA has signed, as openssl reads it; a
    file may hold the lists of several."""
    blocks = re.findall(
        r"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----\n", crl.read_text(), re.DOTALL)
    for block in blocks:
        done = subprocess.run(
            ["openssl", "crl", "-noout", "-text", "-CAfile", str(ca)], input=block, text=True,
            capture_output=True, check=False)
        if "verify OK" in done.stderr:
            entries = done.stdout.split("Serial Number: ")[1:]
            reasons = [re.search(r"Reason Code: \n\s+(.*)", e) for e in entries]
            return {int(e.split()[0], 16): r[1].strip() if r else None
                    for e, r in zip(entries, reasons)}
    raise AssertionError(f"none of the {len(blocks)} lists in {crl} is signed by {ca}")


def crl_number(crl):
    said = out_of("openssl", "crl", "-in", crl, "-noout", "-crlnumber")
    return int(said.split("=")[1], 16)


def listed(tool, *args):
    """{file: row} of list --json."""
    return {row["file"]: row for row in json.loads(tool("list", "--json", *args))}


def assert_whole(path, passphrase=None):
    """Every key of a folder belongs to the certificate beside it, everybody is signed by the
    CA, and the revocation list too."""
    clients = [c.relative_to(path) for c in sorted((path / "clients").glob("[!.]*"))]
    pairs = [("ca.pem", "ca.key"), ("server.pem", "server.key")]
    pairs += [(c / "cert.pem", c / "key.pem") for c in clients]
    for cert, key in pairs:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path / cert, path / key, passphrase)
    out_of("openssl", "verify", "-CAfile", "ca.pem", *(cert for cert, _ in pairs), cwd=path)
    if (path / "crl.pem").exists():
        revoked(path / "crl.pem", path / "ca.pem")


def assert_tidy(path):
    """Nothing is left of a command that was killed: regular files and folders alone, none
    that begins with a dot."""
    for p in path.rglob("*"):
        assert not p.is_symlink() and not p.name.startswith("."), p


@contextlib.contextmanager
def kept(path):
    """The folder as it is comes back afterwards."""
    copy = path.with_name(path.name + ".kept")
    subprocess.run(["cp", "-a", str(path), str(copy)], check=True)
    try:
        yield
    finally:
        shutil.rmtree(path)
        os.rename(copy, path)


def write(path, text):
    """A file that the service's user owns: its path."""
    path = pathlib.Path(path)
    path.write_text(text)
    return harness.give(path)


class Issued:
    """A folder of postern-keys in the place of harness.Keys, for a Door."""

    def __init__(self, path):
        self.dir = path
        self.cert, self.key, self.ca = (path / n for n in ("server.pem", "server.key", "ca.pem"))

    def client(self, name):
        where = self.dir / "clients" / name
        return harness.Bundle(where / "cert.pem", where / "key.pem", where / "ca.pem")


def enter(door, bundle, tls="1.3"):
    """What becomes of a client of OpenSSL that trusts the door's server."""
    door.connected += 1
    return foreign.openssl(door.port, door.keys.ca, bundle, tls)


ADMITTED = foreign.Outcome(line="220 447.edu SMTP Services Ready.")


def refused(alert):
    return foreign.Outcome(alert=alert)
