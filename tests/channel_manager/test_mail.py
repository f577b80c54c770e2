"""The way out by e-mail, over real SMTP: what was sent, what was not, and what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import environ
import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from channel_manager.lib import mail
from channel_manager.lib.mail import MailNotSent, MailServerAway
from tests.fakes.mail_server import MailServer, running_mail_server

# Whether a transaction is open is asked of the connection.
pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    """A mail server that EMAIL_URL names."""
    with running_mail_server() as running:
        for name, value in environ.Env.email_url_config(f"smtp://127.0.0.1:{running.port}").items():
            setattr(settings, name, value)
        yield running


def send() -> None:
    message = EmailMultiAlternatives(
        "Your tickets for Dünen", "Text", '"Dunes, Ltd" <tickets@dunes.example>', ["a@example.com"]
    )
    message.attach_alternative("<p>Text</p>", "text/html")
    mail.send(message)


def test_a_message_is_handed_over_in_both_forms(server: MailServer) -> None:
    send()
    (message,) = server.messages
    assert 'From: "Dunes, Ltd" <tickets@dunes.example>' in message
    for part in ("multipart/alternative", "text/plain", "text/html", "=?utf-8?"):
        assert part in message
    assert server.recipients == ["rcpt TO:<a@example.com>"]


def test_a_refused_address_is_told_by_its_code_only(server: MailServer) -> None:
    server.refusal = "550 5.1.1 No such user a@example.com"
    with pytest.raises(MailNotSent) as refused:
        send()
    assert str(refused.value) == "The mail server refused the address (550)."


def test_what_was_broken_off_may_have_been_sent(server: MailServer) -> None:
    server.hangs_up = True
    with pytest.raises(MailNotSent, match="whether the message was sent is not known"):
        send()


def test_a_server_that_is_not_there_can_be_tried_again(server: MailServer, settings: Any) -> None:
    settings.EMAIL_PORT = 1
    with pytest.raises(MailServerAway):
        send()


def test_nothing_is_sent_within_a_transaction(server: MailServer) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        send()
    assert server.messages == []
