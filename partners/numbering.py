"""The document numbers of a venue: one sequence each, never reused, never reset."""

import datetime

from django.db import connection

from partners.models import Venue


def next_document_number(*, venue: Venue, now: datetime.datetime) -> str:
    """Draw the venue's next buyFromOrderReference, such as CM26-0000042 (contract section 4).

    The year is the one on the venue's clock. A number drawn by a request that is then refused is
    not given out again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [venue.number_sequence])
        (number,) = cursor.fetchone()
    year = now.astimezone(venue.zone).year % 100
    return f"{venue.reference_prefix}{year:02d}-{number:07d}"
