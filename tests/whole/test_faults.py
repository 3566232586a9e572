# SPDX-License-Identifier: ISC
"""Bad input and bad days: full disks, stores that cannot be read, settings that are wrong,
names that want to be paths. Each fault is named to whoever can mend it, and nothing else."""

import concurrent.futures
import contextlib
import os
import re
import shutil
import socket
import subprocess

import pytest

import harness
from sessions import b64, begin, leave, log_in, plain, send, split_trace

EX_USAGE, EX_TEMPFAIL, EX_CONFIG = 64, 75, 78
BRAD = "brad@447.edu"


def told(d, event=None):
    """What the log says in words, of one kind of event or of all."""
    records = d.records(event=event) if event else d.records()
    return " ".join(f"{r['message']}: {r.get('reason', '')}" for r in records)


# A full disk.


@pytest.fixture
def small_disk():
    """small_disk(options) is a folder on a file system of its own."""
    mounted = []

    def mount(options):
        path = harness.folder("postern-disk-")
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"{options},mode=0755", "tmpfs", path], check=True)
        mounted.append(path)
        return harness.give(path)

    yield mount
    for path in mounted:
        subprocess.run(["umount", path], check=True)
        path.rmdir()


needs_mount = pytest.mark.skipif(not harness.AS_ROOT, reason="mounts a file system")


