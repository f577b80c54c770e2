"""How what happens to an order is shown."""

from collections.abc import Mapping

from orders.models import LedgerKind, RequestKind
from partners.admin.webhooks.page import AttemptView
from partners.timeline import Look

LOOKS: Mapping[str, Look] = {
    "submitted": Look("Submitted", "inbox"),
    "scheduled": Look("Picked up", "schedule"),
    "started": Look("Issuing started", "play_arrow"),
    "recovered": Look("Stalled, taken up again", "restart_alt", "warning"),
    "drafted": Look("Drafted", "edit_document"),
    "issued": Look("Issued", "task_alt", "success"),
    "failed": Look("Failed", "error", "danger"),
    "confirmed": Look("Confirmed", "payments", "success"),
    "payment_differs": Look("Other payment reference", "priority_high", "warning"),
    "replaced": Look("Replaced by the partner", "swap_horiz"),
    "replayed": Look("Replayed", "replay"),
    "admitted": Look("Admitted", "how_to_reg", "success"),
    "admission_undone": Look("Admission undone", "undo", "warning"),
    "places_returned": Look("Places given back", "event_busy", "warning"),
    "moved": Look("Moved to another day", "event_repeat", "warning"),
    "erased": Look("Personal data erased", "person_remove", "warning"),
    "link_resent": Look("Link sent to the partner again", "send"),
    "mail_asked": Look("E-mail to the guest asked for", "outgoing_mail"),
    "mail_sent": Look("E-mail sent to the guest", "mark_email_read", "success"),
    "mail_failed": Look("E-mail not sent", "unsubscribe", "danger"),
    "reissued": Look("Ticket reissued", "autorenew", "warning"),
    "wallets_cancelled": Look("Wallets cancelled", "block", "warning"),
    "cancelled": Look("Cancelled", "block", "danger"),
    "deleted": Look("Deleted", "delete", "danger"),
}
REQUEST_LOOKS: Mapping[str, Look] = {
    RequestKind.CREATE: Look("Order received", "move_to_inbox"),
    RequestKind.REPLACE: Look("Replacement received", "move_to_inbox"),
    RequestKind.CONFIRM: Look("Confirmation received", "move_to_inbox"),
    RequestKind.DELETE: Look("Cancellation received", "move_to_inbox"),
}
LEDGER_LOOKS: Mapping[str, Look] = {
    LedgerKind.SALE: Look("Sale posted", "account_balance"),
    LedgerKind.REVERSAL: Look("Sale taken back", "account_balance", "warning"),
    LedgerKind.ADJUSTMENT: Look("Adjustment posted", "account_balance", "warning"),
}
NOT_DONE = Look("Could not be done", "running_with_errors", "warning")
REFUSED_SCAN = Look("Refused at the gate", "do_not_disturb_on", "danger")


def attempt_look(view: AttemptView) -> Look:
    """Return how an attempt to tell the partner is shown: by how it ended."""
    is_over = view.attempt.status_code is not None or view.attempt.error
    colour = "success" if view.is_success else "danger" if is_over else ""
    return Look(f"Webhook: {view.outcome}", "webhook", colour)
