"""What staff edited before there was an audit log stands there, too.

A batch is a transaction, and what was copied already is passed over: it can be repeated. Going back
leaves what was copied, for the audit log is append-only.
"""

from django.contrib.admin.models import LogEntry
from django.db import migrations

_PATIENCE = "SET statement_timeout = 0; SET lock_timeout = 0"
_NO_MORE = "RESET statement_timeout; RESET lock_timeout"
_NAMES = {1: "added", 2: "changed", 3: "deleted"}
_AT_ONCE = 1000


def copy(apps, schema_editor):
    """Copy the edits that Django's admin wrote down, the oldest first."""
    entries = apps.get_model("admin", "LogEntry").objects.select_related("content_type")
    last = 0
    while batch := list(entries.filter(pk__gt=last).order_by("pk")[:_AT_ONCE]):
        _copy_batch(apps.get_model("history", "AuditRecord"), batch)
        last = batch[-1].pk


def _copy_batch(records, batch):
    kept = set(
        records.objects.filter(at__in={entry.action_time for entry in batch}).values_list(
            "kind", "subject_id", "name", "actor", "at"
        )
    )
    copies = [_copy_of(records, entry) for entry in batch if entry.action_flag in _NAMES]
    records.objects.bulk_create(
        [
            one
            for one in copies
            if (one.kind, one.subject_id, one.name, one.actor, one.at) not in kept
        ]
    )


def _copy_of(records, entry):
    return records(
        kind=entry.content_type.model[:40] if entry.content_type else "",
        subject_id=(entry.object_id or "")[:64],
        subject=entry.object_repr[:200],
        name=_NAMES[entry.action_flag],
        actor=f"staff:{entry.user_id}",
        reason=LogEntry(change_message=entry.change_message).get_change_message(),
        at=entry.action_time,
    )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("history", "0007_events_by_staff"),
    ]

    operations = [
        migrations.RunSQL(_PATIENCE, _NO_MORE),
        migrations.RunPython(copy, migrations.RunPython.noop),
        migrations.RunSQL(_NO_MORE, _PATIENCE),
    ]