def fill(path):
    """Takes all space of a file system: the file that has it."""
    filler = path / "filler"
    with open(filler, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(bytes(4096))
    return filler


def all_inodes(path):
    fillers = path / "fillers"
    fillers.mkdir()
    with contextlib.suppress(OSError):
        for n in range(10_000):
            (fillers / str(n)).touch()
    return fillers


def free(filler):
    shutil.rmtree(filler) if filler.is_dir() else filler.unlink()


@needs_mount
@pytest.mark.parametrize("voice", ["EHLO client.447.edu", "HELO client"])
@pytest.mark.parametrize("size", [100, 500_000])
def test_full_disk(door, small_disk, voice, size):
    disk = small_disk("size=1m")
    d = door(deliver=f"maildir:{disk}", exits=(EX_TEMPFAIL,))
    password = d.add_user("brad")
    d.add_user("carol")
    message = b"x" * 98 + b"\r\n"
    message *= size // 100
    with d.connect() as client:
        log_in(client, "brad", password, voice)
        send(client, BRAD, [BRAD], message)
        before = {p: p.stat().st_nlink for p in disk.rglob("*") if p.is_file()}
        filler = fill(disk)
        # A first message may fit where the file system has rounded up.
        for _ in range(3):
            begin(client, BRAD, [BRAD, "carol@447.edu"])
            client.send(message + b".\r\n")
            reply = client.reply()
            if reply.code != 250:
                break
            before = {p: p.stat().st_nlink for p in disk.rglob("*")
                      if p.is_file() and p != filler}
        assert reply.code == 452
        assert voice.startswith("HELO") or reply.text.startswith("4.3.1 ")
        now = {p: p.stat().st_nlink for p in disk.rglob("*") if p.is_file() and p != filler}
        assert now == before
        client.command("NOOP", 250)
        free(filler)
        send(client, BRAD, [BRAD, "carol@447.edu"], message)
        leave(client)
    d.wait()
    delivered = [split_trace(p.read_bytes())[2] for p in disk.glob("447.edu/*/new/*")]
    assert set(delivered) == {message.replace(b"\r\n", b"\n")}
    assert not list(disk.glob("**/tmp/*")) and not list(disk.glob(".tmp/*"))
    [record] = d.records(event="spool-fault")
    assert str(disk) in record["message"] and record["user"] == BRAD


@needs_mount
def test_no_inode_left(door, small_disk):
    disk = small_disk("size=4m,nr_inodes=40")
    d = door(deliver=f"maildir:{disk}", exits=(EX_TEMPFAIL,), recipients="any")
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        filler = all_inodes(disk)
        client.command(f"MAIL FROM:<{BRAD}>", 250)
        client.command(f"RCPT TO:<{BRAD}>", 250)
        reply = client.command("DATA")
        if reply.code == 354:
            client.send(b"x\r\n.\r\n")
            reply = client.reply()
        assert reply.code == 452 and reply.text.startswith("4.3.1 ")
        free(filler)
        client.command("RSET", 250)
        send(client, BRAD, [BRAD], b"x\r\n")
        leave(client)
    d.wait()
    assert len(list(disk.glob("447.edu/*/new/*"))) == 1


@needs_mount
def test_disk_that_fills_for_the_second_of_two_recipients(door, small_disk):
    """Folders cannot be made for the last one: nobody gets anything."""
    disk = small_disk("size=4m,nr_inodes=40")
    d = door(deliver=f"maildir:{disk}", exits=(EX_TEMPFAIL,), recipients="any")
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        reply = None
        begin(client, BRAD, [f"r{n}@447.edu" for n in range(20)])
        client.send(b"x\r\n.\r\n")
        reply = client.reply()
        assert reply.code == 452
        leave(client)
    assert not list(disk.glob("447.edu/*/new/*"))


@needs_mount
def test_full_disk_under_the_user_store(door, small_disk):
    """Who cannot be stored is not enrolled, and everybody else stays."""
    disk = small_disk("size=64k")
    d = door(users=disk / "users", bind="any", enrol="any", exits=(EX_TEMPFAIL,))
    d.add_user("brad")
    before = (disk / "users").read_bytes()
    filler = fill(disk)
    with d.connect() as client:
        client.command("HELO client", 250)
        client.command("AUTH", 334)
        reply = client.command(b64("newcomer"))
        assert reply.code == 454
        assert (disk / "users").read_bytes() == before
        free(filler)
        client.command("AUTH", 334)
        client.command(b64("newcomer"), 330)
        assert client.at_end()
    d.wait()
    assert {p.name for p in disk.iterdir()} <= {"users", "users.lock", "seen"}
    assert str(disk / "users") in told(d, "store-fault")


# Files that cannot be used.


def take_away(path):
    """Makes a file or folder that its user cannot use; returns what gives it back."""
    state = path.stat()
    if harness.AS_ROOT:
        os.chown(path, 0, 0)
    path.chmod(0)

    def give_back():
        path.chmod(state.st_mode & 0o7777)
        if harness.AS_ROOT:
            os.chown(path, state.st_uid, state.st_gid)

    return give_back


@pytest.mark.parametrize("exchange", ["PLAIN", "LOGIN", "classic"])
def test_store_that_cannot_be_read_at_login(door, exchange):
    d = door(exits=(EX_CONFIG, EX_TEMPFAIL))
    password = d.add_user("brad")
    with d.connect() as client:
        client.command("HELO c" if exchange == "classic" else "EHLO client.447.edu", 250)
        give_back = take_away(d.users)
        if exchange == "PLAIN":
            reply = client.command(f"AUTH PLAIN {plain('brad', password)}")
        else:
            client.command("AUTH" if exchange == "classic" else "AUTH LOGIN", 334)
            reply = client.command(b64("brad"))
            if reply.code == 334:
                reply = client.command(b64(password))
        assert reply.code == 454, reply
        give_back()
        log_in(client, "brad", password)
        leave(client)
    d.wait()
    assert str(d.users) in told(d, "store-fault")


def test_store_that_cannot_be_read_at_a_recipient(door):
    d = door(exits=(EX_CONFIG,))
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        client.command(f"MAIL FROM:<{BRAD}>", 250)
        give_back = take_away(d.users)
        reply = client.command(f"RCPT TO:<{BRAD}>", 451)
        assert reply.text.startswith("4.3.0 ")
        give_back()
        client.command(f"RCPT TO:<{BRAD}>", 250)
        leave(client)
    d.wait()
    assert str(d.users) in told(d, "store-fault")


def test_mail_folder_that_cannot_be_written(door):
    d = door(exits=(EX_CONFIG,))
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password)
        give_back = take_away(d.mail)
        client.command(f"MAIL FROM:<{BRAD}>", 250)
        client.command(f"RCPT TO:<{BRAD}>", 250)
        reply = client.command("DATA")
        if reply.code == 354:
            client.send(b"x\r\n.\r\n")
            reply = client.reply()
        assert str(reply).startswith("451 4.3.0 ")
        give_back()
        client.command("RSET", 250)
        send(client, BRAD, [BRAD], b"x\r\n")
        leave(client)
    d.wait()
    assert str(d.mail) in told(d, "spool-fault")
    assert len(d.messages()) == 1


