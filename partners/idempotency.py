"""Answering a repeated request with the first one's answer (contract section 1)."""

from __future__ import annotations

import datetime
import functools
import json
import uuid
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from channel_manager.lib import personal
from channel_manager.lib.canonical import fingerprint
from channel_manager.lib.errors import ErrorCode, Fault, InvalidRequest, Refusal
from channel_manager.lib.sealing import Unsealable, seal, unseal
from channel_manager.lib.strict_json import MalformedJson, loads
from partners.account import Account
from partners.authentication import caller_of
from partners.models import IdempotencyRecord

MAX_KEY_LENGTH = 255
# The contract promises 24 hours at least.
_KEPT_FOR = datetime.timedelta(hours=48)
# Distinguishes our advisory locks from other ones in the same database.
_LOCK_CLASS = 0x1DE3

_View = TypeVar("_View")
_P = ParamSpec("_P")


class InProgress(Refusal):
    """The first request with this key has not been answered yet."""

    code = ErrorCode.IDEMPOTENCY_IN_PROGRESS


class NoLongerReadable(Refusal):
    """The stored answer was sealed with a key that this installation has no more."""

    code = ErrorCode.GONE


class Mismatch(Refusal):
    """The key was used for another request."""

    code = ErrorCode.IDEMPOTENCY_MISMATCH


class SecretResponse(Response):
    """An answer with a secret that is shown this once: what is stored of it is sealed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self["Cache-Control"] = "no-store"


class NamelessResponse(Response):
    """An answer about what is gone, and can be erased no more: what is stored of it names nobody."""


def idempotent(
    handler: Callable[Concatenate[_View, Request, _P], Response],
) -> Callable[Concatenate[_View, Request, _P], Response]:
    """Make a view's handler answer a repeated Idempotency-Key with the stored answer.

    The answer is stored in the transaction of the work, so there is one exactly when there is the
    other; only 2xx answers are stored. Nobody waits: while the first request runs, a second one is
    refused with InProgress. Raises Mismatch when the key belongs to another request.
    """

    @functools.wraps(handler)
    def handle(view: _View, request: Request, *args: _P.args, **kwargs: _P.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        _check_key(key)
        print_ = fingerprint(request.method, request.path, *_body_of(request))
        account = caller_of(request).account
        try:
            with transaction.atomic():
                stored = _lock_and_look_up(account, key)
                if stored is not None:
                    return _replay(stored, print_)
                response = handler(view, request, *args, **kwargs)
                _store(account, key, print_, response)
                return response
        except Refusal:
            # The first request may have committed after the look-up's snapshot, and then it is
            # its own work that stands in our way (such as a duplicate order): its answer counts.
            stored = IdempotencyRecord.objects.filter(
                partner=account.partner, test_mode=account.test_mode, key=key
            ).first()
            if stored is None:
                raise
            return _replay(stored, print_)

    return cast("Callable[Concatenate[_View, Request, _P], Response]", handle)


def prune(*, now: datetime.datetime) -> None:
    """Forget the answers that are older than 48 hours."""
    IdempotencyRecord.objects.filter(created_at__lt=now - _KEPT_FOR).delete()


def blank_answers(*, order_id: uuid.UUID) -> None:
    """Take what the stored answers about an order say of people out of them, for good."""
    records = list(IdempotencyRecord.objects.filter(order_id=order_id))
    for record in records:
        record.body = personal.blanked(record.body)
    IdempotencyRecord.objects.bulk_update(records, ["body"])


def _check_key(key: str) -> None:
    if not key.strip() or len(key) > MAX_KEY_LENGTH or not key.isprintable():
        detail = f"The Idempotency-Key must have 1 to {MAX_KEY_LENGTH} printable characters."
        raise InvalidRequest([Fault("#Idempotency-Key", "invalid_idempotency_key", detail)])


def _body_of(request: Request) -> tuple[object, ...]:
    """Return the body to tell requests apart by, one that cannot be read as JSON included.

    Whether it can is for the handler to say, once it has looked at what comes before the body.
    """
    # The framework reads the same bytes again from where this keeps them.
    body = request._request.body
    try:
        return (loads(body),)
    except MalformedJson:
        return (None, body.decode("latin-1"))


def _lock_and_look_up(account: Account, key: str) -> IdempotencyRecord | None:
    """Take the key's lock until the transaction ends and return the stored answer, if any.

    One statement, whose snapshot may be older than the lock: an answer committed in between is
    not seen, and then the work itself or the unique constraint in `_store` is refused.
    """
    partner_id, mode = account.partner.pk, "test" if account.test_mode else "live"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT locked, r.fingerprint, r.status_code, r.location, r.body"
            " FROM pg_try_advisory_xact_lock(%s, hashtext(%s)) AS locked"
            " LEFT JOIN partners_idempotencyrecord r"
            " ON r.partner_id = %s AND r.test_mode = %s AND r.key = %s",
            [_LOCK_CLASS, f"{partner_id}/{mode}/{key}", partner_id, account.test_mode, key],
        )
        locked, print_, status_code, location, body = cursor.fetchone()
    if print_ is not None:
        return IdempotencyRecord(
            fingerprint=print_, status_code=status_code, location=location, body=body
        )
    if not locked:
        raise _in_progress()
    return None


def _replay(stored: IdempotencyRecord, print_: str) -> Response:
    if stored.fingerprint != print_:
        raise Mismatch("This Idempotency-Key was used for another request.")
    headers = {"Idempotent-Replayed": "true"}
    if stored.location:
        headers["Location"] = stored.location
    return Response(_opened(stored.body), status=stored.status_code, headers=headers)


def _opened(body: str) -> Any:
    """Return a stored answer; one that had a secret was sealed."""
    try:
        return json.loads(body if body.startswith("{") else unseal(body))
    except Unsealable:
        raise NoLongerReadable(
            "The first request was carried out; its answer had a secret and can no longer be opened."
        ) from None


def _store(account: Account, key: str, print_: str, response: Response) -> None:
    record = IdempotencyRecord(
        partner=account.partner,
        test_mode=account.test_mode,
        key=key,
        fingerprint=print_,
        status_code=response.status_code,
        location=response.headers.get("Location", ""),
        body=_kept_of(response),
        order_id=_order_answered(response),
        created_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            record.save(force_insert=True)
    except IntegrityError:
        raise _in_progress() from None


def _kept_of(response: Response) -> str:
    """Return an answer as it is stored."""
    body = json.dumps(response.data, ensure_ascii=False)
    if isinstance(response, SecretResponse):
        return seal(body)
    return personal.blanked(body) if isinstance(response, NamelessResponse) else body


def _order_answered(response: Response) -> str | None:
    """Return the id of the order that an answer shows, None when it shows something else."""
    return response.data.get("orderId") if isinstance(response.data, dict) else None


def _in_progress() -> InProgress:
    return InProgress(
        "The first request with this Idempotency-Key is still running.", retry_after=1
    )
