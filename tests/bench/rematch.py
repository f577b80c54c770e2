"""A period matched anew: `Stack.django` runs it; it prints seconds and CPU seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
import uuid

from django.utils import timezone

from orders.finance.reconciling import match_period


def main(period: str) -> None:
    """Match it."""
    started, cpu = time.perf_counter(), time.process_time()
    match_period(period_id=uuid.UUID(period), now=timezone.now())
    spent = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    print(json.dumps(spent))


if __name__ == "__main__":
    main(*sys.argv[1:])
