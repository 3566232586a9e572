# SPDX-License-Identifier: ISC
"""Certificates with every virtue and fault, made by certtool from templates.

Authority   a CA, the pair of a server, and whatever it is asked to issue. A Door takes one in
            the place of Keys
Pinned      a server without a CA, and a folder of pins; a Door takes it as well
Pair        a certificate with its key, and the pin that the server knows it by
"""

import base64
import dataclasses
import functools
import hashlib
import pathlib
import re
import shutil
import subprocess
import time

from harness import Bundle, folder, give

CLIENT = ("signing_key", "tls_www_client")
SERVER = ("signing_key", "tls_www_server")
KEY_TYPES = ("p256", "p384", "ed25519", "rsa3072", "rsapss3072")
HOUR = 3600

_KEY_OPTIONS = {
    "p256": ("--key-type=ecdsa", "--curve=secp256r1"),
    "p384": ("--key-type=ecdsa", "--curve=secp384r1"),
    "ed25519": ("--key-type=ed25519",),
    "rsa1024": ("--key-type=rsa", "--bits=1024"),
    "rsa3072": ("--key-type=rsa", "--bits=3072"),
    "rsapss3072": ("--key-type=rsa-pss", "--bits=3072"),
}


def certtool(*args, input=None):
    done = subprocess.run(
        ["certtool", "--no-text", *map(str, args)], input=input, capture_output=True, text=True,
        timeout=60)
    assert done.returncode == 0, f"certtool {args}: {done.stdout}{done.stderr}"
    return done.stdout


@functools.lru_cache(maxsize=None)
def rsa_key(kind, use):
    """RSA keys take long: one for each use serves all tests."""
    return certtool("--generate-privkey", *_KEY_OPTIONS[kind])


def der(pem_file):
    """The first object of a PEM file as DER."""
    text = pathlib.Path(pem_file).read_text()
    body = re.search(r"-----BEGIN [A-Z0-9 ]+-----\n(.*?)-----END", text, re.DOTALL)[1]
    return base64.b64decode(body)


def write_pem(path, label, data):
    body = base64.encodebytes(data).decode()
    path.write_text(f"-----BEGIN {label}-----\n{body}-----END {label}-----\n")


@dataclasses.dataclass(frozen=True)
class Pair(Bundle):
    @functools.cached_property
    def pin(self):
        """SHA-256 of the key of the first certificate, as hexadecimal."""
        public = subprocess.run(
            ["openssl", "x509", "-in", self.cert, "-noout", "-pubkey"], check=True,
            capture_output=True, text=True).stdout
        body = "".join(public.splitlines()[1:-1])
        return hashlib.sha256(base64.b64decode(body)).hexdigest()


def pin_of(bundle):
    return Pair(bundle.cert, bundle.key, bundle.ca).pin


