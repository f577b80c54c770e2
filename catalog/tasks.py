"""Background tasks: each makes one domain call."""

from django.db import close_old_connections
from django.utils import timezone
from procrastinate.contrib.django import app

from catalog import scheduling


@app.periodic(cron="7 * * * *", periodic_id="extend_horizon")
@app.task(name="catalog.extend_horizon", queue="recovery", queueing_lock="extend_horizon")
def extend_horizon(timestamp: int) -> None:
    """Make the sessions of the days that have come within the horizon."""
    close_old_connections()
    scheduling.extend_horizon(now=timezone.now())
