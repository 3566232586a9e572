# SPDX-License-Identifier: ISC
"""posternctl check: what people get wrong, one fault at a time, and what mends it."""

import json
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

from certificates import SERVER, Authority
from harness import AS_ROOT, SERVICE, give

DAY = 86400
EX_CONFIG = 78


@pytest.fixture(name="authority", scope="module")
def fixture_authority():
    with Authority() as authority:
        yield authority


@pytest.fixture(name="d")
def fixture_d(door, authority):
    """A sound installation."""
    d = door(keys=authority, hostname="localhost", domains="localhost", listen=False,
             tls_crl=authority.crl(next_update=30 * DAY),
             tls_cert=authority.server(days=400).cert)
    pair = authority.server(days=400)
    d.configure(tls_cert=pair.cert, tls_key=pair.key)
    d.ctl("user", "add", "brad", "--generate")
    return d


def findings(d, *args, root=False):
    """(status, [finding]) of the check."""
    done = d.ctl("check", "--json", *args, check=False, root=root)
    return done.returncode, json.loads(done.stdout)


def bad(found):
    return [(f["level"], f["subject"]) for f in found if f["level"] != "OK"]


def sole(d, level, subject, root=False):
    """The one thing that is wrong."""
    status, found = findings(d, root=root)
    assert bad(found) == [(level, subject)], found
    assert status == (1 if level == "warning" else EX_CONFIG)
    return next(f for f in found if f["level"] == level)


def test_sound(d):
    status, found = findings(d)
    assert (status, bad(found)) == (0, []), found
    assert {f["subject"] for f in found} >= {
        "tls_cert", "hostname", "tls_key", "tls_ca", "tls_crl", "users", "deliver", "run",
        "units"}
    said = d.ctl("check").stdout.splitlines()
    assert len(said) == len(found) + 1
    assert all(line.startswith("OK       ") for line in said[:-1])
    assert said[-1] == f"{len(found)} looked at: {len(found)} OK, 0 warnings, 0 errors"


def test_nothing_is_changed(d):
    def state():
        return sorted((str(p), p.stat().st_mtime_ns, p.stat().st_mode)
                      for p in d.dir.rglob("*"))
    before = state()
    findings(d)
    if AS_ROOT:
        findings(d, root=True)
    assert state() == before


def test_remedies_are_for_people(d):
    d.mail.chmod(0o777)
    lines = d.ctl("check", check=False).stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("error"))
    assert f"{d.mail} (mode 0777) can be written by others" in lines[at]
    assert lines[at + 1].strip() == f"mend it: chmod o-rwx,g-w {d.mail}"


def other_key(d, authority):
    d.configure(tls_key=authority.server().key)


def other_name(d, authority):
    d.configure(hostname="mail.example.org")


def of_a_client(d, authority):
    pair = authority.issue("localhost", lines=("dns_name = localhost",), mail=None, days=400)
    d.configure(tls_cert=pair.cert, tls_key=pair.key)


def with_days(days):
    def change(d, authority):
        pair = authority.server(days=days)
        d.configure(tls_cert=pair.cert, tls_key=pair.key)
    return change


def soon(d, authority):
    now = authority.dates(0)[1]
    pair = authority.server(dates=(now - 300 * DAY, now + 20 * DAY))
    d.configure(tls_cert=pair.cert, tls_key=pair.key)


def not_yet(d, authority):
    now, _ = authority.dates(0)[1], None
    pair = authority.issue("localhost", "p256", SERVER, mail=None,
                           lines=("dns_name = localhost",),
                           dates=(now + DAY, now + 400 * DAY))
    d.configure(tls_cert=pair.cert, tls_key=pair.key)


def wrong_order(d, authority):
    pair = authority.server(days=400)
    pair.cert.write_text(pair.cert.read_text() + authority.client().cert.read_text())
    d.configure(tls_cert=pair.cert, tls_key=pair.key)


def missing(key):
    return lambda d, authority: d.configure(**{key: d.dir / "no-such-file"})


def list_until(seconds):
    return lambda d, authority: d.configure(
        tls_crl=authority.crl(this_update=-40 * DAY, next_update=seconds))


def of_the_future(d, authority):
    d.configure(tls_crl=authority.crl(this_update=DAY, next_update=30 * DAY))


def damaged_line(d, authority):
    d.users.write_text(d.users.read_text() + "zzz\n")


