"""What the commands say of themselves: a sentence each, and one for each of their own options."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

OURS = sorted(
    name
    for name, app in get_commands().items()
    if app in ("channel_manager", "partners", "catalog", "wallets", "orders")
)


class _Plain(BaseCommand):
    """A command without options of its own: what is left are Django's."""


def own_options(name: str) -> dict[str, str]:
    """Return what a command says of each option that Django does not give to all."""
    djangos = {action.dest for action in _Plain().create_parser("manage.py", name)._actions}
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    return {
        action.dest: action.help or "" for action in parser._actions if action.dest not in djangos
    }


@pytest.mark.parametrize("name", OURS)
def test_a_command_and_its_options_are_explained_in_sentences(name: str) -> None:
    told = {
        name: load_command_class(get_commands()[name], name).help,
        **own_options(name),
    }
    unfinished = {about for about, text in told.items() if not text.endswith(".")}
    assert unfinished == set()


@pytest.mark.django_db
def test_somebody_who_is_not_there_is_a_wrong_option() -> None:
    with pytest.raises(CommandError, match="There is nobody called ann") as refused:
        call_command("resettwofactor", "ann")
    assert refused.value.returncode == 2
