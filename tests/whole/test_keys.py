# SPDX-License-Identifier: ISC
"""postern-keys: what it makes, what it refuses, and that other people's tools agree. The
commands of certs/README.md are run as they stand there."""

import datetime
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

import harness
from keytool import HOST, USER, folder, modes, out_of, serial, tool, tree

CERTS = harness.ROOT / "certs"


def extensions(cert):
    """The extensions as certtool prints them, key identifiers but for their presence."""
    text = out_of("certtool", "-i", "--infile", cert)
    block = text.split("\tExtensions:\n")[1].split("\n\tSignature Algorithm:")[0]
    found = {}
    for line in block.splitlines():
        if line.startswith("\t\t\t"):
            found[name].append(line.strip())
        else:
            name = line.strip()
            found[name] = []
    for name, values in found.items():
        if "Key Identifier" in name:
            assert re.fullmatch("[0-9a-f]{40}", values[0]), values
            values[0] = "an identifier"
        values.sort()
    return found


def context(side, cert, key, trusted):
    """A context that believes nobody but the holders of certificates in one file."""
    ctx = ssl.SSLContext(side)
    ctx.load_cert_chain(cert, key)
    ctx.load_verify_locations(trusted)
    ctx.verify_mode = ssl.CERT_REQUIRED
    return ctx


def shake_hands(server, client, name):
    """A handshake between two OpenSSL contexts in memory; raises what either side has to
    say, else returns the client's certificate as the server has it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = server.wrap_bio(to_server, to_client, server_side=True)
    there = client.wrap_bio(to_client, to_server, server_hostname=name)
    waiting = [there, here]
    for _ in range(20):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            return here.getpeercert(binary_form=True)
    raise AssertionError("the handshake does not end")


def readme_blocks(word):
    """The shell blocks of certs/README.md in which word stands."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (CERTS / "README.md").read_text(), re.M | re.S)
    return [block for block in blocks if word in block]


def run_block(programs, block, cwd):
    for template in CERTS.glob("*.cfg"):
        shutil.copy(template, cwd)
    subprocess.run(["sh", "-eu", "-c", block], cwd=cwd, check=True, capture_output=True,
                   env=programs.environment())


# The model with a CA


@pytest.fixture(scope="module", params=["p256", "ed25519", "rsa3072"])
def ca(request, programs):
    path = harness.folder("postern-keys-ca-")
    kind = ["--type", request.param]
    programs.run("postern-keys", "init", "--dir", path, "--host", HOST, "--host", "192.0.2.25",
                 "--host", "2001:db8::25", *kind)
    for name in (USER, "printer"):
        programs.run("postern-keys", "issue", name, "--dir", path, *kind)
    yield path
    shutil.rmtree(path)


def test_init_and_issue_write_these_files_and_no_others(ca):
    bundle = {"cert.pem", "key.pem", "ca.pem"}
    files = {str(p.relative_to(ca)) for p in ca.rglob("*") if p.is_file()}
    assert files == {"ca.pem", "ca.key", "server.pem", "server.key",
                     *(f"clients/{name}/{file}" for name in (USER, "printer")
                       for file in bundle)}
    assert modes(ca) == {(0o600, False), (0o700, True)}
    assert (ca / "clients" / USER / "ca.pem").read_bytes() == (ca / "ca.pem").read_bytes()


@pytest.mark.parametrize("cert, purpose, other", [
    ("server.pem", "sslserver", "sslclient"),
    (f"clients/{USER}/cert.pem", "sslclient", "sslserver"),
    ("clients/printer/cert.pem", "sslclient", "sslserver"),
])
def test_openssl_and_certtool_verify_the_chain(ca, cert, purpose, other):
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", ca / "ca.pem", "-purpose"]
    out_of(*verify, purpose, ca / cert)
    with pytest.raises(subprocess.CalledProcessError):
        out_of(*verify, other, ca / cert)
    said = out_of("certtool", "--verify", "--verify-profile", "medium",
                  "--load-ca-certificate", ca / "ca.pem", "--infile", ca / cert)
    assert "Chain verification output: Verified." in said


