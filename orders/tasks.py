"""Background tasks: each makes one domain call."""

import datetime
import logging
import random
import uuid

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.utils import timezone
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision, utils
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

from channel_manager.history import sign_ins
from orders import (
    backlog,
    batches,
    checkout_erasure,
    checkouts,
    clearing,
    erasure,
    holds,
    issuance,
    mailing,
    paying,
    recovery,
    virtual_queues,
    working_off,
)
from orders.finance import admission_dates, exports, line_reading, reconciling
from orders.outside import availability, ending, notices, reading_back
from orders.payment.providers import sandbox
from orders.queueing import (
    BATCH_TASK,
    CLEARING_TASK,
    END_TASK,
    EXPORT_TASK,
    ISSUE_TASK,
    MAIL_TASK,
    MATCH_TASK,
    NOTIFY_TASK,
    PLACES_TASK,
    READ_TASK,
    STATEMENT_TASK,
)
from partners import idempotency

# Seconds stand last: what a hold frees is for sale within seconds.
HOLD_EXPIRY_CRON = "* * * * * */3"
# Whoever saves an outside id, or looks at a session, is told what is left there seconds later.
ASKING_CRON = "* * * * * */5"
_log = logging.getLogger(__name__)
# 126 s in all. After that recovery gives the order a new job, until its hour is over.
RETRY_WAITS = (2, 4, 8, 16, 32, 64)
# An order that takes its worker down with it must not be handed on for ever.
_MOST_ATTEMPTS = 20
_MOST_SECONDS_APART = 10


class InSteps(BaseRetryStrategy):
    """Try again after each of RETRY_WAITS, in seconds."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when the job is tried again; None once the steps are used up."""
        if job.attempts >= len(RETRY_WAITS):
            return None
        return RetryDecision(retry_in={"seconds": RETRY_WAITS[job.attempts]})


@app.task(name=ISSUE_TASK, queue="orders", retry=InSteps(), pass_context=True)
def issue_order(context: JobContext, order_id: str) -> None:
    """Issue one order, with others if they wait."""
    close_old_connections()
    if context.job.attempts >= _MOST_ATTEMPTS:
        issuance.give_up(order_id=uuid.UUID(order_id), now=timezone.now())
    else:
        backlog.issue(job=context.job, order_id=uuid.UUID(order_id), clock=timezone.now)


@app.periodic(cron=settings.RECOVERY_CRON, periodic_id="recover_orders")
@app.task(name="orders.recover_orders", queue="recovery", queueing_lock="recover_orders")
def recover_orders(timestamp: int) -> None:
    """Recover orders that stand still."""
    close_old_connections()
    recovery.recover_orders(now=timezone.now())


@app.task(name=CLEARING_TASK, queue="closing", retry=InSteps())
def clear_day(closure_id: str, since: str, after: str) -> None:
    """Work off some of the orders of a closed day."""
    close_old_connections()
    clearing.clear_day(
        closure_id=uuid.UUID(closure_id),
        clock=timezone.now,
        since=datetime.datetime.fromisoformat(since) if since else None,
        after=int(after),
    )


@app.task(name=BATCH_TASK, queue="closing", retry=InSteps())
def work_off_batch(batch_id: str, since: str, after: str) -> None:
    """Work off some of the orders of a batch."""
    close_old_connections()
    batches.work_off_batch(
        batch_id=uuid.UUID(batch_id),
        clock=timezone.now,
        after=int(after),
    )


@app.periodic(cron=settings.RECOVERY_CRON, periodic_id="recover_worklists")
@app.task(name="orders.recover_worklists", queue="recovery", queueing_lock="recover_worklists")
def recover_worklists(timestamp: int) -> None:
    """Give closed days and batches that stand still a job."""
    close_old_connections()
    working_off.recover_worklists()


@app.task(name=MAIL_TASK, queue="closing", retry=InSteps(), pass_context=True)
def send_mail(context: JobContext, mail_id: str) -> None:
    """Mail a guest the link of a manifest."""
    close_old_connections()
    mailing.send_mail(
        mail_id=uuid.UUID(mail_id),
        clock=timezone.now,
        is_last_try=context.job.attempts >= len(RETRY_WAITS),
    )


@app.periodic(cron="53 * * * *", periodic_id="give_up_mails")
@app.task(name="orders.give_up_mails", queue="recovery", queueing_lock="give_up_mails")
def give_up_mails(timestamp: int) -> None:
    """Fail e-mails whose job is lost."""
    close_old_connections()
    mailing.give_up_mails(now=timezone.now())


@app.task(name=STATEMENT_TASK, queue="closing", retry=InSteps(), pass_context=True)
def read_statement(context: JobContext, statement_id: str) -> None:
    """Read a partner's statement and match its period."""
    close_old_connections()
    key = uuid.UUID(statement_id)
    if context.job.attempts >= _MOST_ATTEMPTS:
        message = f"Its worker has ended {_MOST_ATTEMPTS} times while it was read."
        line_reading.refuse_statement(statement_id=key, message=message, now=timezone.now())
    else:
        line_reading.read_statement(statement_id=key, clock=timezone.now)


