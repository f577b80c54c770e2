"""What there is to match in a period: read anew, and hashed, to tell whether anything has changed."""

from __future__ import annotations

from django.db.models import Count, F, Max, Q, Sum

from channel_manager.lib.canonical import fingerprint
from orders.models import LedgerEntry, Period, Statement, StatementLine, StatementStatus
from partners.models import Contract


def contract_of(period: Period) -> Contract | None:
    """Return the contract that a period goes by: the last of those that hold on some day of it."""
    of_days = Q(valid_until=None) | Q(valid_until__gte=period.first_day)
    contracts = Contract.objects.filter(of_days, partner=period.partner_id)
    return contracts.filter(valid_from__lte=period.last_day).order_by("valid_from").last()


def lines_of(period: Period) -> list[StatementLine]:
    """Return every line of a period's statements, in the order they were uploaded and written."""
    lines = StatementLine.objects.filter(
        statement__period=period, statement__status=StatementStatus.READ
    )
    return list(lines.order_by("statement__uploaded_at", "statement_id", "row"))


def size_of(period: Period) -> int:
    """Return how many lines and entries there are to match."""
    lines = StatementLine.objects.filter(
        statement__period=period, statement__status=StatementStatus.READ
    )
    return lines.count() + LedgerEntry.objects.counting_in(period).count()


def hash_of(period: Period) -> str:
    """Return a hash that changes with anything that matching a period goes by."""
    entries = LedgerEntry.objects.counting_in(period).aggregate(
        count=Count("pk"),
        last=Max("pk"),
        keys=Sum("pk"),
        gross_sum=Sum("gross"),
        net_sum=Sum(F("gross") - F("commission")),
    )
    statements = Statement.objects.filter(period=period, status=StatementStatus.READ)
    linked = StatementLine.objects.filter(
        statement__in=statements, linked_order__isnull=False
    ).order_by("pk")
    contract = contract_of(period)
    return fingerprint(
        str(contract.tolerance if contract else 0),
        {name: str(value) for name, value in entries.items()},
        [str(key) for key in statements.order_by("pk").values_list("pk", flat=True)],
        [f"{pk}:{order}" for pk, order in linked.values_list("pk", "linked_order")],
    )
