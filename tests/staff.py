"""People at the park who work in the admin."""

from __future__ import annotations

import html
import re
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

OUR_APPS = ("auth", "catalog", "history", "orders", "partners", "procrastinate", "wallets")


def signed_in(user: User) -> Client:
    """Return a browser in which somebody has signed in; it sends CSRF tokens nowhere."""
    client = Client()
    client.force_login(user)
    return client


def person(name: str, *permissions: str) -> User:
    """Make somebody with these permissions, such as orders.view_order, and no others."""
    user = User.objects.create_user(name, is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return user


def viewer() -> User:
    """Make somebody who may see everything and change nothing."""
    user = User.objects.create_user("viewer", is_staff=True)
    seeing = Permission.objects.filter(
        content_type__app_label__in=OUR_APPS, codename__startswith="view_"
    )
    user.user_permissions.set(seeing)
    return user


def text_of(response: Any) -> str:
    """Return what a page says: tags out, white space pulled together."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def messages_of(response: Any) -> list[str]:
    """Return the messages that a page shows after an action."""
    return [str(message) for message in response.context["messages"]]
