"""Ordino Common Park Platform, as a seller's backend, a guest's app and a ride speak to it."""

from orders.dialects.ordino import errors  # noqa: F401  (it says how refusals are told)
