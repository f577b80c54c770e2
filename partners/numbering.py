"""The document numbers of a venue: a sequence for sales and one for tests, never reused or reset."""

import datetime

from channel_manager.lib import prepared
from partners.account import Account

# What the document number of a test order begins with.
TEST_PREFIX = "T-"


def next_document_number(*, account: Account, now: datetime.datetime) -> str:
    """Draw the venue's next buyFromOrderReference, such as CM26-0000042 (contract section 4).

    A test order's is such as T-CM26-0000042, from a sequence of its own. The year is the one on the venue's clock. A number drawn by a request that is then refused is
    not given out again.
    """
    venue = account.venue
    sequence, prefix = venue.number_sequence, venue.reference_prefix
    if account.test_mode:
        sequence, prefix = venue.test_number_sequence, f"{TEST_PREFIX}{prefix}"
    ((number,),) = prepared.rows_of("SELECT nextval(%s::text::regclass)", [sequence])
    year = now.astimezone(venue.zone).year % 100
    return f"{prefix}{year:02d}-{number:07d}"
