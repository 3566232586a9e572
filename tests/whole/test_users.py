# SPDX-License-Identifier: ISC
"""posternctl and the user store: every command, every fault, and what becomes of the store
when the disk is full, a line is damaged, root writes it or many write at once."""

import base64
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios

import pytest

import harness
from userstore import Store

PASSWORD = "open sesame"
GENERATED = re.compile(r"([a-km-np-z2-9]{4}-){5}[a-km-np-z2-9]{4}")


def test_add_and_show(store):
    password = store.add("Brad")
    assert GENERATED.fullmatch(password)
    assert store.names() == ["brad@447.edu"]
    user = store.show("brad@447.EDU")
    assert user["password"] and not user["logged_in"] and not user["locked"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", user["created"])
    text = store.user("show", "brad").stdout
    assert text.startswith("brad@447.edu: never logged in\n")
    line = store.lines()[1]
    assert " iterations=4096 " in line
    for secret in re.findall(r"(?:salt|stored|server)=(\S+)", line):
        assert secret not in text + json.dumps(user)
    assert password not in store.path.read_text()
    assert base64.b64encode(password.encode()).decode() not in store.path.read_text()


def test_sorted_bytewise(store):
    for name in ("b", "a.b", "a", "ab", "a+b", "a@other.example", "B2"):
        store.add(name)
    lines = store.lines()[1:-1]
    assert lines == sorted(lines) and len(lines) == 7
    assert store.names() == [line.split()[1] for line in lines]


def test_password_from_stdin(store):
    store.settings["password_iterations"] = 5000
    assert store.user("add", "sue", "--password-stdin", input="x y z\nrest").stdout == ""
    assert " iterations=5000 " in store.lines()[1]
    said = store.refused(65, "add", "tim", "--password-stdin", input="")
    assert "standard input" in said
    for bad in ("\n", "a\tb\n", "x" * 1025 + "\n", "x" * 100000):
        store.refused(65, "add", "tim", "--password-stdin", input=bad)
    store.user("add", "tim", "--password-stdin", input="x" * 1024)
    assert "terminal" in store.refused(64, "add", "bob")
    assert store.names() == ["sue@447.edu", "tim@447.edu"]


def test_passwd(store):
    store.add("brad")
    store.user("alias", "brad", "add", "info@447.edu")
    before = store.lines()[1]
    password = store.user("passwd", "brad", "--generate").stdout.strip()
    assert GENERATED.fullmatch(password)
    after = store.lines()[1]
    assert "alias=info@447.edu" in after and "password-set=" in after
    for field in ("salt", "stored", "server"):
        old, new = (re.search(rf" {field}=(\S+)", line)[1] for line in (before, after))
        assert old != new
    assert "no such user" in store.refused(67, "passwd", "nobody", "--generate")


def test_lock_and_delete(store):
    store.add("brad")
    store.add("sue")
    store.user("lock", "brad")
    assert store.show("brad")["locked"] and not store.show("sue")["locked"]
    assert "locked" in store.user("list").stdout.splitlines()[0]
    store.user("unlock", "brad")
    assert not store.show("brad")["locked"]
    store.user("del", "brad")
    assert store.names() == ["sue@447.edu"]
    for command in ("lock", "unlock", "del", "show"):
        assert "brad@447.edu: there is no such user" in store.refused(67, command, "brad")


def test_aliases(store):
    store.add("brad")
    store.user("alias", "brad", "add", "Root@Printer.example")
    store.user("alias", "brad", "add", "info@447.edu")
    store.user("alias", "brad", "add", "info@447.edu")
    both = ["info@447.edu", "root@printer.example"]
    assert store.show("brad")["aliases"] == both
    assert json.loads(store.user("alias", "brad", "list", "--json").stdout) == both
    store.user("alias", "brad", "del", "info@447.edu")
    assert store.user("alias", "brad", "list").stdout == "root@printer.example\n"
    store.refused(65, "alias", "brad", "del", "info@447.edu")
    store.refused(65, "alias", "brad", "add", "nonsense")
    store.refused(65, "alias", "brad", "add", "a@b.c,d@e.f")
    store.user("alias", "brad", "del", "root@printer.example")
    assert "alias" not in store.lines()[1]
    for n in range(100):
        ran = store.user("alias", "brad", "add", f"{'x' * 60}{n:03}@447.edu", check=False)
        if ran.returncode:
            break
    assert ran.returncode == 65 and "4095 bytes" in ran.stderr, ran
    assert all(len(line) < 4096 for line in store.lines())


BAD_NAMES = ["../x", "a/b", "a\nu b@447.edu", "a b", "-x", ".x", "a..b", "", "x" * 10000,
             "a@", "@447.edu", "a@b@447.edu", "ä", "a;b", "\x1b[31m"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_bad_names(store, name):
    said = store.refused(65, "add", "--generate", "--", name)
    assert "name of a user" in said and len(said) < 600 and said.isprintable() is False
    assert said[:-1].isprintable()
    assert not store.path.exists()


def test_foreign_domain(store):
    assert "`domains'" in store.refused(65, "add", "a@foreign.example", "--generate")


USAGE = [
    [], ["user"], ["frob"], ["user", "frob"], ["user", "add"], ["user", "add", "x", "y"],
    ["user", "add", "x", "--generate", "--password-stdin"], ["user", "list", "--generate"],
    ["user", "list", "--frob"], ["user", "lock"], ["user", "alias", "x"],
    ["user", "alias", "x", "add"], ["user", "alias", "x", "frob", "a@b.c"],
    ["user", "alias", "x", "list", "y"], ["user", "import"], ["user", "show", "x", "--replace"],
]


@pytest.mark.parametrize("args", USAGE, ids=" ".join)
def test_usage(store, args):
    ran = store.ctl(*args, check=False)
    assert ran.returncode == 64 and not ran.stdout, ran
    assert re.fullmatch(r"\S*posternctl: [^\n]+\n", ran.stderr), ran.stderr
    assert not store.path.exists()


def test_help_and_version(store):
    assert store.ctl("--help").stdout.startswith("Usage: posternctl")
    assert re.fullmatch(r"posternctl \d+\.\d+\.\d+\n", store.ctl("--version").stdout)


def test_configuration_faults(store):
    run = store.programs.run
    ran = run("posternctl", "-c", store.dir / "none.conf", "user", "list", check=False)
    assert ran.returncode == 78 and "none.conf" in ran.stderr
    store.settings["frob"] = "1"
    ran = store.user("list", check=False)
    assert ran.returncode == 78 and f"{store.conf}:5:" in ran.stderr and "frob" in ran.stderr
    del store.settings["frob"]
    ran = store.ctl("-o", f"users={store.dir}/none/users", "user", "add", "x", "--generate",
                    check=False)
    assert ran.returncode == 78 and "none/users" in ran.stderr


def test_no_store_is_empty(store):
    assert store.names() == []
    assert store.user("list").stdout == ""
    assert not store.path.exists()


def test_full_output(store):
    store.add("brad")
    with open("/dev/full", "w") as full:
        process = store.programs.popen("posternctl", *store.argv(), "user", "list",
                                       stdout=full, stderr=subprocess.PIPE, text=True)
        _, said = process.communicate()
    assert process.returncode == 74 and "standard output" in said


def coded(password):
    return base64.b64encode(password.encode()).decode()


def test_import(store):
    store.add("old")
    before = store.lines()[1]
    lines = [f"brad {coded('pencil')}", "nonsense", f"../x {coded('x')}", "ann !!!",
             f"x@foreign.example {coded('x')}", "", f"sue@447.edu\t{coded('x y')}  \r",
             f"old {coded('new')}", f"tim {coded('a')} more", f"eve {coded('')}",
             "zed AGE=", f"brad {coded('again')}", f"{'x' * 10000} {coded('x')}",
             f"bob {coded('at the end')}"]
    file = store.dir / "user_pass"
    file.write_text("\n".join(lines))
    ran = store.user("import", file, check=False)
    assert ran.returncode == 65
    assert ran.stdout == "3 imported, 10 refused\n"
    named = sorted(int(n) for n in re.findall(rf"{file}:(\d+): ", ran.stderr))
    assert named == [2, 3, 4, 5, 8, 9, 10, 11, 12, 13]
    assert store.names() == [f"{n}@447.edu" for n in ("bob", "brad", "old", "sue")]
    assert before in store.lines()
    ran = store.user("import", "-", "--replace", input=f"old {coded('new')}\n")
    assert ran.stdout == "1 imported, 0 refused\n" and not ran.stderr
    assert before not in store.lines()
    assert store.show("old")["created"] in before
    file.unlink()
    assert "none" in store.refused(66, "import", store.dir / "none")


def read_pty(fd, until):
    seen = b""
    while until not in seen:
        assert select.select([fd], [], [], harness.DEADLINE)[0], seen
        seen += os.read(fd, 1024)
    return seen.decode()


def start_at_terminal(store, *args):
    ours, theirs = pty.openpty()

    def own_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = store.programs.popen(
        "posternctl", *store.argv(), "user", *args, stdin=theirs, stdout=theirs,
        stderr=theirs, preexec_fn=own_terminal, root=True)
    return process, ours, theirs


def echoes(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


@pytest.mark.parametrize("again, status", [(PASSWORD, 0), ("other", 65)])
def test_password_at_a_terminal(store, again, status):
    process, ours, theirs = start_at_terminal(store, "add", "brad")
    said = read_pty(ours, b"brad@447.edu: ")
    assert not echoes(theirs)
    os.write(ours, PASSWORD.encode() + b"\n")
    said += read_pty(ours, b"again for brad@447.edu: ")
    os.write(ours, again.encode() + b"\n")
    assert process.wait(harness.DEADLINE) == status
    assert echoes(theirs)
    if status:
        said += read_pty(ours, b"not the same")
    assert PASSWORD not in said
    assert store.names(root=True) == ([] if status else ["brad@447.edu"])
    os.close(ours)
    os.close(theirs)


def test_interrupted_prompt_restores_the_terminal(store):
    process, ours, theirs = start_at_terminal(store, "add", "brad")
    read_pty(ours, b"brad@447.edu: ")
    os.write(ours, b"half a pass\x03")
    assert process.wait(harness.DEADLINE) == -signal.SIGINT
    assert echoes(theirs)
    assert not store.path.exists()
    os.close(ours)
    os.close(theirs)


def test_unknown_fields_survive(store):
    store.add("brad")
    lines = store.lines()
    lines[1] += " colour=blue x-9=%20"
    lines[2:2] = ["d " + "ab" * 32 + " brad@447.edu label=printer"]
    store.path.write_text("\n".join(sorted(lines[1:3])).join([lines[0] + "\n", "\n"]))
    store.user("lock", "brad")
    store.user("unlock", "brad")
    store.user("passwd", "brad", "--generate")
    store.add("sue")
    text = store.path.read_text()
    assert " colour=blue x-9=%20" in text and " brad@447.edu label=printer\n" in text


DAMAGE = {
    "a field": lambda line: line.replace("salt=", "tlas "),
    "the key": lambda line: "u z" + line[3:],
    "the type": lambda line: "?" + line[1:],
    "bytes": lambda line: line[:9] + "\xff\0\xfe" + line[12:],
    "a cut": lambda line: line[:100],
    "a long line": lambda line: line + " x=" + "y" * 9000,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_line(store, damage):
    names = [f"user{n:02}" for n in range(60)]
    text = "".join(f"{name} {coded(PASSWORD)}\n" for name in names)
    store.user("import", "-", input=text)
    lines = store.lines()
    lines[31] = bad = damage(lines[31])
    store.path.write_bytes("\n".join(lines).encode("latin-1"))
    listed = store.user("list", "--json")
    assert re.fullmatch(rf"posternctl: {store.path}:32: damaged line[^\n]*\n", listed.stderr)
    assert [u["user"] for u in json.loads(listed.stdout)] == [
        f"{name}@447.edu" for name in names if name != "user30"]
    for name in names[::7] + names[29:32:2]:
        assert store.show(name)["password"]
    store.user("lock", "user29")
    store.add("user30x")
    store.user("del", "user31")
    assert bad in store.lines()
    assert store.show("user29")["locked"] and store.show("user30x")


def test_damaged_line_of_the_user(store):
    store.add("brad")
    store.add("sue")
    store.path.write_text(store.path.read_text().replace("stored=", "stored=!", 1))
    for command in (["show", "brad"], ["lock", "brad"], ["passwd", "brad", "--generate"],
                    ["add", "brad", "--generate"]):
        said = store.refused(65, *command)
        assert f"{store.path}:2: damaged line of brad@447.edu" in said
    store.user("del", "brad")
    assert store.names() == ["sue@447.edu"]
    store.add("brad")


def test_damaged_first_line(store):
    store.add("brad")
    whole = store.path.read_text()
    store.path.write_text("x" + whole)
    assert store.names() == ["brad@447.edu"]
    assert f"{store.path}:1: damaged line" in store.refused(65, "add", "sue", "--generate")
    assert store.path.read_text() == "x" + whole
    store.path.write_text(whole.replace("-users 1 ", "-users 2 "))
    assert f"{store.path}:1: " in store.refused(65, "list")


def test_not_a_file(store):
    target = store.dir / "postern.conf"
    store.path.symlink_to(target)
    assert "symbolic link" in store.refused(78, "list")
    assert "symbolic link" in store.refused(78, "add", "x", "--generate")
    store.path.unlink()
    store.path.mkdir()
    assert "regular file" in store.refused(78, "add", "x", "--generate")
    store.path.rmdir()


needs_root = pytest.mark.skipif(not harness.AS_ROOT, reason="needs root")


@needs_root
def test_files_of_root_stay_the_services(store):
    """Root makes the store, the service reads and replaces it, and the other way round."""
    store.user("add", "brad", "--generate", root=True)
    for path in (store.path, store.dir / "users.lock"):
        assert path.stat().st_uid == harness.SERVICE.pw_uid
        assert path.stat().st_gid == harness.SERVICE.pw_gid
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o640
    assert store.names() == ["brad@447.edu"]
    store.add("sue")
    store.user("lock", "sue", root=True)
    store.add("tim")
    assert store.path.stat().st_uid == harness.SERVICE.pw_uid
    store.path.chmod(0o600)
    store.user("del", "tim", root=True)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert store.names() == ["brad@447.edu", "sue@447.edu"]


@needs_root
def test_no_permission(store):
    store.add("brad")
    for path in (store.path, store.dir / "users.lock"):
        os.chown(path, 0, 0)
        path.chmod(0o600)
    os.chown(store.dir, 0, 0)
    assert "Permission denied" in store.refused(77, "list")
    assert "Permission denied" in store.refused(77, "add", "sue", "--generate")
    harness.give(store.dir)


@pytest.fixture
def small_disk(programs):
    """A store on a file system of its own, a few hundred KB large."""
    where = harness.folder("postern-disk-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k,mode=0755", "none", where],
                   check=True)
    harness.give(where)
    store = Store(programs, where)
    yield store
    subprocess.run(["umount", where], check=True)
    where.rmdir()


@needs_root
def test_full_disk(small_disk):
    store = small_disk
    for name in ("brad", "sue"):
        store.add(name)
    before = store.path.read_bytes()
    with open(store.dir / "ballast", "wb") as ballast, contextlib.suppress(OSError):
        while True:
            os.write(ballast.fileno(), b"x" * 4096)
    said = store.refused(74, "add", "tim", "--generate")
    assert "No space left on device" in said and str(store.path) in said
    store.refused(74, "lock", "brad")
    store.refused(74, "passwd", "brad", "--generate")
    assert store.path.read_bytes() == before
    assert store.names() == ["brad@447.edu", "sue@447.edu"]
    (store.dir / "ballast").unlink()
    store.add("tim")
    assert store.names() == ["brad@447.edu", "sue@447.edu", "tim@447.edu"]
    assert {p.name for p in store.dir.iterdir()} == {"users", "users.lock", "postern.conf"}


def test_many_writers(store):
    """Each adds its own user; some are killed; whoever said yes is there."""
    names = [f"user{n}" for n in range(60)]
    argv = store.argv()
    running = [
        (name, store.programs.popen("posternctl", *argv, "user", "add", name, "--generate",
                                    stdout=subprocess.PIPE, text=True))
        for name in names]
    for _, process in running[::5]:
        process.kill()
    added = set()
    for name, process in running:
        out, _ = process.communicate(timeout=60)
        if process.returncode == 0:
            assert GENERATED.fullmatch(out.strip())
            added.add(f"{name}@447.edu")
    assert len(added) >= 48
    listed = store.user("list", "--json")
    assert not listed.stderr
    assert added <= {user["user"] for user in json.loads(listed.stdout)}
    store.add("last")


# With the server.


def enrol(client, name):
    """The classic AUTH up to the answer to the username."""
    client.command("HELO x", 250)
    client.command("AUTH", 334)
    return client.command(base64.b64encode(name.encode()))


def password_of(reply):
    return reply.text.rsplit(": ", 1)[1]


@needs_root
def test_service_reads_what_root_made(door):
    d = door()
    password = d.ctl("user", "add", "brad", "--generate", root=True).stdout.strip()
    client = d.connect()
    client.command("HELO x", 250)
    client.log_in("brad", password)
    client.command("QUIT", 221)
    d.wait()
    users = json.loads(d.ctl("user", "list", "--json", root=True).stdout)
    assert [(u["user"], u["logged_in"]) for u in users] == [("brad@447.edu", True)]
    assert d.users.stat().st_uid == harness.SERVICE.pw_uid


def test_lock_shuts_out(door):
    d = door(bind="any")
    password = d.add_user("sue")
    d.add_user("brad")
    client = d.connect()
    client.command("HELO x", 250)
    d.ctl("user", "lock", "sue")
    client.command("AUTH", 334)
    client.command(base64.b64encode(b"sue"), 334)
    assert client.command(base64.b64encode(password.encode())).code == 530
    client.command("QUIT", 221)
    d.wait()
    assert d.records(user="sue@447.edu", reason="user is locked")


def test_two_enrol_one_name(door):
    """Both have seen that there is no such user; one is left, with one password."""
    d = door()
    clients = [d.connect("newuser@447.edu") for _ in range(2)]
    for client in clients:
        client.command("HELO x", 250)
        client.command("AUTH", 334)
    for client in clients:
        client.send(base64.b64encode(b"newuser") + b"\r\n")
    replies = [client.reply() for client in clients]
    given = [password_of(reply) for reply in replies if reply.code == 330]
    assert given and all(reply.code in (330, 334) for reply in replies)
    for client in clients:
        client.close()
    d.wait()
    right = 0
    for password in given:
        client = d.connect("newuser@447.edu")
        client.command("HELO x", 250)
        client.command("AUTH", 334)
        client.command(base64.b64encode(b"newuser"), 334)
        right += client.command(base64.b64encode(password.encode())).code == 235
        client.command("QUIT", 221)
    assert right == 1
    users = json.loads(d.ctl("user", "list", "--json").stdout)
    assert [u["user"] for u in users] == ["newuser@447.edu"]


def test_damaged_line_serves_others(door):
    d = door(exits=(0, os.EX_CONFIG))
    d.add_user("brad", PASSWORD)
    d.add_user("tim", PASSWORD)
    text = d.users.read_text()
    d.users.write_text(re.sub(r"(u tim.* salt)=", r"\1!", text))
    client = d.connect("brad@447.edu")
    client.command("HELO x", 250)
    client.log_in("brad", PASSWORD)
    client.command("QUIT", 221)
    client = d.connect("tim@447.edu")
    client.command("HELO x", 250)
    client.command("AUTH", 334)
    assert client.command(base64.b64encode(b"tim")).code // 100 == 4
    client.close()
    d.wait()
    assert [r for r in d.records() if f"{d.users}:3: damaged line" in r.get("reason", "")]


@needs_root
def test_full_disk_while_enrolling(door, small_disk):
    store = small_disk
    d = door(users=store.path, exits=(0, os.EX_TEMPFAIL))
    (store.dir / "users.lock").touch()
    harness.give(store.dir)
    with open(store.dir / "ballast", "wb") as ballast, contextlib.suppress(OSError):
        while True:
            os.write(ballast.fileno(), b"x" * 4096)
    client = d.connect("newuser@447.edu")
    reply = enrol(client, "newuser")
    assert reply.code // 100 == 4, reply
    client.close()
    d.wait()
    assert [r for r in d.records() if f"{store.path}: No space left" in r.get("reason", "")]
    (store.dir / "ballast").unlink()
    client = d.connect("newuser@447.edu")
    assert enrol(client, "newuser").code == 330
    client.close()
    d.wait()
    assert store.names() == ["newuser@447.edu"]
