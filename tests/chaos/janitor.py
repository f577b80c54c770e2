"""Does without a pause what the worker does every few seconds: ends overdue holds and drafts.

`Stack.running_django("tests.chaos.janitor")` runs it for a while.
"""

from __future__ import annotations

from django.utils import timezone

from orders.holds import expire_holds
from orders.recovery import recover_orders

if __name__ == "__main__":
    print("at work", flush=True)
    while True:
        expire_holds(now=timezone.now())
        recover_orders(now=timezone.now())