def test_keys_belong_to_their_certificates_and_no_two_are_the_same(ca):
    pairs = [("ca.pem", "ca.key"), ("server.pem", "server.key")]
    pairs += [(f"clients/{n}/cert.pem", f"clients/{n}/key.pem") for n in (USER, "printer")]
    public = set()
    for cert, key in pairs:
        of_cert = out_of("openssl", "x509", "-in", ca / cert, "-noout", "-pubkey")
        assert of_cert == out_of("openssl", "pkey", "-in", ca / key, "-pubout")
        public.add(of_cert)
    assert len(public) == len(pairs)
    serials = {serial(ca / cert) for cert, _ in pairs}
    assert len(serials) == len(pairs)
    assert all(0 < n < 1 << 159 for n in serials)
    assert all(n >= 1 << 100 for n in serials)


def test_a_handshake_through_the_ca(ca):
    bundle = ca / "clients" / USER
    server = context(ssl.PROTOCOL_TLS_SERVER, ca / "server.pem", ca / "server.key", ca / "ca.pem")
    client = context(ssl.PROTOCOL_TLS_CLIENT, bundle / "cert.pem", bundle / "key.pem",
                     bundle / "ca.pem")
    for name in (HOST, "192.0.2.25", "2001:db8::25"):
        assert shake_hands(server, client, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(server, client, "localhost")


def test_the_names_in_a_client_certificate(ca):
    openssl = ["openssl", "x509", "-noout", "-subject", "-ext", "subjectAltName", "-in"]
    said = out_of(*openssl, ca / "clients" / USER / "cert.pem")
    assert f"CN = {USER}\n" in said and f"email:{USER}\n" in said and said.count(":") == 2
    said = subprocess.run([*openssl, ca / "clients" / "printer" / "cert.pem"], text=True,
                          capture_output=True, check=False).stdout
    assert "CN = printer\n" in said and "Alternative" not in said


def test_the_days(tool, folder):
    tool("init", "--dir", "d", "--host", HOST, "--days", "100")
    tool("issue", "short", "--dir", "d", "--days", "10")
    said = tool("issue", "long", "--dir", "d", "--days", "1000")
    assert re.search(r"^clients/long/cert.pem ends on \d{4}-\d\d-\d\d with the CA that signs it: "
                     r"1000 days would outlive it$", said, re.M)
    def check(name, days):
        return subprocess.run(
            ["openssl", "x509", "-noout", "-checkend", str(days * 86400), "-in",
             folder / "d" / name], capture_output=True, check=False).returncode == 0
    assert check("clients/short/cert.pem", 9) and not check("clients/short/cert.pem", 11)
    assert check("clients/long/cert.pem", 99), "ends with its CA"
    assert not check("clients/long/cert.pem", 101), "outlives its CA"
    begins = re.search("^from +(.*)$", tool("show", "d/clients/short/cert.pem"), re.M)[1]
    begins = datetime.datetime.strptime(begins, "%Y-%m-%d %H:%M:%S UTC")
    assert 23 < (datetime.datetime.utcnow() - begins).total_seconds() / 3600 < 25


def test_the_server_has_the_name_of_the_machine_where_none_is_given(tool, folder):
    tool("init", "--dir", "d")
    said = out_of("openssl", "x509", "-in", folder / "d/server.pem", "-noout", "-ext",
                  "subjectAltName")
    assert said.splitlines()[1].strip() == f"DNS:{socket.gethostname()}"


# The model without


@pytest.fixture(scope="module")
def pairs(programs):
    path = harness.folder("postern-keys-pairs-")
    programs.run("postern-keys", "pair", "--dir", path, "--host", HOST)
    programs.run("postern-keys", "pair", "--dir", path, "--name", USER)
    programs.run("postern-keys", "pair", "--dir", path / "stranger", "--host", HOST)
    yield path
    shutil.rmtree(path)


def bundle_context(bundle):
    return context(ssl.PROTOCOL_TLS_CLIENT, bundle / "cert.pem", bundle / "key.pem",
                   bundle / "ca.pem")


def pinning_context(path, pin):
    return context(ssl.PROTOCOL_TLS_SERVER, path / "server/server.pem",
                   path / "server/server.key", pin)


def pin_of(path, name):
    spki = ssl.PEM_cert_to_DER_cert((path / "clients" / name / "cert.pem").read_text())
    der = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"], input=spki,
        capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der,
                         capture_output=True, check=True).stdout
    digest = subprocess.run(["sha256sum"], input=der, capture_output=True, check=True).stdout
    return path / "server/pins" / digest.split()[0].decode()


