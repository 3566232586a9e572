# SPDX-License-Identifier: ISC
"""s-nail, the mail(1) of many systems, with contrib/clients/s-nail.conf."""

import email
import email.policy

import pytest

from clients import ANN, BRAD, NOBODY

TEXT = b".A line with a dot\n.\n\nEnd.\n"
LETTERS = "Grüße, 中文\n".encode()


def mail(a, *options, to=ANN, text=TEXT, more="", conf=None, **run):
    """-n: no configuration of the system's; what could not be sent is not kept, and no line
    of the text is encoded."""
    conf = conf or a.recipe("s-nail.conf", more)
    return a.run("s-nail", "-n", "-Snosave", "-Smime-encoding=8b", "-s", "Test", *options, to,
                 input=text, MAILRC=conf, **run)


def body(a, address=ANN):
    head, text = a.stored(address).split(b"\n\n", 1)
    assert b"\nSubject: Test\n" in head and f"\nTo: {ANN}\n".encode() in head
    return text


@pytest.mark.parametrize("mechanism", ["plain", "login", "external", "externanon"])
def test_mechanisms(account, mechanism):
    a = account()
    mail(a, more=f"set smtp-auth={mechanism}\n")
    assert body(a) == TEXT
    assert a.logins() == [(BRAD, mechanism.upper().replace("EXTERNANON", "EXTERNAL"))]


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_starttls(account, tls):
    a = account(tls="starttls")
    conf = a.recipe("s-nail.conf", "set smtp-use-starttls\n")
    text = conf.read_text().replace("smtps://", "smtp://")
    conf.write_text(text.replace(
        "MinProtocol=TLSv1.2", f"MinProtocol=TLSv{tls},MaxProtocol=TLSv{tls}"))
    mail(a, conf=conf)
    assert body(a) == TEXT
    [admitted] = a.door.records(event="admitted")
    assert f"TLS{tls}" in admitted["message"]


def test_8_bit(account):
    a = account()
    mail(a, text=LETTERS)
    assert body(a) == LETTERS


def test_attachment(account):
    a = account()
    data = bytes(range(256)) * 100
    mail(a, "-a", a.file("data.bin", data))
    message = email.message_from_bytes(a.stored(), policy=email.policy.default)
    [attached] = message.iter_attachments()
    assert attached.get_content() == data


def test_copy_to_oneself(account):
    a = account()
    mail(a, "-c", BRAD)
    assert body(a, ANN) == body(a, BRAD) == TEXT


def test_wrong_password(account):
    a = account()
    assert "5.7.8" in mail(a, conf=a.recipe("s-nail.conf", PASSWORD="wrong"), status=4)
    a.no_login()


def test_unknown_recipient(account):
    a = account()
    assert "5.1.1" in mail(a, to=NOBODY, status=4)
    a.nothing_stored()


def test_untrusted_server(account):
    a = account()
    mail(a, conf=a.recipe("s-nail.conf", CA=a.untrusted), status=4)
    a.no_login()
