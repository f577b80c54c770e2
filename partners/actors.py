"""Who is meant by an actor of the event log."""

import uuid
from collections.abc import Collection

from django.contrib.auth import get_user_model

from partners.models import Partner

_WORKER = "System"


def name_actors(actors: Collection[str]) -> dict[str, str]:
    """Return a readable name for each actor: a username, a partner's name, or System.

    An actor that no longer exists keeps its id. Two statements at most.
    """
    ids: dict[str, set[str]] = {"staff": set(), "partner": set()}
    for actor in actors:
        kind, _, key = actor.partition(":")
        if kind in ids and _is_key(kind, key):
            ids[kind].add(key)
    names = {"worker": _WORKER}
    if ids["staff"]:
        users = get_user_model()._default_manager.filter(pk__in=ids["staff"])
        names |= {f"staff:{user.pk}": user.get_username() for user in users}
    if ids["partner"]:
        partners = Partner.objects.filter(pk__in=ids["partner"])
        names |= {partner.actor: partner.name for partner in partners.only("name")}
    return {actor: names.get(actor, actor) for actor in actors}


def _is_key(kind: str, text: str) -> bool:
    """Tell whether the text can be a primary key of the kind."""
    if kind == "staff":
        return text.isdecimal()
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