def test_pair_lays_each_certificate_in_the_truststore_of_the_other(pairs):
    pins = {p.name for p in (pairs / "server/pins").iterdir()}
    assert pins == {pin_of(pairs, "client").name, pin_of(pairs, USER).name}
    for name in ("client", USER):
        cert = (pairs / "clients" / name / "cert.pem").read_bytes()
        assert pin_of(pairs, name).read_bytes() == cert
        ca_pem = (pairs / "clients" / name / "ca.pem").read_bytes()
        assert ca_pem == (pairs / "server/server.pem").read_bytes()
    assert not list(pairs.rglob("ca.key"))
    assert modes(pairs) == {(0o600, False), (0o700, True)}


@pytest.mark.parametrize("name", ["client", USER])
def test_a_handshake_where_each_trusts_the_other_alone(pairs, name):
    server = pinning_context(pairs, pin_of(pairs, name))
    peer = shake_hands(server, bundle_context(pairs / "clients" / name), HOST)
    assert peer == ssl.PEM_cert_to_DER_cert(pin_of(pairs, name).read_text())


def test_a_third_is_refused_by_either_side(pairs):
    stranger = pairs / "stranger"
    server = pinning_context(pairs, pin_of(pairs, "client"))
    for bundle in (pairs / "clients" / USER, stranger / "clients/client"):
        client = bundle_context(bundle)
        client.load_verify_locations(pairs / "server/server.pem")
        with pytest.raises(ssl.SSLError, match="self-signed certificate"):
            shake_hands(server, client, HOST)
    with pytest.raises(ssl.SSLError, match="self-signed certificate"):
        shake_hands(pinning_context(stranger, pin_of(pairs, "client")),
                    bundle_context(pairs / "clients/client"), HOST)


def test_gnutls_clients_believe_a_pinned_server(pairs):
    """And no other; the server is OpenSSL, and asks for the pinned client."""
    pin = pin_of(pairs, "client")
    for path, welcome in ((pairs, True), (pairs / "stranger", False)):
        server = pinning_context(path, pin)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(harness.DEADLINE)
        answers = []

        def serve():
            with listener, listener.accept()[0] as connection:
                connection.settimeout(harness.DEADLINE)
                try:
                    with server.wrap_socket(connection, server_side=True) as tls:
                        answers.append(tls.recv(100))
                        tls.unwrap()
                except (ssl.SSLError, OSError) as error:
                    answers.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        bundle = pairs / "clients/client"
        done = subprocess.run(
            ["gnutls-cli", "--x509cafile", bundle / "ca.pem", "--x509certfile",
             bundle / "cert.pem", "--x509keyfile", bundle / "key.pem", "--verify-hostname", HOST,
             "-p", str(listener.getsockname()[1]), "127.0.0.1"],
            input=b"hello\n", capture_output=True, timeout=harness.DEADLINE, check=False)
        thread.join()
        assert (b"The certificate is trusted" in done.stdout) == welcome, done
        assert (answers == [b"hello\n"]) == welcome, answers


def test_force_replaces_a_client_and_its_pin(tool, folder):
    tool("pair", "--dir", "d", "--host", HOST)
    tool("pair", "--dir", "d", "--name", "other")
    server = (folder / "d/server/server.pem").read_bytes()
    old, other = pin_of(folder / "d", "client"), pin_of(folder / "d", "other")
    tool("pair", "--dir", "d", "--force")
    new = pin_of(folder / "d", "client")
    assert new != old
    assert {p for p in (folder / "d/server/pins").iterdir()} == {new, other}
    assert (folder / "d/server/server.pem").read_bytes() == server, "kept without --host"
    tool("pair", "--dir", "d", "--force", "--host", "other.example.org")
    assert (folder / "d/server/server.pem").read_bytes() != server
    shake_hands(pinning_context(folder / "d", pin_of(folder / "d", "client")),
                bundle_context(folder / "d/clients/client"), "other.example.org")