@app.task(name=MATCH_TASK, queue="closing", retry=InSteps())
def match_period(period_id: str) -> None:
    """Match a period's statements with the ledger."""
    close_old_connections()
    reconciling.match_in_background(period_id=uuid.UUID(period_id), now=timezone.now())


@app.periodic(cron=settings.RECOVERY_CRON, periodic_id="recover_statements")
@app.task(name="orders.recover_statements", queue="recovery", queueing_lock="recover_statements")
def recover_statements(timestamp: int) -> None:
    """Give statements whose job was lost another one."""
    close_old_connections()
    line_reading.recover_statements()


@app.task(name=EXPORT_TASK, queue="closing", retry=InSteps(), pass_context=True)
def write_export(context: JobContext, export_id: str) -> None:
    """Write a report to a file."""
    close_old_connections()
    if context.job.attempts >= _MOST_ATTEMPTS:
        message = f"Its worker has ended {_MOST_ATTEMPTS} times while it was written."
        exports.fail_export(export_id=uuid.UUID(export_id), message=message, now=timezone.now())
    else:
        exports.write_export(export_id=uuid.UUID(export_id), clock=timezone.now)


@app.periodic(cron=settings.RECOVERY_CRON, periodic_id="recover_exports")
@app.task(name="orders.recover_exports", queue="recovery", queueing_lock="recover_exports")
def recover_exports(timestamp: int) -> None:
    """Give exports that stand still a job."""
    close_old_connections()
    exports.recover_exports(now=timezone.now())


@app.periodic(cron="11 * * * *", periodic_id="prune_exports")
@app.task(name="orders.prune_exports", queue="recovery", queueing_lock="prune_exports")
def prune_exports(timestamp: int) -> None:
    """Forget files of exports that are two weeks old."""
    close_old_connections()
    exports.prune_exports(now=timezone.now())


@app.periodic(cron=HOLD_EXPIRY_CRON, periodic_id="expire_holds")
@app.task(name="orders.expire_holds", queue="recovery", queueing_lock="expire_holds")
def expire_holds(timestamp: int) -> None:
    """Free the places of holds whose time is over, and give up the checkouts."""
    close_old_connections()
    checkouts.expire_checkouts(now=timezone.now())
    holds.expire_holds(now=timezone.now())


@app.task(name=END_TASK, queue="closing", retry=InSteps())
def end_elsewhere(outside_order_id: str) -> None:
    """Cancel at an outside system."""
    close_old_connections()
    ending.end_in_background(outside_order_id=uuid.UUID(outside_order_id), clock=timezone.now)


@app.task(name=PLACES_TASK, queue="closing")
def ask_places(connection_id: str, outside_session: str) -> None:
    """Ask an outside system what is left of one of its sessions."""
    close_old_connections()
    availability.ask_places(
        connection_id=uuid.UUID(connection_id),
        outside_session=outside_session,
        clock=timezone.now,
    )


@app.periodic(cron=ASKING_CRON, periodic_id="ask_due_places")
@app.task(name="orders.ask_due_places", queue="recovery", queueing_lock="ask_due_places")
def ask_due_places(timestamp: int) -> None:
    """Have outside systems asked what is left, where somebody wants to know."""
    close_old_connections()
    availability.ask_due(now=timezone.now())


@app.periodic(cron="*/10 * * * *", periodic_id="recover_endings")
@app.task(name="orders.recover_endings", queue="recovery", queueing_lock="recover_endings")
def recover_endings(timestamp: int) -> None:
    """Give what stands still on its way to an end at an outside system a job."""
    close_old_connections()
    ending.recover_endings(now=timezone.now())


@app.task(name=READ_TASK, queue="closing", retry=InSteps())
def read_elsewhere(outside_order_id: str, since: str) -> None:
    """Read an order at an outside system back."""
    close_old_connections()
    reading_back.read_in_background(
        outside_order_id=uuid.UUID(outside_order_id),
        since=datetime.datetime.fromisoformat(since),
        clock=timezone.now,
    )


@app.periodic(cron="* * * * * */10", periodic_id="read_due_elsewhere")
@app.task(name="orders.read_due_elsewhere", queue="recovery", queueing_lock="read_due_elsewhere")
def read_due_elsewhere(timestamp: int) -> None:
    """Read back the orders at outside systems whose time for it has come."""
    close_old_connections()
    reading_back.read_due(clock=timezone.now)


@app.periodic(cron="44 * * * *", periodic_id="prune_outside_notices")
@app.task(
    name="orders.prune_outside_notices", queue="recovery", queueing_lock="prune_outside_notices"
)
def prune_outside_notices(timestamp: int) -> None:
    """Forget what outside systems pushed a month ago."""
    close_old_connections()
    notices.prune(now=timezone.now())


@app.task(name=NOTIFY_TASK, queue="closing", retry=InSteps())
def notify_of_sandbox_payment(body: str) -> None:
    """Notify our own host as the payment sandbox."""
    close_old_connections()
    sandbox.notify(body=body, now=timezone.now())