DAMAGE = {
    "half the fields": lambda line: line.split(b" stored=")[0],
    "cut in the middle": lambda line: line[:len(line) // 2],
    "rubbish in a field": lambda line: re.sub(rb"stored=\S+", b"stored=!!!!", line),
    "no key": lambda line: b"\x00\x01\x02",
    "empty": lambda line: b"",
    "very long": lambda line: line + b" x=" + b"y" * 10_000,
    "out of place": lambda line: line.replace(b"u user5@", b"u zzz5@"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_line_of_the_store(door, what):
    d = door(bind="any", exits=(0, EX_CONFIG, EX_TEMPFAIL))
    passwords = {f"user{n}": d.add_user(f"user{n}") for n in range(9)}
    damaged = []
    number = 0
    for at, line in enumerate(d.users.read_bytes().splitlines(), 1):
        if line.startswith(b"u user5@"):
            number, line = at, DAMAGE[what](line)
        damaged.append(line + b"\n")
    assert number
    d.users.write_bytes(b"".join(damaged))

    def try_login(name):
        with d.connect() as client:
            client.command("EHLO client.447.edu", 250)
            return client.command(f"AUTH PLAIN {plain(name, passwords[name])}").code

    with concurrent.futures.ThreadPoolExecutor(len(passwords)) as pool:
        codes = dict(zip(passwords, pool.map(try_login, passwords)))
    assert codes.pop("user5") in (454, 535)
    assert set(codes.values()) == {235}, codes
    d.wait()
    assert f"{d.users}:{number}: damaged" in told(d)
    # The others' lines are what they were, but for the first login that they now have.
    after = d.users.read_bytes().splitlines()
    for old in damaged:
        words = old.split(b" ")
        if words[0] == b"u" and b" stored=" in old and not old.startswith(b"u user5@"):
            assert any(set(words[:6]) - {b"\n"} <= set(line.split(b" ")) for line in after), old


# Settings.


def smtpd(programs, *args, **more):
    return programs.run("postern-smtpd", *args, check=False, **more)


def one_sentence(done, status):
    assert done.returncode == status, done
    assert done.stdout == ""
    assert re.fullmatch(r"postern-smtpd: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


WRONG_SETTINGS = [
    "user = two words", "hostname = a..b", "hostname =", "domains = under_score.example",
    "domains = 447.edu 447.EDU", "tls = yes", "tls_cert = relative.pem", "tls_key =",
    "tls_ca = ca.pem", "tls_pins = pins", "tls_crl = crl.pem", "tickets = maybe",
    "users = users", "run = run", "password_iterations = 1", "password_iterations = many",
    "mechanisms = PLAIN CRAM-MD5", "mechanisms =", "bind = all", "enrol = on",
    "senders = everybody", "recipients = all", "deliver = mbox:/var/mail",
    "deliver = maildir:mail", "log = syslog", "log = file:", "sandbox = yes",
    "max_message_size = 1k", "max_message_size = -1", "max_recipients = 0",
    "max_messages = 99999999999999999999", "max_errors = 0x10", "timeout_handshake = 0",
    "timeout_command = 1.5", "timeout_data = 3 s", "timeout_session = 100000",
    "no_such_key = 1", "Hostname = 447.edu",
]


@pytest.mark.parametrize("line", WRONG_SETTINGS)
def test_wrong_setting_is_named_with_its_line(programs, door, line):
    key, _, value = (part.strip() for part in line.partition("="))
    d = door(listen=False)
    d.configure(**{key: None})
    text = d.conf.read_text()
    d.conf.write_text(text + line + "\n")
    said = one_sentence(smtpd(programs, "-c", d.conf), EX_CONFIG)
    assert f"{d.conf}:{text.count(chr(10)) + 1}: " in said
    assert key in said and "expected" in said or "meant" in said
    d.conf.write_text(text)
    said = one_sentence(smtpd(programs, "-c", d.conf, "-o", f"{key}={value}"), EX_CONFIG)
    assert f"-o {key}={value}" in said


def test_every_wrong_setting_is_named_at_once(programs, door):
    d = door(listen=False)
    d.conf.write_text("tls = yes\nno_such_key = 1\nmax_errors = 0\n")
    done = smtpd(programs, "-t", "-c", d.conf)
    assert done.returncode == EX_CONFIG
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        f"{d.conf}:{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize("args,named", [
    (["--no-such-option"], "--no-such-option"), (["-x"], "x"), (["word"], '"word"'),
    (["-c"], "c"), (["-o"], "o")])
def test_wrong_option_is_named(programs, args, named):
    done = smtpd(programs, *args)
    assert done.returncode == EX_USAGE
    assert named in done.stderr and "--help" in done.stderr


def test_override_without_a_value(programs, door):
    said = one_sentence(smtpd(programs, "-c", door(listen=False).conf, "-o", "tls"), EX_CONFIG)
    assert "-o tls" in said and "KEY=VALUE" in said


def test_configuration_that_is_not_there(programs):
    said = one_sentence(smtpd(programs, "-c", "/no/such/file"), EX_CONFIG)
    assert "/no/such/file" in said


def test_no_connection_at_all(programs, door):
    d = door(listen=False)
    done = subprocess.run(
        [programs.path / "postern-smtpd", "-c", d.conf], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30)
    assert "connection" in one_sentence(done, EX_USAGE)


def test_a_socket_that_listens_beside_one_that_does_not(door):
    d = door(listen=False)
    here, there = socket.socketpair()
    with here, there, socket.create_server(("127.0.0.1", 0)) as listener:
        d.start_resident(listener, there)
        parent, d.resident = d.resident, None
        assert parent.wait(30) == EX_USAGE
    assert "expected one connection, or at most 8 sockets that listen" in d.stderr.read_text()


def test_log_file_that_cannot_be_written(programs, door):
    d = door(log="file:/no/such/folder/log", exits=(EX_CONFIG,))
    client = d.socket()
    assert client.at_end()
    d.wait()
    assert "/no/such/folder/log" in d.stderr.read_text()


@pytest.mark.parametrize("words", [("help", "--help"), ("version", "--version")])
def test_help_and_version(programs, words):
    done = smtpd(programs, words[1])
    assert done.returncode == 0 and "postern-smtpd" in done.stdout and done.stderr == ""


def test_check_of_a_sound_configuration(programs, door):
    d = door(listen=False)
    d.add_user("brad")
    done = smtpd(programs, "-t", "-c", d.conf)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("key", [
    "tls_cert", "tls_key", "tls_ca", "tls_pins", "tls_crl", "deliver", "tls_priority"])
def test_check_names_what_cannot_be_used(programs, door, key):
    d = door(listen=False)
    missing = d.dir / "no-such-thing"
    value = {"deliver": f"maildir:{missing}", "tls_priority": "NORMAL:+NO-SUCH-THING"}
    d.configure(**{key: value.get(key, missing)})
    said = one_sentence(smtpd(programs, "-t", "-c", d.conf), EX_CONFIG)
    assert key in said and "o-such-thing" in said.lower()


def test_check_names_a_user_that_is_not_there(programs, door):
    """Whoever asks: it is root who would become that user."""
    d = door(listen=False, user="no-such-user")
    said = one_sentence(smtpd(programs, "-t", "-c", d.conf), EX_CONFIG)
    assert 'user: there is no user "no-such-user"' in said


@pytest.mark.parametrize("make", ["nothing", "a folder", "a link"])
def test_check_names_a_fault_of_the_store_once(programs, door, make):
    d = door(listen=False, users="/no/such/folder/users")
    if make != "nothing":
        d.configure(users=d.users)
    if make == "a folder":
        d.users.mkdir()
    if make == "a link":
        d.users.symlink_to("elsewhere")
    said = one_sentence(smtpd(programs, "-t", "-c", d.conf), EX_CONFIG)
    assert str(d.settings["users"]) in said


@pytest.mark.parametrize("key", ["tls_cert", "tls_key", "tls_ca", "users", "deliver", "run"])
def test_links_that_an_administrator_may_make(programs, door, keys, key):
    """Of the store it is the folder."""
    d = door(listen=True)
    real = {"tls_cert": keys.cert, "tls_key": keys.key, "tls_ca": keys.ca,
            "users": d.users.parent, "deliver": d.mail, "run": d.dir / "run"}[key]
    link = d.dir / "link"
    link.symlink_to(real)
    value = {"users": link / "users", "deliver": f"maildir:{link}"}.get(key, link)
    d.configure(**{key: value})
    password = d.add_user("brad")
    assert smtpd(programs, "-t", "-c", d.conf).returncode == 0
    with d.connect() as client:
        log_in(client, "brad", password)
        send(client, BRAD, [BRAD], b"x\r\n")
        leave(client)
    d.wait()
    assert len(d.messages(BRAD)) == 1


@pytest.mark.parametrize("place", ["run", "mail/below", "state", "."])
def test_check_names_a_cache_that_an_intruder_could_write(programs, door, place):
    d = door(listen=False)
    (d.dir / place).mkdir(exist_ok=True)
    if place == ".":
        d.configure(users=d.dir / "users")
    d.configure(cache=d.dir / place)
    said = one_sentence(smtpd(programs, "-t", "-c", d.conf), EX_CONFIG)
    assert said.startswith(f"postern-smtpd: cache: {d.dir / place}: expected a folder")


@pytest.mark.parametrize("key", ["users", "log"])
def test_links_that_nobody_may_make(programs, door, key):
    d = door(listen=False)
    (d.dir / "real").touch()
    link = d.dir / "state" / "users" if key == "users" else d.dir / "link"
    link.symlink_to(d.dir / "real")
    d.configure(**{key: link if key == "users" else f"file:{link}"})
    said = one_sentence(smtpd(programs, "-t", "-c", d.conf), EX_CONFIG)
    assert f"{key}: {link}: " in said and "symbolic link" in said


def test_check_names_a_store_that_cannot_be_read(programs, door):
    d = door(listen=False)
    d.add_user("brad")
    give_back = take_away(d.users)
    said = one_sentence(smtpd(programs, "-t", "-c", d.conf), EX_CONFIG)
    assert str(d.users) in said
    give_back()


def test_check_sees_that_key_and_certificate_differ(programs, door, keys):
    d = door(listen=False)
    d.configure(tls_key=keys.client().key)
    said = one_sentence(smtpd(programs, "-t", "-c", d.conf), EX_CONFIG)
    assert "tls_key" in said and str(keys.client().key) in said


@pytest.mark.parametrize("settings,named", [
    ({"bind": None, "enrol": "off"}, "bind"), ({"bind": "any", "enrol": None}, "enrol")])
def test_tls_off_needs_its_company(programs, door, settings, named):
    d = door(listen=False, tls="off")
    d.configure(**settings)
    assert named in one_sentence(smtpd(programs, "-c", d.conf), EX_CONFIG)


# Names.

HOSTILE = [
    "../../x", "/etc/passwd", "..", ".", "a/b", "a/../b", "a\nb", "a\r\nb", "\nu x@447.edu",
    "brad\nu evil@447.edu iterations=1", "a\0b", "brad@447.edu\0", "x" * 200, "x" * 8000,
    "x" * 10_000, "a b", " brad", "brad ", "\tbrad", "-rf", "$(id)", "`id`", "a;b", "a|b", "*",
    "~root", "a%2fb", "b\u00fcrger", "\u202ebrad", "brad@", "@447.edu", "brad@447.edu@447.edu",
    "brad@[127.0.0.1]", "brad@../447.edu", "brad@447.edu/../x", "u brad@447.edu", "d 00",
    "brad@example.com", "\\", "\"brad\"", "(brad)", "", "\x7f", "\x1b[2J",
]


def everything(d):
    """All files of a door but its log, with what is in the store."""
    files = {p for p in d.dir.rglob("*")}
    return files - {d.log, d.dir / "state" / "users.lock"}, d.users.read_bytes()


def offer(d, exchange, name):
    """Offers a name as a user's: the last code."""
    with d.connect() as client:
        client.command("HELO client" if exchange == "classic" else "EHLO client.447.edu", 250)
        if exchange == "PLAIN":
            return client.command(f"AUTH PLAIN {plain(name, 'password')}").code
        if exchange == "authzid":
            return client.command("AUTH PLAIN " + b64(f"{name}\0brad\0password")).code
        if exchange == "SCRAM":
            return client.command("AUTH SCRAM-SHA-256 " + b64(f"n,,n={name},r=nonce")).code
        client.command("AUTH" if exchange == "classic" else "AUTH LOGIN", 334)
        reply = client.command(b64(name))
        return client.command(b64("password")).code if reply.code == 334 else reply.code


@pytest.mark.parametrize("exchange", ["PLAIN", "authzid", "LOGIN", "SCRAM", "classic"])
def test_hostile_user_names(door, exchange):
    """Nobody is logged in or enrolled, whoever may enrol, and no file or line is made."""
    # One device that tries so many would be shut out.
    d = door(bind="any", enrol="any", recipients="any", limit_user_failures=0)
    d.add_user("brad")
    d.connect().close()
    d.wait()
    before = everything(d)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        codes = dict(zip(HOSTILE, pool.map(lambda name: offer(d, exchange, name), HOSTILE)))
    allowed = {334, 500, 501, 530, 535}
    assert set(codes.values()) <= allowed, codes
    d.wait()
    assert everything(d) == before
    # Each record is a line of its own whatever the name was.
    assert all(r.get("event") and r.get("session") for r in d.records())
    raw = d.log.read_bytes()
    assert raw.isascii() or b"\xe2\x80\xae" not in raw
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", raw)


def test_enrolment_takes_a_decent_name_all_the_same(door):
    """What was refused above was refused because of the name."""
    d = door(bind="any", enrol="any")
    assert offer(d, "classic", "decent.name+tag") == 330
    d.wait()
    assert b"\nu decent.name+tag@447.edu " in d.users.read_bytes()


@pytest.mark.parametrize("voice", ["EHLO client.447.edu", "HELO client"])
def test_hostile_addresses(door, voice):
    d = door(recipients="any", senders="any", max_errors=1000, max_messages=1000)
    password = d.add_user("brad")
    with d.connect() as client:
        log_in(client, "brad", password, voice)
        for name in HOSTILE:
            for address in (name, f"{name}@447.edu", f'"{name}"@447.edu', f"brad@{name}"):
                line = address.encode("utf-8", "surrogateescape")
                for verb in (b"MAIL FROM:", b"RCPT TO:"):
                    client.send(verb + b"<" + line + b">\r\n")
                    # A line end inside made several lines of it.
                    replies = [client.reply() for _ in range(1 + line.count(b"\r\n"))]
                    assert all(r.code in (250, 500, 501, 503, 550, 553, 555) for r in replies)
                client.command("RSET", 250)
                client.command("MAIL FROM:<brad@447.edu>", 250)
                client.send(b"RCPT TO:<" + line + b">\r\n")
                replies = [client.reply() for _ in range(1 + line.count(b"\r\n"))]
                if all(r.code == 250 for r in replies):
                    client.command("DATA", 354)
                    client.send(b"x\r\n.\r\n")
                    assert client.reply().code in (250, 451)
                client.command("RSET", 250)
        leave(client)
    d.wait()
    inside = [p.relative_to(d.mail) for p in d.mail.rglob("*")]
    assert {p.parts[0] for p in inside} <= {"447.edu", ".tmp"}
    boxes = {p.parts[1] for p in inside if len(p.parts) > 1 and p.parts[0] == "447.edu"}
    assert all(re.fullmatch(r"(?:[a-z0-9_+=]|%[0-9a-fA-F]{2})(?:[a-z0-9._+=-]|%[0-9a-fA-F]{2})*",
                            box) for box in boxes), boxes
    assert {p.name for p in d.dir.iterdir()} == {
        "state", "mail", "run", "cache", "log", "stderr", "postern.conf"}
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", d.log.read_bytes())
