"""Ends overdue holds without a pause, as the worker does every few seconds.

`Stack.start_django("tests.chaos.expirer")` runs it until it is stopped.
"""

from __future__ import annotations

from django.utils import timezone

from orders.holds import expire_holds

if __name__ == "__main__":
    print("at work", flush=True)
    while True:
        expire_holds(now=timezone.now())
