# SPDX-License-Identifier: ISC
"""Postern on a real systemd: installed, its sockets started, sessions from outside, what the
journal says of them, instances stopped and killed, the program replaced under load, and a
reboot."""

import subprocess
import threading

import pytest

import harness
import sessions
from installed import CONFIGURATION, MESSAGE, SUBMISSION, USER, Door

pytestmark = [
    pytest.mark.skipif(not harness.AS_ROOT, reason="a machine is booted by root alone"),
    pytest.mark.xdist_group("machine"),
]

@pytest.fixture(scope="module")
def door(programs, keys):
    door = Door(programs, keys)
    yield door
    door.close()


def test_units_start_and_say_nothing_wrong(door):
    assert door.machine.systemctl("is-active", "postern.socket").stdout.strip() == "active"
    assert door.machine.systemctl("--failed", "--no-legend", "--plain").stdout == ""
    said = door.run("journalctl", "--no-pager", "-p", "warning", "-u", "postern.socket", "-u",
                    f"{SUBMISSION}.socket").stdout
    assert "postern" not in said, said


def test_a_session_and_its_records(door):
    client = door.log_in()
    sessions.send(client, USER, [USER], MESSAGE)
    sessions.leave(client)
    door.settle()
    stored = door.messages()[-1]
    assert sessions.split_trace(stored.read_bytes())[2].endswith(
        b"It was started for this.\n")
    record = door.journal(event="message-accepted", peer=client.name)[-1]
    assert record["POSTERN_USER"] == USER
    assert record["POSTERN_QUEUE_ID"] in stored.name
    assert len(record["POSTERN_DEVICE"]) == 64
    assert record["SYSLOG_IDENTIFIER"] == "postern-smtpd"
    assert record["_SYSTEMD_UNIT"].startswith("postern@")
    assert record["PRIORITY"] == "6"
    session = door.journal(session=record["POSTERN_SESSION"])
    assert [r["POSTERN_EVENT"] for r in session] == [
        "admitted", "login", "message-accepted", "closed"]
    assert len({r["MESSAGE_ID"] for r in session}) == 4


def test_who_owns_what(door):
    def owner(path):
        return door.run("stat", "-c", "%U:%G %a", path).stdout.strip()
    assert owner("/var/lib/postern/users") == "postern:postern 640"
    assert owner("/var/lib/postern/mail") == "postern:postern 750"
    assert owner("/run/postern") == "postern:postern 700"
    assert owner("/var/cache/postern") == "postern:postern 700"
    assert owner("/etc/postern/tls/server.key") == "root:postern 640"


def test_starttls_on_the_other_port(door):
    client = door.client.socket(door.ports[SUBMISSION])
    assert client.reply().code == 220
    client.command("EHLO client.447.edu", 250)
    client.command("MAIL FROM:<brad@447.edu>", 530)
    client.command("STARTTLS", 220)
    client.start_tls(door.client.context(USER))
    sessions.log_in(client, USER, door.password)
    before = len(door.messages())
    sessions.send(client, USER, [USER], MESSAGE)
    sessions.leave(client)
    door.settle()
    assert len(door.messages()) == before + 1


def test_refused_at_the_handshake(door):
    with pytest.raises((OSError, EOFError)):
        client = door.client.connect(None, port=door.ports["postern"], banner=False)
        client.reply()
    door.settle()
    assert door.journal(event="refused", reason="no certificate")


def test_stop_in_mid_transaction_finishes_it(door):
    before = len(door.messages())
    client = door.log_in()
    sessions.begin(client, USER, [USER])
    client.send(b"Subject: half\r\n\r\n")
    door.machine.systemctl("stop", "--no-block", "postern@*")
    harness.until(lambda: "deactivating" in door.machine.systemctl(
        "list-units", "--no-legend", "--plain", "postern@*").stdout, what="the stop")
    client.send(b"the rest\r\n")
    assert client.command(".").code == 250
    assert client.reply().code == 421
    assert client.at_end()
    door.settle()
    assert len(door.messages()) == before + 1
    assert door.messages()[-1].read_bytes().endswith(b"the rest\n")


def test_stop_while_idle_says_421(door):
    client = door.log_in()
    door.machine.systemctl("stop", "postern@*")
    assert client.reply().code == 421
    assert client.at_end()
    door.settle()


def test_killed_instances_leave_nothing(door):
    before = len(door.messages())
    clients = [door.log_in() for _ in range(4)]
    for client in clients:
        sessions.begin(client, USER, [USER])
        client.send(b"Subject: lost\r\n\r\n")
    door.machine.systemctl("kill", "--signal=KILL", "--kill-who=all", "postern@*")
    for client in clients:
        with pytest.raises((OSError, EOFError)):
            client.reply()
    door.settle()
    assert len(door.messages()) == before
    assert door.machine.systemctl("--failed", "--no-legend", "--plain").stdout == ""
    sessions.leave(door.log_in())


def test_a_broken_configuration_is_logged_and_fails_the_instance_alone(door):
    door.put("/etc/postern/postern.conf", CONFIGURATION + "frobnicate = yes\n")
    try:
        with pytest.raises((OSError, EOFError)):
            door.connect()
    finally:
        door.put("/etc/postern/postern.conf", CONFIGURATION)
    door.settle()
    said = door.run("journalctl", "--no-pager", "-o", "cat", "-t", "postern-smtpd").stdout
    assert "frobnicate" in said
    sessions.leave(door.log_in())


def test_behind_all_walls_of_systemd(door):
    where = "/etc/systemd/system/postern@.service.d/paranoid.conf"
    door.put(where, door.machine.path("/usr/share/doc/postern/paranoid.conf").read_text())
    door.machine.systemctl("daemon-reload")
    try:
        before = len(door.messages())
        client = door.log_in()
        sessions.send(client, USER, [USER], MESSAGE)
        sessions.leave(client)
        door.settle()
        assert len(door.messages()) == before + 1
    finally:
        door.machine.path(where).unlink()
        door.machine.systemctl("daemon-reload")


def test_the_program_is_replaced_under_load(door):
    before, wrong, stop = len(door.messages()), [], threading.Event()
    sent = [0] * 4

    def load(number):
        while not stop.is_set():
            try:
                client = door.log_in()
                sessions.send(client, USER, [USER], MESSAGE)
                sent[number] += 1
                sessions.leave(client)
            except (OSError, EOFError, AssertionError) as fault:
                wrong.append(fault)
                return
    threads = [threading.Thread(target=load, args=(n,)) for n in range(len(sent))]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            was = sum(sent)
            subprocess.run(["install", "-m", "0755", harness.BUILD / "postern-smtpd",
                            door.machine.path("/usr/sbin/postern-smtpd.new")], check=True)
            door.machine.path("/usr/sbin/postern-smtpd.new").rename(
                door.machine.path("/usr/sbin/postern-smtpd"))
            harness.until(lambda was=was: sum(sent) >= was + 4 or wrong, what="more sessions")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong
    door.settle()
    assert len(door.messages()) == before + sum(sent)


def test_reboot(door):
    sessions.leave(door.log_in())
    before = door.messages()
    door.machine.reboot()
    assert door.messages() == before
    client = door.log_in()
    sessions.send(client, USER, [USER], MESSAGE)
    sessions.leave(client)
    door.settle()
    assert len(door.messages()) == len(before) + 1
