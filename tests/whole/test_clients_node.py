# SPDX-License-Identifier: ISC
"""nodemailer, in Node.js, with contrib/clients/nodemailer.js."""

import email
import email.policy
import json
import subprocess

import pytest

import harness
from clients import ANN, BRAD, MESSAGE, NOBODY, WIRE

DATA = harness.ROOT / "tests" / "whole" / "data" / "nodemailer"
MODULES = harness.ROOT / "build" / "nodemailer"


@pytest.fixture(scope="module", autouse=True)
def modules():
    subprocess.run([harness.ROOT / "contrib" / "packages", "modules", MODULES, DATA], check=True)


def raw(*to, text=WIRE):
    return {"envelope": {"from": BRAD, "to": to or [ANN]}, "raw": text.decode()}


def send(a, *messages, conf=None, connections=1, **transport):
    """Outcomes in the order of the messages."""
    jobs = a.file("jobs.json", json.dumps(
        {"transport": transport, "messages": messages}).encode())
    said = a.run("node", DATA / "send.js", conf or a.recipe("nodemailer.js"), jobs,
                 connections=connections,
                 NODEMAILER=MODULES / "node_modules" / "nodemailer")
    return [json.loads(line) for line in said.splitlines()]


def test_recipe(account):
    a = account()
    [outcome] = send(a, raw())
    assert outcome["accepted"] == [ANN] and outcome["response"].startswith("250 2.0.0 ")
    assert a.stored() == MESSAGE


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_starttls_and_mechanisms(account, mechanism, tls):
    a = account(tls="starttls")
    conf = a.recipe("nodemailer.js")
    text = conf.read_text().replace("secure: true", "secure: false,\n\trequireTLS: true")
    conf.write_text(text.replace(
        'minVersion: "TLSv1.2"', f'minVersion: "TLSv{tls}", maxVersion: "TLSv{tls}"'))
    auth = {"user": BRAD, "pass": a.password, "method": mechanism}
    send(a, raw(), conf=conf, auth=auth)
    assert a.stored() == MESSAGE
    assert a.logins() == [(BRAD, mechanism)]
    [admitted] = a.door.records(event="admitted")
    assert f"TLS{tls}" in admitted["message"]


def test_starttls_is_not_offered(account):
    a = account(tls="off", bind="any", enrol="off")
    [outcome] = send(a, raw(), secure=False, requireTLS=True)
    assert outcome["code"] == "ETLS"
    a.no_login()


def test_message_that_it_composes(account):
    a = account()
    data = bytes(range(256)) * 40
    [outcome] = send(a, {
        "from": BRAD, "to": ANN, "subject": "Grüße", "text": "中文\n.\n",
        "attachments": [{"filename": "data.bin", "content": data.hex(), "encoding": "hex"}]})
    assert outcome["accepted"] == [ANN]
    message = email.message_from_bytes(a.stored(), policy=email.policy.default)
    assert message["Subject"] == "Grüße"
    assert message.get_body().get_content() == "中文\n.\n"
    [attached] = message.iter_attachments()
    assert attached.get_content() == data


def test_many_through_one_connection(account):
    a = account()
    outcomes = send(a, *[raw(ANN, BRAD)] * 5, pool=True, maxConnections=1)
    assert all(outcome["accepted"] == [ANN, BRAD] for outcome in outcomes)
    a.door.wait()
    assert len(a.door.messages(ANN)) == len(a.door.messages(BRAD)) == 5
    assert len(a.door.records(event="login")) == 1


def test_address_beyond_ascii(account):
    a = account(recipients="any")
    [outcome] = send(a, raw("zoë@447.edu"))
    assert outcome["accepted"] == ["zoë@447.edu"]
    assert a.stored("zoë@447.edu") == MESSAGE


def test_one_of_two_recipients_is_unknown(account):
    a = account()
    [outcome] = send(a, raw(NOBODY, ANN))
    assert (outcome["accepted"], outcome["rejected"]) == ([ANN], [NOBODY])
    assert a.stored() == MESSAGE


def test_unknown_recipient(account):
    a = account()
    [outcome] = send(a, raw(NOBODY))
    assert (outcome["code"], outcome["reply"]) == ("EENVELOPE", 550)
    a.nothing_stored()


def test_wrong_password(account):
    a = account()
    [outcome] = send(a, raw(), conf=a.recipe("nodemailer.js", PASSWORD="wrong"))
    assert (outcome["code"], outcome["reply"]) == ("EAUTH", 535)
    a.no_login()


def test_untrusted_server(account):
    a = account()
    [outcome] = send(a, raw(), conf=a.recipe("nodemailer.js", CA=a.untrusted))
    assert "certificate" in outcome["message"]
    a.no_login()
