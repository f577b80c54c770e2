"""Onebox TDS: a basket is filled, pre-confirmed and confirmed; after that it goes by its code.

Contract: Onebox TDS distribution API. Until `confirm` everything lapses by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from catalog.models import Connection
from wallets.connectors.base import (
    Capabilities,
    Catalogue,
    Cause,
    ConnectorError,
    OutsideTicketData,
    PlacesThere,
    PushedNotice,
    Standing,
    TryLater,
    Wish,
)
from wallets.connectors.credentials import secret_of
from wallets.connectors.desk import Desk, Operation, Restart, WhenUnsure
from wallets.connectors.exchange import Reply, fault_of_url
from wallets.connectors.onebox_baskets import fill_basket
from wallets.connectors.onebox_calls import DISTRIBUTION, call, refusal_of
from wallets.connectors.onebox_catalogue import count_sessions, is_id, list_entries, places_of
from wallets.connectors.onebox_orders import (
    CONFIRM,
    code_or_none,
    is_being_issued,
    moment_of,
    order_in,
    require_currency,
    standing_of,
)
from wallets.connectors.onebox_push import (
    HOOK_ID,
    HOOK_KEY,
    Verifier,
    is_hmac_sha256,
    read_notice,
)
from wallets.connectors.onebox_refunds import read_order, refund_tickets
from wallets.connectors.onebox_tokens import SECRET, oauth_url, renew
from wallets.models import CallEffect, OutsideOrder

_CONFIRM = Operation(name="confirm", when_unsure=WhenUnsure.REPEAT, commits=True)
# [D] How long an order's barcodes are waited for, and how often it is looked.
_ISSUING_SECONDS = 120
_LOOK_SECONDS = 5
_LONGEST_LOOK_SECONDS = 60
_HOSTS = {"net", "com"}


class OneboxConnector:
    """Issues through a channel at Onebox. Refunds are by item; `code` is our reference to an order."""

    capabilities = Capabilities(
        hold=True,
        availability=True,
        cancel=True,
        refund=True,
        read_back=True,
        push=True,
        catalogue=True,
    )
    credentials: Sequence[str] = (SECRET,)
    optional_credentials: Sequence[str] = (HOOK_ID, HOOK_KEY)

    def __init__(self, is_signed: Verifier = is_hmac_sha256) -> None:
        self._is_signed = is_signed

    def faults_of(self, connection: Connection) -> Mapping[str, str]:
        """Return what is wrong with a connection's settings, by field; asks nobody."""
        faults = {}
        if fault := fault_of_url(connection.base_url):
            faults["base_url"] = fault
        if connection.second_url and (fault := fault_of_url(connection.second_url)):
            faults["second_url"] = fault
        if not faults and _are_mixed(connection):
            faults["second_url"] = (
                "The OAuth host and the API host must both be .net (test) or both .com."
            )
        if not is_id(connection.account):
            faults["account"] = "The channel id is needed, a number."
        if fault := _fault_of_secrets(connection):
            faults["credentials"] = fault
        return faults

    def check(self, connection: Connection) -> str:
        """Ask for a token and count the sessions; raises ConnectorError."""
        now = timezone.now()
        renew(connection, now)
        count = count_sessions(connection, now)
        return f"The channel is let in; it lists {count} session{'' if count == 1 else 's'}."

    def prepare(self, desk: Desk, wish: Wish) -> None:
        """Fill a basket and pre-confirm it, which gives its code. Resumes where it stopped.

        Raises ConnectorError, TryLater, and Restart when the basket is no more.
        """
        fill_basket(desk, wish)

    def commit(self, desk: Desk, wish: Wish) -> Standing:
        """Confirm, and return the order as it is read by its code. Resumes where it stopped.

        Raises ConnectorError, TryLater, and Restart when it lapsed before it was confirmed.
        """
        self._confirm(desk)
        document = read_order(desk, str(desk.progress["code"]))
        if document is None:
            raise ConnectorError(
                Cause.NOT_KNOWN,
                "What it has confirmed it does not know by its code.",
                permanent=False,
                effect=CallEffect.UNKNOWN,
            )
        confirmed_at = moment_of(desk.progress.get("confirmedAt"))
        is_early = confirmed_at and (desk.clock() - confirmed_at).total_seconds() < _ISSUING_SECONDS
        if is_early and is_being_issued(document):
            raise TryLater(_LOOK_SECONDS, "Its tickets are being made there.")
        return _standing(desk, document)

    def read_back(self, desk: Desk) -> Standing:
        """Tell how an order stands by its stored code, without which it was never confirmed."""
        code = _code_kept(desk)
        if not code:
            return Standing(exists=False)
        document = read_order(desk, code)
        if document is not None:
            standing = _standing(desk, document)
            if desk.last_effect(_CONFIRM) == CallEffect.UNKNOWN:
                desk.resolve(_CONFIRM, is_done=True, keep=_now_kept(desk))
            return standing
        return Standing(
            exists=False if self._is_settled_as_lapsed(desk) else None, outside_reference=code
        )

    def can_change(self, outside_order: OutsideOrder) -> bool:
        """Tell whether there may be something to learn of an order: always."""
        return self.capabilities.read_back

    def cancel(self, desk: Desk, tickets: Sequence[OutsideTicketData]) -> None:
        """Refund items; what is refunded already counts as done. Raises ConnectorError, TryLater."""
        if not tickets:
            return
        code = _code_kept(desk)
        if not code:
            raise ConnectorError(
                Cause.NOT_KNOWN,
                "Its code is not known, so nothing can be refunded.",
                permanent=True,
            )
        refund_tickets(desk, code, tickets)

    def list_catalogue(self, connection: Connection) -> Catalogue:
        """Return each session with each of its price types; raises ConnectorError."""
        return list_entries(connection, timezone.now())

    def ask_places(self, connection: Connection, outside_session: str) -> Sequence[PlacesThere]:
        """Return what is left of each price type of a session; raises ConnectorError."""
        return places_of(connection, outside_session, timezone.now())

    def read_push(
        self, connection: Connection, headers: Mapping[str, str], body: bytes
    ) -> PushedNotice:
        """Verify a webhook and return what it tells; raises BadSignature. Asks nobody."""
        return read_notice(connection, headers, body, self._is_signed)

    def _confirm(self, desk: Desk) -> None:
        """Confirm; what is answered with 404 is looked for by its code (contract C6)."""
        if "missedAt" in desk.progress and desk.last_effect(_CONFIRM) == CallEffect.UNKNOWN:
            self._find(desk)
            return
        order_id = str(desk.progress["id"])

        def confirmed(reply: Reply) -> Mapping[str, Any]:
            order_in(reply.document, CONFIRM, order_id=order_id)
            return _now_kept(desk)

        try:
            call(desk, _CONFIRM, f"{DISTRIBUTION}/confirm", {}, accept=confirmed, order_id=order_id)
        except ConnectorError as error:
            refused = refusal_of(error)
            if refused is None or refused.status_code != 404:
                raise
            if desk.may_exist:
                desk.keep({"missedAt": desk.clock().isoformat()})
                self._find(desk)
                return
            desk.resolve(_CONFIRM, is_done=False)
            raise Restart from error

    def _find(self, desk: Desk) -> None:
        """Find by its code what a confirm in doubt may have made; no other is sent.

        Raises TryLater while its code may still come to be known, Restart once the hold has ended.
        """
        if read_order(desk, str(desk.progress["code"])) is not None:
            desk.resolve(_CONFIRM, is_done=True, keep=_now_kept(desk))
            return
        if self._is_settled_as_lapsed(desk):
            raise Restart
        missed_at = moment_of(desk.progress.get("missedAt")) or desk.clock()
        waited = int((desk.clock() - missed_at).total_seconds())
        raise TryLater(
            min(max(waited, _LOOK_SECONDS), _LONGEST_LOOK_SECONDS),
            "Whether it was confirmed is not known, and its code finds nothing yet.",
        )

    def _is_settled_as_lapsed(self, desk: Desk) -> bool:
        """Tell whether an order that its code does not find was never confirmed, and never will be.

        A confirm that is still under way there can count until the hold ends.
        """
        effect = desk.last_effect(_CONFIRM)
        ends_at = moment_of(desk.progress.get("endsAt"))
        if effect == CallEffect.UNKNOWN and ends_at is not None and desk.clock() >= ends_at:
            desk.resolve(_CONFIRM, is_done=False)
            return True
        return effect in (None, CallEffect.NONE) and bool(desk.progress)


