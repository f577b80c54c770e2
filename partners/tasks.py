"""Background tasks of webhooks: each makes one domain call."""

import asyncio
import contextvars
import functools
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone
from procrastinate.contrib.django import app

from channel_manager.lib.queues import SENDER_QUEUE
from partners import limits
from partners.webhooks import delivering, pruning, publishing
from partners.webhooks.dispatching import DELIVER_TASK
from partners.webhooks.recording import PUBLISH_TASK, QUEUE

# What has become due goes out within seconds.
DISPATCH_CRON = "* * * * * */2"
# Senders mostly wait: they have threads of their own, or slow receivers would hold up other jobs.
_senders = ThreadPoolExecutor(settings.WEBHOOK_SENDERS, thread_name_prefix="webhook")


@app.task(name=PUBLISH_TASK, queue=QUEUE)
def publish_events() -> None:
    """Number new events and send them where partners want them."""
    close_old_connections()
    publishing.publish_events(now=timezone.now())


@app.task(name=DELIVER_TASK, queue=SENDER_QUEUE)
async def deliver_webhook(delivery_id: str, attempt: str) -> None:
    """Make one attempt to deliver."""
    # What is logged there carries the job's ids, too.
    context = contextvars.copy_context()
    job = functools.partial(context.run, _deliver, int(delivery_id), int(attempt))
    await asyncio.get_running_loop().run_in_executor(_senders, job)


@app.periodic(cron=DISPATCH_CRON, periodic_id="dispatch_webhooks")
@app.task(name="partners.dispatch_webhooks", queue=QUEUE, queueing_lock="dispatch_webhooks")
def dispatch_webhooks(timestamp: int) -> None:
    """Send what has become due, and publish what was left behind."""
    close_old_connections()
    publishing.catch_up(now=timezone.now())


@app.periodic(cron="41 * * * *", periodic_id="prune_events")
@app.task(name="partners.prune_events", queue="recovery", queueing_lock="prune_events")
def prune_events(timestamp: int) -> None:
    """Forget events that are too old."""
    close_old_connections()
    pruning.prune_events(now=timezone.now())


@app.periodic(cron="47 * * * *", periodic_id="forget_visitors")
@app.task(name="partners.forget_visitors", queue="recovery", queueing_lock="forget_visitors")
def forget_visitors(timestamp: int) -> None:
    """Forget addresses that asked a storefront for nothing lately."""
    close_old_connections()
    limits.forget_visitors(now=timezone.now())


def _deliver(delivery_id: int, attempt: int) -> None:
    close_old_connections()
    delivering.deliver(delivery_id=delivery_id, attempt=attempt, clock=timezone.now)
