"""How the events of an order are shown."""

from collections.abc import Mapping

from partners.timeline import Look

LOOKS: Mapping[str, Look] = {
    "submitted": Look("Submitted", "inbox"),
    "scheduled": Look("Picked up for processing", "schedule"),
    "started": Look("Issuing started", "play_arrow"),
    "recovered": Look("Stalled, handed to another worker", "restart_alt", "warning"),
    "drafted": Look("Drafted: assets minted, waiting for payment", "edit_document"),
    "issued": Look("Issued", "task_alt", "success"),
    "failed": Look("Failed", "error", "danger"),
    "confirmed": Look("Confirmed", "payments", "success"),
    "payment_differs": Look(
        "Confirmed again with another payment reference", "priority_high", "warning"
    ),
    "replaced": Look("Replaced by the partner", "swap_horiz"),
    "replayed": Look("Replayed", "replay"),
    "cancelled": Look("Cancelled", "block", "danger"),
    "deleted": Look("Deleted", "delete", "danger"),
}