def _are_mixed(connection: Connection) -> bool:
    """Tell whether API and OAuth are of different environments (contract C2)."""
    urls = (connection.base_url, oauth_url(connection))
    ends = {(urlsplit(url).hostname or "").rpartition(".")[2].lower() for url in urls}
    return ends == _HOSTS


def _fault_of_secrets(connection: Connection) -> str | None:
    try:
        secret, hook_id, hook_key = (
            secret_of(connection, name) for name in (SECRET, HOOK_ID, HOOK_KEY)
        )
    except ConnectorError as error:
        return error.detail
    if not secret:
        return "The client secret is missing."
    if bool(hook_id) != bool(hook_key):
        return "The id of a webhook and its key are needed together."
    return None


def _now_kept(desk: Desk) -> Mapping[str, str]:
    return {"confirmedAt": desk.clock().isoformat()}


def _code_kept(desk: Desk) -> str:
    """Return the code of the order: kept by us, or found by a person; "" where there is none."""
    kept = desk.progress.get("code") or desk.outside_order.outside_reference
    return code_or_none({"code": kept}) or ""


def _standing(desk: Desk, order: Mapping[str, Any]) -> Standing:
    progress = desk.progress
    wanted = {(str(s), str(p)): int(n) for s, p, n in progress.get("wanted", ())}
    if currency := progress.get("currency"):
        require_currency(order, str(currency))
    return standing_of(order, _code_kept(desk), wanted)
