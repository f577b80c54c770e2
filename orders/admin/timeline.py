"""How the events of an order are shown."""

from collections.abc import Mapping

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
    "link_resent": Look("Link sent to the partner again", "send"),
    "mail_asked": Look("E-mail to the guest asked for", "outgoing_mail"),
    "mail_sent": Look("E-mail sent to the guest", "mark_email_read", "success"),
    "mail_failed": Look("E-mail not sent", "unsubscribe", "danger"),
    "reissued": Look("Ticket reissued", "autorenew", "warning"),
    "wallets_cancelled": Look("Wallets cancelled", "block", "warning"),
    "cancelled": Look("Cancelled", "block", "danger"),
    "deleted": Look("Deleted", "delete", "danger"),
}