def test_half_a_server_is_no_pair(tool, folder):
    tool("pair", "--dir", "d", "--host", HOST)
    (folder / "d/server/server.key").unlink()
    before = tree(folder)
    assert "d/server/server.key" in tool("pair", "--dir", "d", "--name", "b", status=66)
    assert tree(folder) == before


# Nothing is overwritten


@pytest.mark.parametrize("again, named", [
    (["init", "--dir", "d", "--host", HOST], "d/ca.key"),
    (["issue", USER, "--dir", "d"], f"d/clients/{USER}/key.pem"),
    (["pair", "--dir", "d"], "d/clients/client/key.pem"),
    (["pair", "--dir", "d", "--host", HOST, "--name", "b"], "d/server/server.pem"),
])
def test_nothing_is_overwritten_without_force(tool, folder, again, named):
    tool("init", "--dir", "d", "--host", HOST)
    tool("issue", USER, "--dir", "d")
    tool("pair", "--dir", "d", "--host", HOST)
    before = tree(folder)
    said = tool(*again, status=73)
    assert named in said and "--force" in said
    assert tree(folder) == before
    tool(*again, "--force")
    after = tree(folder)
    assert after[pathlib.Path(named)] != before[pathlib.Path(named)]
    assert not [p for p in after if p.name.startswith(".")]


@pytest.mark.parametrize("left", ["ca.pem", "ca.key", "server.pem", "server.key"])
def test_one_file_left_over_is_enough_to_refuse(tool, folder, left):
    (folder / "d").mkdir()
    harness.give(folder / "d")
    (folder / "d" / left).write_text("mine")
    assert f"d/{left} " in tool("init", "--dir", "d", "--host", HOST, status=73)
    assert tree(folder / "d") == {pathlib.Path(left): b"mine"}


