"""How many client SQL statements each operation takes (design section 7): counts, never times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import Order
from partners.models import ApiKey
from tests.conftest import TOMORROW, ApiClient

Statements = Callable[[], Any]
Issue = Callable[[str], Order]

POST, ISSUE, GET, LIST = 9, 15, 6, 3


@pytest.fixture(autouse=True)
def fresh_key(api: ApiClient) -> None:
    """Count the note of when a key was last used, too; it is made once a minute."""
    ApiKey.objects.update(last_used_at=None)


def day(quantity: int = 1, **wallet: Any) -> dict[str, Any]:
    line = {"itemNumber": "DAY", "quantity": quantity, "visitDate": TOMORROW.isoformat()}
    return {**line, "wallet": wallet} if wallet else line


def numbered(quantity: int, prefix: str) -> dict[str, Any]:
    numbers = [f"{prefix}/{n}" for n in range(quantity)]
    return day(quantity, externalReferenceNumbers=numbers, names=[f"Guest {n}" for n in numbers])


def bundle(quantity: int) -> dict[str, Any]:
    return {**day(quantity), "itemNumber": "BUNDLE"}


def counted(statements: Statements, work: Callable[[], Any], allowed: int) -> tuple[int, Any]:
    """Do it, fail with the statements themselves when there are too many, and return the count."""
    with statements() as count:
        result = work()
    assert len(count) <= allowed, "\n".join(count.statements)
    return len(count), result


@pytest.mark.parametrize("key", ["", "a-key"])
def test_a_post_takes_as_many_statements_for_500_lines_as_for_one(
    api: ApiClient, statements: Statements, key: str
) -> None:
    taken = set()
    for lines in (1, 10, 500):
        items = [day() if n % 2 else bundle(1) for n in range(lines)]
        body = api.order_body(*items, sellToOrderReference=f"WEB-{lines}")
        ApiKey.objects.update(last_used_at=None)
        count, response = counted(
            statements,
            lambda: api.post(body, idempotency_key=key and f"{key}-{lines}"),  # noqa: B023
            POST,
        )
        assert response.status_code == 201
        taken.add(count)
    assert len(taken) == 1


@pytest.mark.parametrize("lines", [1, 10, 500])
def test_a_post_with_guest_numbers_is_within_the_budget(
    api: ApiClient, statements: Statements, lines: int
) -> None:
    items = [numbered(2, f"line-{n}") for n in range(lines)]
    _, response = counted(
        statements, lambda: api.post(api.order_body(*items), idempotency_key="a-key"), POST
    )
    assert response.status_code == 201


def test_a_refused_post_is_within_the_budget(api: ApiClient, statements: Statements) -> None:
    api.create(numbered(20, "taken"))
    for reference, code in (("WEB-1", "duplicate_order"), ("WEB-2", "external_reference_taken")):
        body = api.order_body(numbered(20, "taken"), sellToOrderReference=reference)
        _, response = counted(
            statements,
            lambda: api.post(body, idempotency_key=f"key-{reference}"),  # noqa: B023
            POST,
        )
        assert (response.status_code, response.json()["code"]) == (400, code)


def test_a_repeated_post_takes_two_statements(api: ApiClient, statements: Statements) -> None:
    body = api.order_body(day(4))
    for _ in range(2):  # the first repeat of a partner is a milestone, which is written once
        api.post(body, idempotency_key="a-key")
    _, response = counted(statements, lambda: api.post(body, idempotency_key="a-key"), 2)
    assert response.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("payment", ["PAY-1", None])
def test_issuing_takes_as_many_statements_for_1000_wallets_as_for_one(
    api: ApiClient, statements: Statements, issue: Issue, payment: str | None
) -> None:
    taken = set()
    for wallets in (1, 20, 1000):
        made = api.create(
            bundle(wallets), sellToOrderReference=f"WEB-{wallets}", paymentReference=payment
        )
        # One more than issuing takes: the order is read back to be looked at.
        count, order = counted(
            statements,
            lambda: issue(made["orderId"]),  # noqa: B023
            ISSUE + 1,
        )
        assert order.status == ("Issued" if payment else "Draft")
        taken.add(count - 1)
    assert len(taken) == 1


def test_issuing_500_lines_is_within_the_budget(
    api: ApiClient, statements: Statements, issue: Issue
) -> None:
    made = api.create(*[bundle(2) for _ in range(500)])
    counted(statements, lambda: issue(made["orderId"]), ISSUE + 1)


@pytest.mark.parametrize(("lines", "quantity"), [(1, 1), (1, 1000), (500, 2)])
def test_a_get_is_within_the_budget(
    api: ApiClient, statements: Statements, issue: Issue, lines: int, quantity: int
) -> None:
    made = api.create(*[bundle(quantity) for _ in range(lines)])
    issue(made["orderId"])
    ApiKey.objects.update(last_used_at=None)
    _, response = counted(statements, lambda: api.get(f"{api.base}/{made['orderId']}"), GET)
    assert len(response.json()["items"]) == lines


def test_a_list_page_takes_as_many_statements_for_100_rows_as_for_one(
    api: ApiClient, statements: Statements
) -> None:
    taken = set()
    for rows in (1, 100):
        for number in range(Order.objects.count(), rows):
            api.create(sellToOrderReference=f"WEB-{number}")
        ApiKey.objects.update(last_used_at=None)
        count, response = counted(
            statements, lambda: api.get(f"{api.base}/orders/{api.partner.pk}"), LIST
        )
        assert len(response.json()["data"]) == rows
        taken.add(count)
    assert len(taken) == 1
    following = api.get(f"{api.base}/orders/{api.partner.pk}?pageSize=10").json()["nextPageKey"]
    counted(
        statements,
        lambda: api.get(f"{api.base}/orders/{api.partner.pk}?pageSize=10&pageKey={following}"),
        LIST,
    )