@app.periodic(cron="* * * * * */5", periodic_id="recheck_payments")
@app.task(name="orders.recheck_payments", queue="recovery", queueing_lock="recheck_payments")
def recheck_payments(timestamp: int) -> None:
    """Ask providers how the payments under way stand."""
    close_old_connections()
    paying.recheck_due(clock=timezone.now)


@app.periodic(cron=HOLD_EXPIRY_CRON, periodic_id="call_guests")
@app.task(name="orders.call_guests", queue="recovery", queueing_lock="call_guests")
def call_guests(timestamp: int) -> None:
    """Call whoever is due in a virtual queue, and end what is over."""
    close_old_connections()
    virtual_queues.catch_up(now=timezone.now())


@app.periodic(cron=settings.RECOVERY_CRON, periodic_id="rescue_jobs")
@app.task(
    name="orders.rescue_jobs", queue="recovery", queueing_lock="rescue_jobs", pass_context=True
)
async def rescue_jobs(context: JobContext, timestamp: int) -> None:
    """Hand the jobs of workers that have gone silent to living ones."""
    manager = context.app.job_manager
    stalled = await manager.get_stalled_jobs(
        seconds_since_heartbeat=settings.WORKER_SILENCE_SECONDS
    )
    for job in stalled:
        try:
            await manager.retry_job(job, retry_at=utils.utcnow() + _time_apart(job))
        except ConnectorException:
            # Another worker was first, or the same periodic job waits already.
            _log.info("Job %s was not retried", job.id, exc_info=True)


def _time_apart(job: Job) -> datetime.timedelta:
    """Return how long a rescued job waits: one that has died with its worker more than once, a while.

    One job of those that a worker had may be what kills it. Begun together again and again, the
    others would be given up with it.
    """
    most = min(job.attempts, _MOST_SECONDS_APART) if job.attempts > 1 else 0
    return datetime.timedelta(seconds=random.uniform(0, most))  # noqa: S311 - nobody guesses it


@app.periodic(cron="17 * * * *", periodic_id="prune")
@app.task(name="orders.prune", queue="recovery", queueing_lock="prune", pass_context=True)
async def prune_jobs(context: JobContext, timestamp: int) -> None:
    """Forget jobs that ended a week ago."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=24 * 7, include_failed=True, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="23 * * * *", periodic_id="prune_idempotency")
@app.task(name="partners.prune_idempotency", queue="recovery", queueing_lock="prune_idempotency")
def prune_idempotency(timestamp: int) -> None:
    """Forget stored answers that no partner may still ask for."""
    close_old_connections()
    idempotency.prune(now=timezone.now())


@app.periodic(cron="41 * * * *", periodic_id="prune_sign_ins")
@app.task(name="history.prune_sign_ins", queue="recovery", queueing_lock="prune_sign_ins")
def prune_sign_ins(timestamp: int) -> None:
    """Forget who tried to sign in a month ago."""
    close_old_connections()
    sign_ins.prune(now=timezone.now())


@app.periodic(cron="47 * * * *", periodic_id="prune_sessions")
@app.task(name="history.prune_sessions", queue="recovery", queueing_lock="prune_sessions")
def prune_sessions(timestamp: int) -> None:
    """Forget sessions of the admin that have ended."""
    close_old_connections()
    SessionStore.clear_expired()


@app.periodic(cron="*/10 * * * *", periodic_id="date_admitted")
@app.task(name="orders.date_admitted", queue="recovery", queueing_lock="date_admitted")
def date_admitted(timestamp: int) -> None:
    """Date what counts by admission."""
    close_old_connections()
    admission_dates.date_admitted(now=timezone.now())


@app.periodic(cron="*/10 * * * *", periodic_id="erase_old_orders")
@app.task(name="orders.erase_old_orders", queue="recovery", queueing_lock="erase_old_orders")
def erase_old_orders(timestamp: int) -> None:
    """Erase personal data of visits long past."""
    close_old_connections()
    erasure.erase_old(now=timezone.now())


@app.periodic(cron="35 * * * *", periodic_id="forget_late_answers")
@app.task(name="orders.forget_late_answers", queue="recovery", queueing_lock="forget_late_answers")
def forget_late_answers(timestamp: int) -> None:
    """Forget what endpoints answered of erased and removed orders."""
    close_old_connections()
    erasure.forget_late_answers(now=timezone.now())


@app.periodic(cron="38 * * * *", periodic_id="forget_checkouts")
@app.task(name="orders.forget_checkouts", queue="recovery", queueing_lock="forget_checkouts")
def forget_checkouts(timestamp: int) -> None:
    """Forget purchases that came to nothing, months ago."""
    close_old_connections()
    checkout_erasure.forget_unpaid(now=timezone.now())


@app.periodic(cron="29 * * * *", periodic_id="prune_holds")
@app.task(name="orders.prune_holds", queue="recovery", queueing_lock="prune_holds")
def prune_holds(timestamp: int) -> None:
    """Forget holds that ended a week ago."""
    close_old_connections()
    holds.forget_ended(now=timezone.now())
