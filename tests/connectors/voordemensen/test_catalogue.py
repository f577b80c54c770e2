"""How much of a long programme is read: as much as there is time for, and the rest is not hidden."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from catalog.models import Connection
from tests.fakes.faults import Fault
from tests.fakes.voordemensen_system import CHILD, EVENING, MATINEE, VoordeMensenSystem
from wallets.admin.connections import catalogue
from wallets.connectors import voordemensen_catalogue
from wallets.connectors.base import Cause, ConnectorError
from wallets.connectors.voordemensen import VoordeMensenConnector

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    cache.clear()


def sell(system: VoordeMensenSystem, count: int) -> None:
    """Have it sell so many sub-events, one each day."""
    keys = range(5000, 5000 + count)
    system.types = {key: [CHILD] for key in keys}
    system.names = dict.fromkeys(keys, "Molen")
    days = {key: divmod(key - 5000, 28) for key in keys}
    system.dates = {
        key: (f"2027-{month + 1:02}-{day + 1:02}", "14:00:00") for key, (month, day) in days.items()
    }


def test_more_than_a_hundred_sub_events_are_read_whole(
    connection: Connection, system: VoordeMensenSystem
) -> None:
    sell(system, 120)
    listed = catalogue.read_catalogue(connection)
    assert (len(listed), listed.is_cut) == (120, False)
    kept = catalogue.read_catalogue(connection)
    assert (kept, kept.is_cut) == (listed, False)


def test_more_than_the_most_are_cut_the_next_ones_first(
    connection: Connection, system: VoordeMensenSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voordemensen_catalogue, "MOST_SUB_EVENTS", 3)
    sell(system, 4)
    listed = catalogue.read_catalogue(connection)
    assert [one.outside_session for one in listed] == ["5000", "5001", "5002"]
    assert listed.is_cut
    assert catalogue.read_catalogue(connection).is_cut  # as it was kept


def test_what_there_is_no_time_for_is_cut_off(
    connection: Connection, system: VoordeMensenSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "LONGEST_SECONDS", 2)
    connection.read_seconds = 20
    system.faults.hooks[("ticket_types", "answered")] = lambda: system.faults.add(
        "ticket_types", Fault.TIMEOUT_BEFORE
    )
    listed = catalogue.read_catalogue(connection)
    assert {one.outside_session for one in listed} == {str(MATINEE)}
    assert listed.is_cut


def test_a_question_that_fails_by_itself_fails_the_list(
    connection: Connection, system: VoordeMensenSystem
) -> None:
    del system.types[EVENING]
    system.faults.add("ticket_types", Fault.TIMEOUT_BEFORE)
    with pytest.raises(ConnectorError) as fault:
        VoordeMensenConnector().list_catalogue(connection)
    assert fault.value.cause == Cause.TIMED_OUT
