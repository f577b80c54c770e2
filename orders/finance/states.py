"""What a line of a statement, or one of our orders, turned out to be when they were matched."""

from django.db import models


class MatchState(models.TextChoices):
    """The states in which matching leaves each line and each order: exactly one of these."""

    MATCHED = "matched", "Matched"
    WITHIN_TOLERANCE = "within_tolerance", "Matched within tolerance"
    AMOUNT_DIFFERS = "amount_differs", "Amount differs"
    COMMISSION_DIFFERS = "commission_differs", "Commission differs"
    CURRENCY_DIFFERS = "currency_differs", "Currency differs"
    QUANTITY_DIFFERS = "quantity_differs", "Quantity differs"
    MISSING_AT_PARTNER = "missing_at_partner", "Missing at partner"
    MISSING_AT_US = "missing_at_us", "Missing at us"
    CANCELLED_HERE = "cancelled_here", "Cancelled here but billed"
    CANCELLED_THERE = "cancelled_there", "Cancelled there but issued"
    DUPLICATE = "duplicate", "Duplicate"
    REVERSAL_PAIR = "reversal_pair", "Reversal pair"
    ADJUSTMENT = "adjustment", "Adjustment"
    WRONG_PERIOD = "wrong_period", "Wrong period"
    WRONG_PARTNER = "wrong_partner", "Wrong partner"
    NOT_BILLABLE = "not_billable", "Not billable"


# What needs no decision: both sides say the same.
AGREED = (MatchState.MATCHED, MatchState.WITHIN_TOLERANCE, MatchState.REVERSAL_PAIR)


class MatchRule(models.TextChoices):
    """By what a line was found to be of an order, best first."""

    BY_HAND = "by_hand", "Linked by hand"
    OUR_NUMBER = "our_number", "Our number"
    THEIR_NUMBER = "their_number", "The partner's number"
    NORMALISED = "normalised", "A number without its signs, zeros and case"
    TICKET_NUMBER = "ticket_number", "A wallet's, ticket's or external number"
