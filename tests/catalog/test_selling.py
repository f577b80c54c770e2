"""What keeps a package from being sold is told before it is put on sale."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from catalog.models import Item, Package, Price
from catalog.selling import find_faults
from tests.conftest import TOMORROW
from tests.factories import AttractionFactory

pytestmark = pytest.mark.django_db


def faults(package: Package) -> list[tuple[str, str]]:
    found = find_faults(Package.objects.get(pk=package.pk))
    return [(fault.pointer, fault.code) for fault in found]


def timed(package: Package) -> None:
    Package.objects.filter(pk=package.pk).update(dating="timed")


def open_dated(package: Package) -> None:
    Package.objects.filter(pk=package.pk).update(dating="open")
    Price.objects.update(visit_from=TOMORROW)


def a_group(package: Package) -> None:
    Package.objects.filter(pk=package.pk).update(is_group=True)


def empty(package: Package) -> None:
    package.components.update(is_active=False)
    package.prices.all().delete()


@pytest.mark.parametrize(
    ("unfit", "expected"),
    [
        (timed, [("/components", "no_attraction")]),
        (open_dated, [("/prices", "no_price")]),
        (a_group, [("/components", "group_of_several")]),
        (empty, [("/components", "no_active_component"), ("/prices", "no_price")]),
    ],
)
def test_every_fault_is_found(
    bundle: Package, unfit: Callable[[Package], None], expected: list[tuple[str, str]]
) -> None:
    assert faults(bundle) == []
    unfit(bundle)
    assert faults(bundle) == expected


def test_one_item_with_an_attraction_is_enough_for_a_timed_package(bundle: Package) -> None:
    timed(bundle)
    Item.objects.filter(number="CINEMA").update(attraction=AttractionFactory(venue=bundle.venue))
    assert faults(bundle) == []