def test_of_many_at_once_one_wins(programs, folder):
    programs.run("postern-keys", "init", "--dir", folder / "d", "--host", HOST)
    running = [programs.popen("postern-keys", "issue", USER, "--dir", folder / "d",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for _ in range(8)]
    for process in running:
        process.communicate(timeout=harness.DEADLINE)
    statuses = sorted(process.returncode for process in running)
    assert statuses == [0] + [73] * 7
    bundle = folder / "d/clients" / USER
    assert sorted(p.name for p in bundle.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]
    assert out_of("openssl", "x509", "-in", bundle / "cert.pem", "-noout", "-pubkey") == \
        out_of("openssl", "pkey", "-in", bundle / "key.pem", "-pubout")


@pytest.mark.parametrize("blocks, named", [(0, "d/ca.key"), (1, "d/ca.pem")])
def test_a_file_that_cannot_be_written_leaves_nothing_behind(programs, folder, blocks, named):
    """RLIMIT_FSIZE stands for a full disk; a key has less than one block of 512 bytes, a
    certificate more."""
    script = 'trap "" XFSZ; ulimit -f "$1"; exec postern-keys init --dir d --host "$0"'
    done = subprocess.run(
        ["sh", "-c", script, HOST, str(blocks)], cwd=folder, env=programs.environment(), text=True,
        capture_output=True, check=False)
    assert done.returncode == 74
    assert named in done.stderr and "File too large" in done.stderr
    assert tree(folder) == {pathlib.Path("d"): None}


def test_force_that_fails_replaces_nothing(programs, tool, folder):
    """The keys fit below the limit, the certificates do not."""
    tool("init", "--dir", "d", "--host", HOST)
    before = tree(folder)
    script = 'trap "" XFSZ; ulimit -f 1; exec postern-keys init --dir d --host "$0" --force'
    done = subprocess.run(["sh", "-c", script, HOST], cwd=folder, env=programs.environment(),
                          text=True, capture_output=True, check=False)
    assert done.returncode == 74 and "d/ca.pem" in done.stderr
    assert tree(folder) == before


# Bad input


@pytest.mark.parametrize("name", [
    "", ".", "..", "../evil", "a/b", "/etc", "-x", ".hidden", "a..b", "a.", "a b", "a\nb",
    "a\tb", "brad@", "@447.edu", "brad@447..edu", "brad@-x.edu", "brad@a b", "brad@../x",
    "brad@x/../y", "brad@a@b", "brad@127.0.0.1", "br\u00e4d", "a,b", "a;b", "a$b", "a*", "a\\b",
    "x" * 65, "x" * 10000,
])
def test_a_bad_client_name_reaches_no_path(tool, folder, name):
    tool("init", "--dir", "d", "--host", HOST)
    before = tree(folder)
    tool("issue", "--dir", "d", "--", name, status=64)
    tool("pair", "--dir", "d", "--host", HOST, f"--name={name}", status=64)
    assert tree(folder) == before


@pytest.mark.parametrize("name", ["a", "Brad", "_x", "a-b", "a.b+c=d", "x" * 64, "brad@localhost"])
def test_a_good_client_name(tool, folder, name):
    tool("pair", "--dir", "d", "--host", HOST, "--name", name)
    assert f"users        {name}\n" in tool("show", f"d/clients/{name}/cert.pem")


@pytest.mark.parametrize("host", [
    "", ".", "a..b", "a.", "-a", "a-", "a b", "a/b", "*.example.org", "b\u00fccher.example",
    "256.1.1.1", "1.2.3", "::g", "x" * 64, "a\nb", "a_b",
    ".".join(["x" * 63] * 4),
])
def test_a_bad_host(tool, folder, host):
    assert "--host" in tool("init", "--dir", "d", f"--host={host}", status=64)
    assert tree(folder) == {}


def test_a_host_too_long_for_a_common_name(tool, folder):
    host = ".".join(["x" * 63, "y" * 63, "example"])
    tool("init", "--dir", "d", "--host", host)
    said = tool("show", "d/server.pem")
    assert f"DNS:{host}\n" in said and "CN=Postern server\n" in said


@pytest.mark.parametrize("argv, named", [
    ([], "command"),
    (["frobnicate"], "frobnicate"),
    (["init"], "--dir"),
    (["init", "--dir"], "--dir"),
    (["init", "--dir", ""], "--dir"),
    (["init", "--dir", "d", "extra"], "extra"),
    (["init", "--dir", "d", "--name", "brad"], "--name"),
    (["issue", "--dir", "d"], "NAME"),
    (["issue", "brad", "--dir", "d", "--host", HOST], "--host"),
    (["pair", "--dir", "d", "--type", "rsa512"], "rsa512"),
    (["pair", "--dir", "d", "--days", "0"], "--days"),
    (["pair", "--dir", "d", "--days", "-1"], "--days"),
    (["pair", "--dir", "d", "--days", "1x"], "--days"),
    (["pair", "--dir", "d", "--days", "99999999999999999999"], "--days"),
    (["list"], "--dir"),
    (["list", "--dir", "d", "--force"], "--force"),
    (["show"], "FILE"),
    (["show", "a", "b"], "b"),
    (["show", "a", "--dir", "d"], "--dir"),
    (["--frobnicate"], "--frobnicate"),
    (["-x"], "-x"),
])
def test_wrong_use_is_named(tool, folder, argv, named):
    assert named in tool(*argv, status=64)
    assert tree(folder) == {}


def test_missing_and_damaged_files_are_named(tool, folder):
    assert "d" in tool("issue", "brad", "--dir", "d", status=66)
    assert "d" in tool("list", "--dir", "d", status=66)
    tool("init", "--dir", "d", "--host", HOST)
    tool("init", "--dir", "e", "--host", HOST)
    ca_key, ca_pem = folder / "d/ca.key", folder / "d/ca.pem"
    good_key, good_pem = ca_key.read_bytes(), ca_pem.read_bytes()
    for file, text, status in [
        (ca_key, b"", 65),
        (ca_key, good_key[:100], 65),
        (ca_key, (folder / "e/ca.key").read_bytes(), 65),
        (ca_pem, b"\0" * 100, 65),
        (ca_pem, good_pem[:200], 65),
        (ca_pem, (folder / "d/server.pem").read_bytes(), 65),
        (ca_pem, b"x" * 100000, 66),
    ]:
        ca_key.write_bytes(good_key)
        ca_pem.write_bytes(good_pem)
        file.write_bytes(text)
        said = tool("issue", "brad", "--dir", "d", status=status)
        assert file.name in said
    ca_pem.unlink()
    assert "d/ca.pem" in tool("issue", "brad", "--dir", "d", status=66)
    assert not (folder / "d/clients").exists()
    assert "no-such" in tool("show", "no-such", status=66)
    assert "d" in tool("show", "d", status=66)
    assert "d/ca.key" in tool("show", "d/ca.key", status=65)


def test_an_expired_ca_signs_nothing(tool, folder):
    (folder / "ca.cfg").write_text((CERTS / "ca.cfg").read_text().replace(
        "expiration_days = 3650",
        'activation_date = "2020-01-01 00:00:00"\nexpiration_date = "2021-01-01 00:00:00"'))
    (folder / "d").mkdir()
    out_of("certtool", "--generate-privkey", "--outfile", "d/ca.key", cwd=folder)
    out_of("certtool", "--generate-self-signed", "--load-privkey", "d/ca.key", "--template",
           "ca.cfg", "--outfile", "d/ca.pem", cwd=folder)
    harness.give(folder)
    said = tool("issue", "brad", "--dir", "d", status=65)
    assert "d/ca.pem has expired" in said and "renew" in said
    assert re.search(r"^2021-01-01  expired        ca ", tool("list", "--dir", "d"), re.M)


# list and show


def test_list(tool, ca, pairs):
    lines = [re.split("  +", line) for line in tool("list", "--dir", ca).splitlines()]
    assert [line[1:4] for line in lines] == [
        ["valid", "ca", "ca.pem"],
        ["valid", "server", "server.pem"],
        ["valid", "client", f"clients/{USER}/cert.pem"],
        ["valid", "client", "clients/printer/cert.pem"],
    ]
    assert lines[1][4] == f"DNS:{HOST}, IP:192.0.2.25, IP:2001:db8::25"
    assert [line[4] for line in lines[2:]] == [USER, "printer"]
    said = tool("list", "--dir", pairs)
    for path in ("server/server.pem", f"clients/{USER}/cert.pem",
                 pin_of(pairs, USER).relative_to(pairs)):
        assert f"  {path}  " in said


def test_list_goes_on_behind_a_damaged_file(tool, folder):
    tool("init", "--dir", "d", "--host", HOST)
    for name in ("a", "b", "c"):
        tool("issue", name, "--dir", "d")
    (folder / "d/clients/b/cert.pem").write_text("damaged")
    done = subprocess.run(
        [str(harness.BUILD / "postern-keys"), "list", "--dir", "d"], cwd=folder, text=True,
        capture_output=True, check=False)
    assert done.returncode == 65
    assert "d/clients/b/cert.pem" in done.stderr
    assert "clients/a/cert.pem" in done.stdout and "clients/c/cert.pem" in done.stdout


def test_list_of_an_empty_folder(tool, folder):
    (folder / "d").mkdir()
    assert "d" in tool("list", "--dir", "d", status=66)


def test_show(tool, ca, folder):
    cert = ca / "clients" / USER / "cert.pem"
    said = dict(re.split(" +", line, maxsplit=1) for line in tool("show", cert).splitlines())
    assert said["subject"] == f"CN={USER}"
    assert said["users"] == USER and said["names"] == f"email:{USER}"
    assert said["for"] == "client" and said["state"] == "valid"
    assert int(said["serial"], 16) == serial(cert)
    info = out_of("certtool", "-i", "--infile", cert)
    assert f"sha256:{said['pin']}\n" in info
    said = dict(re.split(" +", line, maxsplit=1)
                for line in tool("show", ca / "ca.pem").splitlines())
    assert said["for"] == "ca" and said["issuer"] == "itself" and "users" not in said
    both = folder / "both.pem"
    both.write_text(cert.read_text() + "between\n" + (ca / "ca.pem").read_text())
    assert tool("show", both).count("subject") == 2


def test_show_escapes_what_a_certificate_says(tool, folder):
    out_of("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "k", "-out", "c",
           "-utf8", "-subj", "/CN=a\033[2Jb\u00e4\nstate: forged", cwd=folder)
    harness.give(folder)
    said = tool("show", "c")
    assert said.isascii() and "\033" not in said
    assert len([line for line in said.splitlines() if line.startswith("state")]) == 1


# certtool's templates


@pytest.fixture(scope="module")
def ours_and_theirs(programs):
    """What the blocks of certs/README.md make: with postern-keys, and with certtool."""
    path = harness.folder("postern-certs-")
    for tool_name in ("postern-keys", "certtool"):
        blocks = readme_blocks(tool_name)
        assert len(blocks) == 2
        for model, block in zip(("ca", "pinned"), blocks):
            cwd = path / tool_name / model
            cwd.mkdir(parents=True)
            run_block(programs, block, cwd)
    yield path / "postern-keys", path / "certtool"
    shutil.rmtree(path)


@pytest.mark.parametrize("ours, theirs", [
    ("ca/keys/ca.pem", "ca/ca.pem"),
    ("ca/keys/server.pem", "ca/server.pem"),
    (f"ca/keys/clients/{USER}/cert.pem", "ca/cert.pem"),
    ("pinned/pairs/server/server.pem", "pinned/server/server.pem"),
    (f"pinned/pairs/clients/{USER}/cert.pem", "pinned/client/cert.pem"),
])
def test_templates_give_the_same_extensions(ours_and_theirs, ours, theirs):
    a, b = extensions(ours_and_theirs[0] / ours), extensions(ours_and_theirs[1] / theirs)
    assert a == b
    assert "Basic Constraints (critical):" in a and "Key Usage (critical):" in a


def test_extensions_differ_between_roles(ours_and_theirs):
    """The comparison above can fail."""
    keys = ours_and_theirs[0] / "ca/keys"
    found = [extensions(keys / p) for p in ("ca.pem", "server.pem", f"clients/{USER}/cert.pem")]
    assert found[0] != found[1] != found[2] != found[0]
    assert found[0]["Basic Constraints (critical):"] == [
        "Certificate Authority (CA): TRUE", "Path Length Constraint: 0"]
    assert found[0]["Key Usage (critical):"] == ["CRL signing.", "Certificate signing."]
    for each, purpose, name in ((found[1], "Server", f"DNSname: {HOST}"),
                                (found[2], "Client", f"RFC822Name: {USER}")):
        assert each["Key Usage (critical):"] == ["Digital signature."]
        assert each["Key Purpose (not critical):"] == [f"TLS WWW {purpose}."]
        assert each["Subject Alternative Name (not critical):"] == [name]
        assert "Authority Key Identifier (not critical):" in each


def test_certtools_pinned_pair_works(ours_and_theirs):
    path = ours_and_theirs[1] / "pinned"
    (pin,) = (path / "server/pins").iterdir()
    shake_hands(pinning_context(path, pin), bundle_context(path / "client"), HOST)
    assert f"sha256:{pin.name}\n" in out_of("certtool", "-i", "--infile", path / "client/cert.pem")


def test_our_tool_issues_from_certtools_ca(ours_and_theirs, tool, folder):
    shutil.copytree(ours_and_theirs[1] / "ca", folder / "d")
    harness.give(folder)
    tool("issue", "brad", "--dir", "d")
    out_of("openssl", "verify", "-CAfile", folder / "d/ca.pem", folder / "d/clients/brad/cert.pem")


# Words


def test_help_and_version(tool):
    said = tool("--help")
    for word in ("init", "issue", "pair", "list", "show", "--dir", "--host", "--name", "--type",
                 "--days", "--force"):
        assert word in said
    assert tool("init", "--help") == said
    assert re.fullmatch(r"postern-keys \d+\.\d+\.\d+\n", tool("--version"))


def test_a_full_standard_output_is_a_fault(programs, folder):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = programs.popen("postern-keys", "--version", stdout=full, stderr=subprocess.PIPE)
        assert done.communicate(timeout=harness.DEADLINE)[1]
        assert done.returncode == 74


def test_the_manual_names_every_option(tool):
    page = (harness.ROOT / "src/keys/postern-keys.1").read_text()
    assert out_of("mandoc", "-Tlint", "-Wwarning", harness.ROOT / "src/keys/postern-keys.1") == ""
    for option in set(re.findall("--([a-z]+)", tool("--help"))):
        assert f"-{option}" in page, option
