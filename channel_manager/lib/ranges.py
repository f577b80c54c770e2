"""Ranges of dates as PostgreSQL has them."""

from django.contrib.postgres.fields import DateRangeField
from django.db.models import Func


class DateRange(Func):
    """PostgreSQL's `daterange(from, until, '[]')`; an empty end is open."""

    function = "daterange"
    output_field = DateRangeField()