def mode(name, bits):
    def change(d, authority):
        path = getattr(d, name, None) or d.dir / name
        path.chmod(bits)
    return change


def key_mode(bits):
    def change(d, authority):
        key = d.dir / "own.key"
        shutil.copy(d.settings["tls_key"], key)
        give(key)
        key.chmod(bits)
        d.configure(tls_key=key)
    return change


def nobody_there(d, authority):
    d.ctl("user", "del", "brad")
    d.configure(enrol="off")


def a_file_for_a_folder(d, authority):
    d.mail.rmdir()
    d.mail.write_text("")
    give(d.mail)


def pin_of_nobody(d, authority):
    pins = d.dir / "pins"
    pins.mkdir()
    shutil.copy(authority.client().cert, pins / ("0" * 64))
    give(pins / ("0" * 64))
    d.configure(tls_pins=give(pins))


def key_of_the_ca(d, authority):
    folder = d.dir / "tls"
    folder.mkdir()
    shutil.copy(authority.ca, folder / "ca.pem")
    (folder / "ca.key").write_text("")
    for path in folder.iterdir():
        give(path)
    d.configure(tls_ca=give(folder) / "ca.pem")


def own(d, name, source, uid=SERVICE.pw_uid, bits=0o640, key=None):
    """A copy in a folder of its own, named by the configuration: (folder, file)."""
    folder = d.dir / "own"
    folder.mkdir(exist_ok=True)
    path = folder / name
    shutil.copy(source, path)
    give(folder)
    path.chmod(bits)
    if AS_ROOT:
        os.chown(path, uid, SERVICE.pw_gid)
    d.configure(**{key: path})
    return folder, path


def folder_for_all(d, authority):
    own(d, "server.key", d.settings["tls_key"], key="tls_key")[0].chmod(0o777)


def writable_way(d, authority):
    """A folder above that of the store."""
    above = d.dir / "above"
    (above / "store").mkdir(parents=True)
    give(above)
    (above / "store").chmod(0o700)
    above.chmod(0o777)
    d.configure(users=above / "store" / "users", enrol="certificate")


def sticky_way(d, authority):
    writable_way(d, authority)
    (d.dir / "above").chmod(0o1777)


def lock_of_others(d, authority):
    lock = pathlib.Path(f"{d.users}.lock")
    lock.touch()
    give(lock)
    lock.chmod(0o444)


def no_ca(d, authority):
    both, other = authority.file("pem"), authority.self_signed("x", days=400)
    both.write_text(authority.ca.read_text() + other.cert.read_text())
    d.configure(tls_ca=give(both), tls_crl="none")


def no_list_below(d, authority):
    below = authority.issue("below", uses=("ca", "cert_signing_key", "crl_signing_key"), mail=None,
                            days=400)
    pair = authority.issue("localhost", "p256", SERVER, mail=None, issuer=below, days=400,
                           lines=("dns_name = localhost",))
    d.configure(tls_cert=pair.cert, tls_key=pair.key)


def list_of_below(d, authority):
    """Sound: the CA below has its list."""
    no_list_below(d, authority)
    below = authority.issue("below", uses=("ca", "cert_signing_key", "crl_signing_key"), mail=None,
                            days=400)
    pair = authority.issue("localhost", "p256", SERVER, mail=None, issuer=below, days=400,
                           lines=("dns_name = localhost",))
    lists = authority.crl(next_update=30 * DAY)
    lists.write_text(lists.read_text() +
                     authority.crl(next_update=30 * DAY, signer=below).read_text())
    d.configure(tls_cert=pair.cert, tls_key=pair.key, tls_crl=lists)


def written(text):
    def change(d, authority):
        path = authority.file("crl")
        path.write_text(text)
        d.configure(tls_crl=give(path))
    return change


def fifo_for_a_list(d, authority):
    os.mkfifo(d.dir / "fifo")
    d.configure(tls_crl=give(d.dir / "fifo"))


def folder_for_a_list(d, authority):
    (d.dir / "list").mkdir()
    d.configure(tls_crl=give(d.dir / "list"))


def forged_list(d, authority):
    d.configure(tls_crl=authority.forged_crl())


def other_version(d, authority):
    d.users.write_text(d.users.read_text().replace("postern-users 1", "postern-users 7"))


