"""Pages of long lists, without counting a whole table."""

from __future__ import annotations

from typing import Any

from django.utils.functional import cached_property

from channel_manager.lib.admin.typed import Paginator

LIMIT = 10_000


class CappedPaginator(Paginator[Any]):
    """Pages through the first 10,000 rows; beyond them one searches or filters."""

    template_name = "admin/capped_pagination.html"

    @cached_property
    def count(self) -> int:
        """Count the rows, up to the limit: a bounded read however long the table is."""
        rows: Any = self.object_list
        found: int = rows.order_by()[: LIMIT + 1].count()
        self.is_capped = found > LIMIT
        return min(found, LIMIT)

    is_capped = False
