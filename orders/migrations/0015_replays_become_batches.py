"""A replay is one thing that is done with many orders at once: a batch.

Tables, columns and constraints that mean the same are renamed; new rules are checked for new rows
and validated by the next migration.
"""

import django_fsm
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

_OUTCOMES = [
    ("waiting", "Waiting"),
    ("replayed", "Submitted again"),
    ("confirmed", "Confirmed"),
    ("moved", "Moved"),
    ("cancelled", "Cancelled"),
    ("removed", "Removed"),
    ("kept", "Kept"),
    ("skipped", "Nothing to do"),
    ("failed", "Failed"),
]
_FILL = "UPDATE orders_batch SET status = 'Done' WHERE finished_at IS NOT NULL"


def _renamed(
    old: str, new: str, constraint: models.CheckConstraint | models.UniqueConstraint
) -> migrations.RunSQL:
    """Rename a constraint of the rows that says the same as before."""
    rename = "ALTER TABLE orders_batchorder RENAME CONSTRAINT {} TO {}"
    return migrations.RunSQL(
        rename.format(old, new),
        rename.format(new, old),
        state_operations=[
            migrations.RemoveConstraint("batchorder", old),
            migrations.AddConstraint("batchorder", constraint),
        ],
    )


def _index_renamed(old: str, new: str, state: list[Operation]) -> migrations.RunSQL:
    rename = "ALTER INDEX {} RENAME TO {}"
    return migrations.RunSQL(
        rename.format(old, new), rename.format(new, old), state_operations=state
    )


class Migration(migrations.Migration):
    dependencies = [("orders", "0014_orders_are_searched")]

    operations = [
        migrations.RenameModel("Replay", "Batch"),
        migrations.RenameModel("ReplayOrder", "BatchOrder"),
        migrations.RenameField("BatchOrder", "replay", "batch"),
        migrations.RenameField("BatchOrder", "failed_at", "unchanged_since"),
        _index_renamed("orders_replay_pkey", "orders_batch_pkey", []),
        _index_renamed("orders_replayorder_pkey", "orders_batchorder_pkey", []),
        _index_renamed(
            "replay_order_by_outcome",
            "batch_order_by_outcome",
            [
                migrations.RemoveIndex("batchorder", "replay_order_by_outcome"),
                migrations.AddIndex(
                    "batchorder",
                    models.Index(fields=["batch", "outcome", "id"], name="batch_order_by_outcome"),
                ),
            ],
        ),
        _renamed(
            "replay_order_once",
            "batch_order_once",
            models.UniqueConstraint(fields=("batch", "order_id"), name="batch_order_once"),
        ),
        _renamed(
            "settled_replay_order_says_when",
            "settled_batch_order_says_when",
            models.CheckConstraint(
                condition=models.Q(
                    ("settled_at__isnull", False), ("outcome", "waiting"), _connector="XOR"
                ),
                name="settled_batch_order_says_when",
            ),
        ),
        _renamed(
            "failed_replay_order_says_why",
            "failed_batch_order_says_why",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "failed"), _negated=True),
                    models.Q(("message", ""), _negated=True),
                    _connector="OR",
                ),
                name="failed_batch_order_says_why",
            ),
        ),
        migrations.AlterModelOptions(
            "batch", {"ordering": ("-started_at", "-id"), "verbose_name_plural": "batches"}
        ),
        migrations.AddField(
            "batch",
            "action",
            models.CharField(
                choices=[
                    ("replay", "Replay"),
                    ("confirm", "Confirm"),
                    ("move", "Move to another day"),
                    ("cancel", "Cancel"),
                ],
                default="replay",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "batch",
            "status",
            django_fsm.FSMField(
                choices=[("Running", "Running"), ("Done", "Done"), ("Stopped", "Stopped")],
                default="Running",
                max_length=50,
                protected=True,
            ),
        ),
        migrations.AddField(
            "batch",
            "from_date",
            models.DateField(blank=True, help_text="The day that is moved.", null=True),
        ),
        migrations.AddField(
            "batch",
            "to_date",
            models.DateField(blank=True, help_text="Where it is moved to.", null=True),
        ),
        migrations.AddField(
            "batch",
            "payment_reference",
            models.CharField(
                blank=True,
                default="",
                help_text="What drafts are confirmed with.",
                max_length=128,
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            "batch",
            "title",
            models.CharField(help_text="What is done, in words.", max_length=300),
        ),
        migrations.AlterField(
            "batch",
            "fingerprint",
            models.CharField(
                blank=True,
                help_text="The cause that was mended, where all of its orders are replayed.",
                max_length=160,
            ),
        ),
        migrations.AlterField(
            "batchorder",
            "batch",
            models.ForeignKey(
                db_index=False,
                on_delete=models.deletion.CASCADE,
                related_name="rows",
                to="orders.batch",
            ),
        ),
        migrations.AlterField(
            "batchorder",
            "unchanged_since",
            models.DateTimeField(
                help_text="When it was last changed before it was chosen; changed since, it is "
                "left alone."
            ),
        ),
        migrations.AlterField(
            "batchorder",
            "message",
            models.TextField(blank=True, help_text="Why it failed, or still waits."),
        ),
        migrations.AlterField(
            "closureorder",
            "closure",
            models.ForeignKey(
                db_index=False,
                on_delete=models.deletion.CASCADE,
                related_name="rows",
                to="orders.closure",
            ),
        ),
        *(
            migrations.AlterField(
                model,
                "outcome",
                models.CharField(choices=_OUTCOMES, default="waiting", max_length=10),
            )
            for model in ("batchorder", "closureorder")
        ),
        migrations.RemoveConstraint("batch", "one_replay_at_a_time"),
        migrations.RemoveConstraint("batchorder", "replay_outcome_known"),
        migrations.RemoveConstraint("closureorder", "closure_outcome_known"),
        *(
            AddConstraintNotValid(
                model_name=f"{kind}order",
                constraint=models.CheckConstraint(
                    condition=models.Q(("outcome__in", [value for value, _label in _OUTCOMES])),
                    name=f"{kind}_outcome_known",
                ),
            )
            for kind in ("batch", "closure")
        ),
        migrations.AddIndex(
            "batch", models.Index(fields=["started_at", "id"], name="batch_by_start")
        ),
        migrations.AddConstraint(
            "batch",
            models.UniqueConstraint(
                condition=models.Q(
                    ("status", "Running"), models.Q(("fingerprint", ""), _negated=True)
                ),
                fields=("fingerprint",),
                name="one_replay_of_a_cause_at_a_time",
            ),
        ),
    ]