TWO = [("error", "tls"), ("error", "tls_crl")]

# What is done: level and subject of each finding.
FAULTS = {
    "folder of the key for all": (folder_for_all, [("error", "tls_key")]),
    "way for all": (writable_way, [("error", "users")]),
    "way for all, sticky": (sticky_way, []),
    "lock that is not ours": (lock_of_others, [("error", "users")]),
    "no CA": (no_ca, [("error", "tls_ca")]),
    "no list for a CA below": (no_list_below, [("warning", "tls_crl")]),
    "a list for a CA below": (list_of_below, []),
    "no lists at all": (lambda d, authority: d.configure(tls_crl="none"), []),
    "empty list": (written(""), [("error", "tls")]),
    "damaged list": (written("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
                     [("error", "tls")]),
    "forged list": (forged_list, [("error", "tls"), ("warning", "tls_crl")]),
    "fifo for a list": (fifo_for_a_list, TWO),
    "folder for a list": (folder_for_a_list, TWO),
    "store of another version": (other_version, [("error", "users")]),
    "no folder for mail": (
        lambda d, authority: d.configure(deliver=f"maildir:{d.dir}/no-such-folder"),
        [("error", "deliver")]),
    "another key": (other_key, [("error", "tls")]),
    "another name": (other_name, [("error", "hostname")]),
    "a client's certificate": (of_a_client, [("error", "tls_cert")]),
    "expired": (with_days(-0.5), [("error", "tls_cert")]),
    "soon to expire": (soon, [("warning", "tls_cert")]),
    "not yet valid": (not_yet, [("error", "tls_cert")]),
    "chain out of order": (wrong_order, [("error", "tls_cert")]),
    "no certificate": (missing("tls_cert"), [("error", "tls_cert"), ("error", "tls"),
                                             ("error", "tls_cert")]),
    "no key": (missing("tls_key"), [("error", "tls"), ("error", "tls_key")]),
    "no list": (missing("tls_crl"), [("error", "tls"), ("error", "tls_crl")]),
    "list too old": (list_until(-DAY), [("error", "tls"), ("error", "tls_crl")]),
    "list soon too old": (list_until(3 * DAY), [("warning", "tls_crl")]),
    "list of the future": (of_the_future, [("error", "tls"), ("error", "tls_crl")]),
    "damaged line": (damaged_line, [("error", "users")]),
    "store for all": (mode("users", 0o644), [("error", "users")]),
    "mail for all": (mode("mail", 0o755), [("error", "deliver")]),
    "run for the group": (mode("run", 0o770), [("error", "run")]),
    "key for all": (key_mode(0o644), [("error", "tls_key")]),
    "key not for us": (key_mode(0o000), [("error", "tls"), ("error", "tls_key")]),
    "nobody there": (nobody_there, [("warning", "users")]),
    "mail is a file": (a_file_for_a_folder, [("error", "deliver")]),
    "no folder to share": (missing("run"), [("error", "run")]),
    "pin of nobody": (pin_of_nobody, [("error", "tls_pins")]),
    "key of the CA": (key_of_the_ca, [("warning", "tls_ca")]),
    "in the clear": (lambda d, authority: d.configure(
        tls="off", bind="any", enrol="off"), [("warning", "tls")]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(d, authority, fault):
    change, expected = FAULTS[fault]
    change(d, authority)
    status, found = findings(d)
    assert bad(found) == expected, found
    assert status == (EX_CONFIG if "error" in dict(expected) else 1 if expected else 0)
    for one in found:
        assert one["level"] == "OK" or one["remedy"], one


@pytest.mark.skipif(not AS_ROOT, reason="only root gives files away")
@pytest.mark.parametrize("what", ["tls_key", "tls_cert", "tls_ca", "tls_crl", "folder", "store"])
def test_strangers_files(d, what):
    """Of somebody who is neither root nor the service; root's are sound."""
    stranger = SERVICE.pw_uid + 1
    path = d.users if what == "store" else None
    if what in d.settings:
        _, path = own(d, "file", d.settings[what], key=what, bits=0o644)
        if what == "tls_key":
            path.chmod(0o640)
    if what == "folder":
        path, _ = own(d, "file", d.settings["tls_key"], key="tls_key")
    os.chown(path, stranger, SERVICE.pw_gid)
    if what == "store":
        path.chmod(0o640)
    finding = next(f for f in findings(d, root=True)[1] if f["level"] == "error")
    assert f"{path} belongs to" in finding["finding"] and "neither root nor" in finding["finding"]
    program, owner, named = finding["remedy"].split()
    assert (program, named) == ("chown", str(path))
    os.chown(path, 0 if owner == "root" else SERVICE.pw_uid, SERVICE.pw_gid)
    assert findings(d, root=True)[0] == 0


def test_configuration_for_all(d):
    findings(d)
    d.conf.chmod(0o666)
    finding = sole(d, "error", "configuration")
    assert f"chmod go-w {d.conf}" == finding["remedy"]


def test_many_damaged_lines(d):
    d.users.write_text(d.users.read_text() + "zzz\n" * 25)
    _, found = findings(d)
    wrong = [f["finding"] for f in found if f["level"] == "error"]
    assert len(wrong) == 11 and "15 more lines are damaged" in wrong[-1]
    assert "if it was a revoked device, revoke it again" in wrong[0]


def test_words_for_another_version(d):
    other_version(d, None)
    assert "of another version of postern" in sole(d, "error", "users")["finding"]


def test_fault_of_the_configuration(d):
    d.conf.write_text("frob = 1\ntls = maybe\n")
    done = d.ctl("check", "--json", check=False)
    assert done.returncode == EX_CONFIG
    found = json.loads(done.stdout)
    assert {f["subject"] for f in found} == {"configuration"} and len(found) >= 2
    assert any("frob" in f["finding"] for f in found)


def test_name_that_is_missing(d):
    """It takes no other CA."""
    other_name(d, None)
    assert "init" not in sole(d, "error", "hostname")["remedy"]


@pytest.mark.skipif(not AS_ROOT, reason="root alone can try as somebody else")
def test_folders_of_the_system_stay_closed(d):
    """What lies where the service cannot go is to be moved."""
    home = pathlib.Path("/root")
    if home.stat().st_mode & 0o077:
        pytest.skip("/root is open to all here")
    key = home / f"postern-test-{os.getpid()}.key"
    shutil.copy(d.settings["tls_key"], key)
    try:
        give(key)
        d.configure(tls_key=key)
        finding = next(f for f in findings(d, root=True)[1] if f["level"] == "error")
    finally:
        key.unlink()
    assert finding["remedy"].startswith(f"mv {key} /etc/postern/tls/")


def test_remedy_of_a_mode_mends(d):
    """As it is printed, word for word."""
    for path, bits in ((d.mail, 0o777), (d.users, 0o666), (d.dir / "run", 0o777)):
        path.chmod(bits)
    _, found = findings(d)
    remedies = [f["remedy"] for f in found if f["level"] == "error"]
    assert len(remedies) == 3
    for remedy in remedies:
        assert remedy.startswith("chmod ")
        subprocess.run(remedy.split(), check=True)
    assert findings(d)[0] == 0
    assert stat.S_IMODE(d.mail.stat().st_mode) == 0o750


@pytest.mark.skipif(not AS_ROOT, reason="root alone can try as somebody else")
def test_as_root_it_tries_as_the_service(d):
    """A folder on the way that the service cannot enter is named, and how to open it."""
    closed = d.dir / "closed"
    closed.mkdir(mode=0o700)
    shutil.copy(d.settings["tls_key"], closed / "server.key")
    give(closed / "server.key")
    d.configure(tls_key=closed / "server.key")
    finding = sole(d, "error", "tls_key", root=True)
    assert f"user {SERVICE.pw_name} cannot read it" in finding["finding"]
    for command in finding["remedy"].split("; "):
        subprocess.run(command.split(), check=True)
    assert findings(d, root=True)[0] == 0


def test_user_that_does_not_exist(d):
    d.configure(user="no-such-user")
    assert "systemd-sysusers" in sole(d, "error", "user")["remedy"]


UNIT = """[Service]
User={user}
ExecStart={program} -c {conf}
"""
SOCKET = "[Socket]\nListenStream=465\nMaxConnections={connections}\nBacklog={backlog}\n"


def with_units(d, files):
    """The check, as root, where the folder of units holds these: (status, findings)."""
    units = d.dir / "units"
    for name, text in files.items():
        path = units / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    mounted = 'mount --bind "$1" /etc/systemd/system && shift && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted, "sh", units, d.programs.path / "posternctl",
         "check", "--json", "-c", d.conf], capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def units(d, user=SERVICE.pw_name, connections=4, backlog=16, conf=None, program=None,
          more=""):
    return {
        "postern.socket": SOCKET.format(connections=connections, backlog=backlog),
        "postern@.service": UNIT.format(
            user=user, conf=f"{conf or d.conf}{more}",
            program=program or d.programs.path / "postern-smtpd"),
    }


def one(d, line):
    return {**units(d), "postern@.service.d/one.conf": f"[Service]\n{line}\n"}


def resident(d, line):
    """A parent for 7 connections."""
    d.configure(max_connections=7)
    return {**units(d),
            "postern-resident.socket": "[Socket]\nListenStream=465\nAccept=no\nBacklog=16\n",
            "postern-resident.service": units(d)["postern@.service"] + line + "\n"}


# Which units: level of each finding, and words of it.
UNITS = {
    "sound": (units, []),
    "another user": (lambda d: units(d, user="daemon"), [("error", "runs as daemon")]),
    "another file": (lambda d: units(d, conf="/etc/other.conf"),
                     [("warning", "reads /etc/other.conf")]),
    "no program": (lambda d: units(d, program="/no/such/program"),
                   [("error", "starts /no/such/program")]),
    "no service": (lambda d: {"postern.socket": units(d)["postern.socket"]},
                   [("error", "no postern@.service")]),
    "too many processes": (lambda d: units(d, connections=4_000_000_000),
                           [("error", "pid_max"), ("error", "threads-max"),
                            ("error", "fs.file-max"), ("warning", "MB")]),
    "too long a queue": (lambda d: units(d, backlog=1_000_000_000),
                         [("warning", "is cut to")]),
    "mended by a drop-in": (
        lambda d: {**units(d, user="daemon"),
                   "postern@.service.d/user.conf": f"[Service]\nUser={SERVICE.pw_name}\n"}, []),
    "too few processes": (lambda d: resident(d, "TasksMax=8"), [("error", "TasksMax=8")]),
    "processes without end": (lambda d: resident(d, "TasksMax=infinity"), []),
    "too few files": (lambda d: one(d, "LimitNOFILE=16:32"), [("error", "LimitNOFILE=16:32")]),
    "STARTTLS on 465": (lambda d: units(d, more=" -o tls=starttls"),
                        [("error", "serves port 465 by tls = starttls")]),
    "mail behind a wall": (
        lambda d: one(d, f"ProtectSystem=strict\nReadWritePaths={d.dir}/run\n"
                      f"ReadWritePaths=-{d.log}"),
        [("error", "(users) is in none"), ("error", "(deliver) is in none")]),
    "mail before it": (
        lambda d: one(d, f"ProtectSystem=strict\nReadWritePaths=/x -{d.dir}/"), []),
    "the last drop-in counts": (
        lambda d: {**units(d), "postern@.service.d/10.conf": f"User={SERVICE.pw_name}\n",
                   "postern@.service.d/20.conf": "User=daemon\n"},
        [("error", "runs as daemon")]),
}


@pytest.mark.skipif(not AS_ROOT, reason="only root can show it other units")
@pytest.mark.parametrize("which", UNITS)
def test_units(d, which):
    make, expected = UNITS[which]
    _, found = with_units(d, make(d))
    wrong = [f for f in found if f["level"] != "OK" and f["subject"] in ("units", "machine")]
    assert [f["level"] for f in wrong] == [level for level, _ in expected], wrong
    for finding, (_, words) in zip(wrong, expected):
        assert words in finding["finding"]
    assert any("postern.socket listens on 465" in f["finding"] for f in found)


@pytest.mark.skipif(not AS_ROOT, reason="only root can show it other units")
def test_units_of_a_parent(d):
    """Who counts connections by itself, as the configuration says."""
    d.configure(max_connections=7)
    _, found = with_units(d, {
        "postern-resident.socket": "[Socket]\nListenStream=465\nAccept=no\nBacklog=16\n",
        "postern-resident.service": units(d)["postern@.service"]})
    said = [f["finding"] for f in found if f["subject"] == "units"]
    assert any("postern-resident.socket listens on 465, for 7 connections" in s for s in said)
    assert not [f for f in found if f["subject"] == "units" and f["level"] != "OK"]
