"""Who is meant by an actor of the event log."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from django.contrib.auth import get_user_model

from channel_manager.history.runner import WORKER
from partners.models import Partner

# From primary keys, as text, to names; a key that is missing is nobody's.
Namer = Callable[[Collection[str]], Mapping[str, str]]
_NOBODY = "System"


def name_actors(actors: Collection[str]) -> dict[str, str]:
    """Return a readable name for each actor: a username, a partner's name, or System.

    An actor that no longer exists keeps its id. One statement for each kind at most.
    """
    keys: dict[str, set[str]] = defaultdict(set)
    for actor in actors:
        kind, _, key = actor.partition(":")
        if kind in _NAMERS and _is_key(kind, key):
            keys[kind].add(key)
    names = {WORKER: _NOBODY}
    for kind, wanted in keys.items():
        names |= {f"{kind}:{key}": name for key, name in _NAMERS[kind](wanted).items()}
    return {actor: names.get(actor, actor) for actor in actors}


def register_namer(kind: str, namer: Namer) -> None:
    """Have the actors `<kind>:<uuid>` of another app named, or `connector:<system>`."""
    _NAMERS[kind] = namer


def _name_staff(keys: Collection[str]) -> dict[str, str]:
    users = get_user_model()._default_manager.filter(pk__in=keys)
    return {str(user.pk): user.get_username() for user in users}


def _name_partners(keys: Collection[str]) -> dict[str, str]:
    partners = Partner.objects.filter(pk__in=keys)
    return {str(partner.pk): partner.name for partner in partners.only("name")}


def _is_key(kind: str, text: str) -> bool:
    """Tell whether the text can be a primary key of the kind."""
    if kind == "staff":
        return text.isdecimal()
    if kind == "connector":
        return text.isalpha()
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


_NAMERS: dict[str, Namer] = {"staff": _name_staff, "partner": _name_partners}
