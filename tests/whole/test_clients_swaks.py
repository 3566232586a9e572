# SPDX-License-Identifier: ISC
"""swaks, with contrib/clients/swaks.conf."""

import pytest

from clients import ANN, BRAD, EIGHT_BIT, MESSAGE, NOBODY

# Of the exit statuses that its manual lists.
NO_RECIPIENT, NO_LOGIN, NO_TLS = 24, 28, 29


def swaks(a, *options, message=MESSAGE, to=ANN, conf=None, **more):
    # It puts an empty line behind a message from a file.
    data = a.file("message", message.removesuffix(b"\n"))
    return a.run("swaks", "--config", conf or a.recipe("swaks.conf"), "--to", to, "--data",
                 f"@{data}", *options, **more)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_mechanisms(account, mechanism):
    a = account()
    swaks(a, "--auth", mechanism)
    assert a.stored() == MESSAGE
    assert a.logins() == [(BRAD, mechanism)]


@pytest.mark.every_build
@pytest.mark.parametrize("tls", ["1_2", "1_3"])
def test_starttls(account, tls):
    a = account(tls="starttls")
    conf = a.recipe("swaks.conf")
    conf.write_text(conf.read_text().replace("tls-on-connect", "tls"))
    swaks(a, "--tls-protocol", f"tlsv{tls}", conf=conf)
    assert a.stored() == MESSAGE
    [admitted] = a.door.records(event="admitted")
    assert f"TLS{tls.replace('_', '.')}" in admitted["message"]


def test_pipelined(account):
    a = account()
    said = swaks(a, "--pipeline")
    assert a.stored() == MESSAGE
    # Replies follow one another, once the commands have.
    assert "RCPT TO:<ann@447.edu>\n ~> DATA\n<~  250" in said


def test_pipelined_and_one_of_two_recipients_is_unknown(account):
    a = account()
    swaks(a, "--pipeline", to=f"{NOBODY},{ANN}")
    assert a.stored() == MESSAGE


def test_pipelined_and_no_recipient_is_known(account):
    a = account()
    swaks(a, "--pipeline", to=NOBODY, status=NO_RECIPIENT)
    a.nothing_stored()


def test_mechanism_of_its_own_choice(account):
    a = account()
    swaks(a, "--auth")
    assert a.stored() == MESSAGE


def test_8_bit(account):
    a = account()
    swaks(a, message=EIGHT_BIT)
    assert a.stored() == EIGHT_BIT


@pytest.mark.parametrize("stage", ["first-helo", "auth", "mail", "rcpt"])
def test_leaving_early(account, stage):
    a = account()
    swaks(a, "--quit-after", stage)
    a.nothing_stored()
    assert a.door.records(event="closed")[0]["reason"] == "quit"


@pytest.mark.parametrize("stage", ["connect", "mail", "data"])
def test_dropping_the_connection(account, stage):
    a = account()
    swaks(a, "--drop-after", stage)
    a.door.wait()


def test_wrong_password(account):
    a = account()
    assert "535 5.7.8" in swaks(a, conf=a.recipe("swaks.conf", PASSWORD="wrong"),
                                status=NO_LOGIN)
    a.no_login()


def test_unknown_recipient(account):
    a = account()
    assert "550 5.1.1" in swaks(a, to=NOBODY, status=NO_RECIPIENT)
    a.nothing_stored()


def test_untrusted_server(account):
    a = account()
    swaks(a, conf=a.recipe("swaks.conf", CA=a.untrusted), status=NO_TLS)
    a.no_login()
