"""The one way out by e-mail: one message to one person, and what is known of it afterwards."""

from __future__ import annotations

import smtplib

from django.core.mail import EmailMultiAlternatives, get_connection

from channel_manager.lib.database import require_no_transaction


class MailServerAway(Exception):
    """The mail server could not be reached: nothing was sent, it can be tried again."""


class MailNotSent(Exception):
    """The message was refused, or nobody knows what became of it; the text says which, no address."""


def send(message: EmailMultiAlternatives) -> None:
    """Hand a message to the mail server, outside any transaction.

    Raises MailServerAway and MailNotSent.
    """
    require_no_transaction()
    server = get_connection()
    try:
        server.open()
    except (OSError, smtplib.SMTPException) as fault:
        raise MailServerAway from fault
    try:
        server.send_messages([message])
    except smtplib.SMTPRecipientsRefused as fault:
        codes = sorted({str(code) for code, _text in fault.recipients.values()})
        raise MailNotSent(f"The mail server refused the address ({', '.join(codes)}).") from fault
    except smtplib.SMTPResponseException as fault:
        raise MailNotSent(f"The mail server refused the message ({fault.smtp_code}).") from fault
    except (OSError, smtplib.SMTPException) as fault:
        raise MailNotSent(
            "The mail server broke off: whether the message was sent is not known."
        ) from fault
    finally:
        server.close()
