"""What a statement's net is worked out by when it only says the gross."""

import datetime
from decimal import Decimal

import pytest

from orders.finance.statement_terms import net_of
from orders.models import Period
from partners.models import Partner
from tests.finance.agreed import agree

pytestmark = pytest.mark.django_db


def test_a_contract_that_ends_within_the_period_still_works_out_its_nets(partner: Partner) -> None:
    agree(partner, percent=Decimal(25), valid_until=datetime.date(2026, 6, 20))
    june = Period(
        partner=partner,
        first_day=datetime.date(2026, 6, 1),
        last_day=datetime.date(2026, 6, 30),
    )

    assert net_of(june)(Decimal("40.00"), 1) == Decimal("30.00")
