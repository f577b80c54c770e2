"""Why orders at other systems could not be read back, in words."""

from __future__ import annotations

from django.http import HttpRequest

from catalog.models import Connection
from channel_manager.lib.admin import columns
from wallets.admin.connections.words import tell
from wallets.models import OutsideOrder, OutsideOrderStatus

_READ = (OutsideOrderStatus.MADE, OutsideOrderStatus.UNKNOWN, OutsideOrderStatus.LEFT)
# One that fails says so on its own page.
_SEVERAL = 2


def tell_of_order(row: OutsideOrder) -> str:
    """Return why an order's last reading failed, and when; "" once it could be read."""
    if not row.read_cause:
        return ""
    when = columns.moment(row.read_failed_at, row.connection.venue.zone)
    return f"{when}: {tell(row.read_cause, row.read_message)}"


def tell_of_connection(request: HttpRequest, connection: Connection) -> str:
    """Return how many of a connection's orders cannot be read, and the last fault; "" of fewer
    than two, and for those who may not see them.
    """
    if not request.user.has_perm("wallets.view_outsideorder"):
        return ""
    rows = OutsideOrder.objects.filter(connection=connection, status__in=_READ)
    failed = rows.exclude(read_cause="").select_related("connection__venue")
    count = failed.count()
    if count < _SEVERAL:
        return ""
    last = failed.defer("connection__venue__logo").order_by("-read_failed_at", "-pk")[0]
    return f"{count} of its orders could not be read back. The last, {tell_of_order(last)}"
