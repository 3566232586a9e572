# SPDX-License-Identifier: ISC
"""curl, with contrib/clients/curl.conf."""

import pytest

from clients import ANN, BRAD, MESSAGE, NOBODY, WIRE

LINE = b"The quick brown fox jumps over the lazy dog, and then again, and 0123456789.\n"


def curl(a, *options, conf=None, **more):
    return a.run("curl", "--config", conf or a.recipe("curl.conf"), "-sS", *options, **more)


def upload(a, *options, message=WIRE, **more):
    return curl(a, "--mail-rcpt", ANN, "--upload-file", a.file("message", message), *options,
                **more)


def starttls(a, *options, **other):
    """The recipe for a port with STARTTLS."""
    conf = a.recipe("curl.conf", "ssl-reqd\n", **other)
    conf.write_text(conf.read_text().replace("smtps://", "smtp://"))
    return conf


@pytest.mark.every_build
@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_implicit_tls(account, tls):
    a = account()
    upload(a, f"--tlsv{tls}", "--tls-max", tls)
    assert a.stored() == MESSAGE
    [admitted] = a.door.records(event="admitted")
    assert f"TLS{tls}" in admitted["message"]


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
def test_starttls(account, tls):
    a = account(tls="starttls")
    upload(a, f"--tlsv{tls}", "--tls-max", tls, conf=starttls(a))
    assert a.stored() == MESSAGE


def test_starttls_is_not_offered(account):
    """A port that offers none is left, before anything is said."""
    a = account(tls="off", bind="any", enrol="off")
    assert "STARTTLS" in upload(a, conf=starttls(a), status=64)
    a.no_login()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "EXTERNAL"])
def test_mechanisms(account, mechanism):
    a = account()
    conf = a.recipe("curl.conf", PASSWORD="" if mechanism == "EXTERNAL" else a.password)
    upload(a, "--login-options", f"AUTH={mechanism}", conf=conf)
    assert a.stored() == MESSAGE
    assert a.logins() == [(BRAD, mechanism)]


def test_lines_as_they_are_on_unix(account):
    a = account()
    upload(a, "--crlf", message=MESSAGE)
    assert a.stored() == MESSAGE


def test_30_megabytes(account):
    a = account()
    message = MESSAGE + LINE * (30_000_000 // len(LINE))
    upload(a, message=message.replace(b"\n", b"\r\n"))
    assert a.stored() == message


def test_more_than_may_be(account):
    a = account(max_message_size=10_000)
    assert "552" in upload(a, message=WIRE * 20, status=55)
    a.nothing_stored()


def test_several_recipients(account):
    a = account()
    upload(a, "--mail-rcpt", BRAD)
    assert a.stored(ANN) == a.stored(BRAD) == MESSAGE


def test_one_of_two_recipients_is_unknown(account):
    a = account()
    said = upload(a, "--mail-rcpt", NOBODY, "--mail-rcpt-allowfails")
    assert not said and a.stored() == MESSAGE


def test_several_messages_in_one_session(account):
    a = account()
    conf, message = a.recipe("curl.conf"), a.file("message", WIRE)
    more = ["--next", "--config", conf, "-sS", "--mail-rcpt", ANN, "--upload-file", message]
    upload(a, *more, *more, conf=conf)
    a.door.wait()
    assert len(a.door.messages(ANN)) == 3
    assert len(a.door.records(event="login")) == 1


def test_address_beyond_ascii(account):
    a = account(recipients="any")
    curl(a, "--mail-rcpt", "zoë@447.edu", "--upload-file", a.file("message", WIRE))
    assert a.stored("zoë@447.edu") == MESSAGE


@pytest.mark.parametrize("command, recipient, answer", [
    ("HELP", None, "214"), ("HELP MAIL", None, "MAIL FROM:<address>"), ("NOOP", None, ""),
    ("RSET", None, ""), ("VRFY", ANN, "252"), ("VRFY", NOBODY, "252"), (None, ANN, "252")])
def test_other_commands(account, command, recipient, answer):
    a = account()
    options = ["--request", command] if command else []
    if recipient:
        options += ["--mail-rcpt", recipient]
    assert answer in curl(a, *options)


def test_list_is_not_expanded(account):
    a = account()
    assert "502" in curl(a, "--request", "EXPN", "--mail-rcpt", "all", status=8)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_wrong_password(account, mechanism):
    a = account()
    conf = a.recipe("curl.conf", PASSWORD="wrong")
    upload(a, "--login-options", f"AUTH={mechanism}", conf=conf, status=67)
    a.no_login()


def test_unknown_recipient(account):
    a = account()
    said = curl(a, "--mail-rcpt", NOBODY, "--upload-file", a.file("message", WIRE), status=55)
    assert "550" in said
    a.nothing_stored()


def test_untrusted_server(account):
    a = account()
    upload(a, conf=a.recipe("curl.conf", CA=a.untrusted), status=60)
    a.no_login()
