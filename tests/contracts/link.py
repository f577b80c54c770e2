"""Link two instances: the shop at one sells on account, and a package of the other is issued there.

`Stack.django("tests.contracts.link", MODE)` runs it with what is to be linked on standard input;
`seller` prints the secret of its VoordeMensen shop, `buyer` the code of a package that the other instance issues.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any

from catalog.models import ComponentSource, Connection, Dating
from partners.keys import create_key
from partners.models import Dialect, Storefront, Venue
from tests.factories import ComponentFactory, ItemFactory, PackageFactory, PriceFactory


def sell_on_account() -> str:
    """Let every shop of the dialects sell on account; return the secret of VoordeMensen's."""
    shops = Storefront.objects.filter(dialect__in=("openticket", "voordemensen"))
    shops.update(sells_on_account=True)
    shop = shops.select_related("partner").get(dialect=Dialect.VOORDEMENSEN)
    return create_key(partner=shop.partner, name="two", dialect=Dialect.VOORDEMENSEN)[1]


def issue_there(told: dict[str, Any]) -> str:
    """Have a new package issued through a connection; return its code."""
    venue = Venue.objects.get(code=told["venue"])
    connection = Connection(venue=venue, name=told["system"], **told["connection"])
    connection.set_credentials(told["credentials"])
    connection.save()
    code = f"THERE-{told['system']}".upper()
    package = PackageFactory.create(venue=venue, code=code, dating=Dating.DATED)
    component = ComponentFactory.create(
        package=package, item=ItemFactory.create(venue=venue, number=f"{code}-ENTRY")
    )
    PriceFactory.create(package=package, amount_incl_vat=Decimal("25.00"))
    ComponentSource.objects.create(component=component, connection=connection, **told["source"])
    return code


if __name__ == "__main__":
    if sys.argv[1] == "seller":
        print(json.dumps(sell_on_account()))
    else:
        print(json.dumps(issue_there(json.loads(sys.stdin.read()))))