class Authority:
    def __init__(self, name="Test CA", server_key="p256"):
        self.dir = folder("postern-authority-")
        self.made = 0
        self.ca_pair = self.self_signed(
            name, uses=("ca", "cert_signing_key", "crl_signing_key"), days=3000)
        self.ca = self.ca_pair.cert
        self.server_pair = self.server(server_key)
        self.cert, self.key = self.server_pair.cert, self.server_pair.key
        self.clients = {}

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def file(self, suffix):
        self.made += 1
        return self.dir / f"{self.made}.{suffix}"

    def new_key(self, kind, use="client"):
        path = self.file("key")
        if kind.startswith("rsa"):
            path.write_text(rsa_key(kind, use))
        else:
            certtool("--generate-privkey", *_KEY_OPTIONS[kind], "--outfile", path)
        return give(path)

    def template(self, name, lines, dates):
        path = self.file("template")
        begin, end = dates
        path.write_text("".join(f"{line}\n" for line in (
            f'cn = "{name}"', f'activation_date = "@{begin}"', f'expiration_date = "@{end}"',
            *lines)))
        return path

    @staticmethod
    def dates(days):
        """From an hour ago until in so many days."""
        now = int(time.time())
        return now - HOUR, now + int(days * 24 * HOUR)

    def self_signed(self, name="brad@447.edu", key="p256", uses=CLIENT, mail=None, lines=(),
                    days=1.0, dates=None):
        lines = [*uses, *lines]
        if mail:
            lines.append(f'email = "{mail}"')
        path, cert = self.new_key(key), self.file("pem")
        certtool(
            "--generate-self-signed", "--load-privkey", path, "--outfile", cert, "--template",
            self.template(name, lines, dates or self.dates(days)))
        return Pair(cert, path, give(cert))

    def issue(self, name="brad@447.edu", key="p256", uses=CLIENT, mail="", lines=(),
              days=1.0, dates=None, issuer=None):
        """A pair signed by this authority, or by issuer, whose certificate then stands behind
        the new one. mail: the rfc822Name; "" takes it from a name that is an address; None:
        there is none."""
        lines = [*uses, *lines]
        if mail == "" and "@" in name:
            mail = name
        if mail:
            lines.append(f'email = "{mail}"')
        signer = issuer or self.ca_pair
        use = "server" if "tls_www_server" in uses else "client"
        path, cert = self.new_key(key, use), self.file("pem")
        certtool(
            "--generate-certificate", "--load-privkey", path, "--outfile", cert,
            "--load-ca-certificate", signer.cert, "--load-ca-privkey", signer.key, "--template",
            self.template(name, lines, dates or self.dates(days)))
        if issuer:
            cert.write_text(cert.read_text() + issuer.cert.read_text())
        return Pair(give(cert), path, self.ca)

    def extended(self, name="brad@447.edu", signed=True, **extensions):
        """A pair with exactly these extensions, as openssl(1) spells them: certtool adds of
        its own. signed=False: it signs itself."""
        path, cert, config = self.new_key("p256"), self.file("pem"), self.file("cnf")
        config.write_text("[req]\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\n[ext]\n" +
                          "".join(f"{k} = {v}\n" for k, v in extensions.items()))
        issuer = ("-CA", self.ca_pair.cert, "-CAkey", self.ca_pair.key) if signed else ()
        subprocess.run(
            ["openssl", "req", "-x509", "-new", "-config", config, "-key", path, "-subj",
             f"/CN={name}", "-days", "1", "-out", cert, *issuer], check=True,
            capture_output=True)
        return Pair(give(cert), path, self.ca)

    def server(self, key="p256", **more):
        return self.issue(
            "localhost", key, SERVER, mail=None,
            lines=("dns_name = localhost", "ip_address = 127.0.0.1"), **more)

    def client(self, name="brad@447.edu"):
        """As of harness.Keys: a sound bundle, made when first asked for."""
        if name not in self.clients:
            self.clients[name] = self.issue(name)
        return self.clients[name]

    def below(self, name="Test intermediate", lines=()):
        """An authority between this one and those that it issues for."""
        return self.issue(
            name, uses=("ca", "cert_signing_key", "crl_signing_key"), mail=None, lines=lines)

    def forge(self, pair):
        """The same certificate with another signature."""
        data = bytearray(der(pair.cert))
        data[-1] ^= 0x01
        cert = self.file("pem")
        write_pem(cert, "CERTIFICATE", bytes(data))
        return Pair(give(cert), pair.key, pair.ca)

    def crl(self, *revoked, this_update=-HOUR, next_update=HOUR, signer=None):
        """A revocation list; its times are seconds from now."""
        now, path, listed = self.dates(0)[1], self.file("crl"), self.file("pem")
        signer = signer or self.ca_pair
        listed.write_text("".join(pair.cert.read_text() for pair in revoked))
        template = self.file("template")
        template.write_text(
            f'crl_this_update_date = "@{now + this_update}"\n'
            f'crl_next_update_date = "@{now + next_update}"\ncrl_number = {self.made}\n')
        certtool(
            "--generate-crl", "--load-ca-certificate", signer.cert, "--load-ca-privkey",
            signer.key, "--outfile", path, "--template", template,
            *(("--load-certificate", listed) if revoked else ()))
        return give(path)

    def openssl_crl(self, serials=(), extensions=("authorityKeyIdentifier = keyid",), more=""):
        """A list by openssl(1), with extensions as it spells them, and with these serial
        numbers."""
        database, config, path = self.file("txt"), self.file("cnf"), self.file("crl")
        database.write_text("".join(
            f"R\t350101000000Z\t240101000000Z\t{serial:040X}\tunknown\t/CN=x\n"
            for serial in serials))
        number = self.file("number")
        number.write_text("01\n")
        config.write_text(
            f"[ca]\ndefault_ca = ours\n[ours]\ndatabase = {database}\ncrlnumber = {number}\n"
            "default_md = sha256\ndefault_crl_hours = 1\ncrl_extensions = ext\n[ext]\n"
            + "\n".join(extensions) + f"\n{more}\n")
        subprocess.run(
            ["openssl", "ca", "-gencrl", "-config", config, "-cert", self.ca_pair.cert,
             "-keyfile", self.ca_pair.key, "-out", path], check=True, capture_output=True)
        return give(path)

    def partial_crl(self):
        """One that is about certificates of users alone."""
        return self.openssl_crl(
            extensions=["issuingDistributionPoint = critical, @point"],
            more="[point]\nonlyuser = TRUE")

    def forged_crl(self):
        """One that names this authority and that somebody else has signed."""
        data = bytearray(der(self.crl()))
        data[-1] ^= 0x01
        forged = self.file("crl")
        write_pem(forged, "X509 CRL", bytes(data))
        return give(forged)


class Pinned:
    """What a Door takes for keys: a server's pair that signs itself, and a folder of pins."""

    def __init__(self, authority):
        self.pair = authority.self_signed(
            "localhost", uses=("signing_key", "tls_www_server"),
            lines=("dns_name = localhost", "ip_address = 127.0.0.1"))
        self.cert, self.key, self.ca = self.pair.cert, self.pair.key, self.pair.cert
        self.pins = folder("postern-pins-")

    def pin(self, bundle, name=None):
        path = self.pins / (name or bundle.pin)
        path.write_bytes(bundle.cert.read_bytes())
        return path
