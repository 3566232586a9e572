# SPDX-License-Identifier: ISC
"""Python's smtplib, with contrib/clients/smtplib.py."""

import contextlib
import email.message
import email.policy
import runpy
import smtplib
import ssl

import pytest

import harness
from clients import ANN, BRAD, EIGHT_BIT, MESSAGE, NOBODY, WIRE

CLIENT = "client.447.edu"


def log_in(a, **other):
    """As the recipe does it."""
    a.door.connected += 1
    return runpy.run_path(str(a.recipe("smtplib.py", **other)))["log_in"]()


def connect(a, ca=None):
    """A session on either kind of port that has TLS behind it."""
    a.door.connected += 1
    context = a.door.context(a.bundle, ca=ca)
    if a.door.settings.get("tls") != "starttls":
        return smtplib.SMTP_SSL(
            "localhost", a.door.port, CLIENT, timeout=harness.DEADLINE, context=context)
    session = smtplib.SMTP("localhost", a.door.port, CLIENT, timeout=harness.DEADLINE)
    with contextlib.ExitStack() as unless_done:
        unless_done.callback(session.close)
        session.starttls(context=context)
        unless_done.pop_all()
    return session


def test_recipe(account):
    a = account()
    with log_in(a) as session:
        assert session.sendmail(BRAD, [ANN], WIRE) == {}
    assert a.stored() == MESSAGE


@pytest.mark.every_build
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_mechanisms(account, tls, mechanism):
    a = account(tls=tls)
    with connect(a) as session:
        session.ehlo()
        session.user, session.password = BRAD, a.password
        code, _ = session.auth(mechanism, getattr(session, f"auth_{mechanism.lower()}"))
        assert code == 235
        assert session.sendmail(BRAD, [ANN], WIRE) == {}
    assert a.stored() == MESSAGE
    assert a.logins() == [(BRAD, mechanism)]


def letter(policy, to, text):
    message = email.message.EmailMessage(policy)
    message["From"], message["To"], message["Subject"] = BRAD, to, "Grüße"
    message["Date"] = "Mon, 02 Mar 2026 10:20:30 +0000"
    message.set_content(text, cte="8bit")
    return message


@pytest.mark.parametrize("policy", [
    email.policy.SMTP, email.policy.SMTP.clone(cte_type="7bit")], ids=["8bit", "7bit"])
def test_message_object(account, policy):
    """smtplib itself declares BODY=8BITMIME for none of these."""
    a = account()
    message = letter(policy, ANN, "Grüße, 中文\n.\n")
    with log_in(a) as session:
        assert session.send_message(message) == {}
    text = a.stored()
    assert "Grüße, 中文\n.\n".encode() in text or b"base64" in text
    read = email.message_from_bytes(text, policy=email.policy.default)
    assert read["Subject"] == "Grüße" and read.get_content() == "Grüße, 中文\n.\n"


def test_message_object_of_utf8(account):
    """It asks for SMTPUTF8 where an address is beyond ASCII, and knows then that the message
    may be, too (RFC 6531)."""
    a = account(recipients="any")
    message = letter(email.policy.SMTPUTF8, "zoë@447.edu", "Grüße\n")
    with log_in(a) as session:
        assert session.send_message(message) == {}
    assert a.stored("zoë@447.edu") == message.as_bytes().replace(b"\r\n", b"\n")


def test_declared_8_bit(account):
    a = account()
    with log_in(a) as session:
        message = EIGHT_BIT.replace(b"\n", b"\r\n")
        session.sendmail(BRAD, [ANN], message, mail_options=["BODY=8BITMIME"])
    assert a.stored() == EIGHT_BIT


def test_several_messages(account):
    a = account()
    with log_in(a) as session:
        for _ in range(5):
            assert session.sendmail(BRAD, [ANN, BRAD], WIRE) == {}
        session.rset()
        assert session.noop()[0] == 250
        assert session.verify(ANN)[0] == 252
    a.door.wait()
    assert len(a.door.messages(ANN)) == len(a.door.messages(BRAD)) == 5


def test_one_of_three_recipients_is_unknown(account):
    a = account()
    with log_in(a) as session:
        refused = session.sendmail(BRAD, [ANN, NOBODY, BRAD], WIRE)
        assert list(refused) == [NOBODY] and refused[NOBODY][0] == 550
    assert a.stored(ANN) == a.stored(BRAD) == MESSAGE


def test_unknown_recipient(account):
    a = account()
    with log_in(a) as session:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            session.sendmail(BRAD, [NOBODY], WIRE)
        assert caught.value.recipients[NOBODY][0] == 550
        # The session goes on.
        session.sendmail(BRAD, [ANN], WIRE)
    assert a.stored() == MESSAGE


def test_sender_of_another_domain(account):
    a = account()
    with log_in(a) as session:
        with pytest.raises(smtplib.SMTPSenderRefused):
            session.sendmail("brad@elsewhere.example", [ANN], WIRE)
    a.nothing_stored()


def test_message_too_big(account):
    """smtplib declares the size, so that it is refused before it is sent."""
    a = account(max_message_size=1024)
    with log_in(a) as session:
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            session.sendmail(BRAD, [ANN], WIRE)
        assert caught.value.smtp_code == 552
    a.nothing_stored()


def test_wrong_password(account):
    """It tries each mechanism in turn."""
    a = account()
    with connect(a) as session:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            session.login(BRAD, "wrong")
        assert caught.value.smtp_code == 535
        # The same session may try again.
        session.login(BRAD, a.password)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_untrusted_server(account, tls):
    a = account(tls=tls)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(a, ca=a.untrusted)
    a.no_login()


def test_no_certificate(account):
    a = account(tls="starttls")
    a.bundle = None
    with pytest.raises((ssl.SSLError, OSError)):
        connect(a).ehlo()
    a.no_login()
