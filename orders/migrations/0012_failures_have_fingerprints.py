"""Failures say what has to be mended, and are replayed together.

Code that does not know the column writes failures meanwhile: a trigger completes them.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import channel_manager.lib.identity

_COMPLETE = """
CREATE FUNCTION orders_complete_fingerprint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.failure_fingerprint := NEW.failure_code;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_fingerprint_complete BEFORE INSERT OR UPDATE ON orders_order
    FOR EACH ROW WHEN ((NEW.failure_fingerprint = '') <> (NEW.failure_code = ''))
    EXECUTE FUNCTION orders_complete_fingerprint();
"""
_NO_MORE = """
DROP TRIGGER orders_fingerprint_complete ON orders_order;
DROP FUNCTION orders_complete_fingerprint();
"""
# As orders.causes.fingerprint_of says it; what failed for a fault of ours keeps its code.
_FILL = """
UPDATE orders_order AS o SET failure_fingerprint = coalesce(
    (
        SELECT l.unresolved_cause || ':' || CASE
            WHEN l.unresolved_cause = 'unmapped_item' OR l.package_id IS NULL
                THEN o.partner_id || ':' || l.item_number
            ELSE l.package_id::text
        END
        FROM orders_orderline AS l
        WHERE l.order_id = o.id AND l.unresolved_cause = o.failure_code
        ORDER BY l.line_no LIMIT 1
    ),
    o.failure_code
)
WHERE o.status = 'Error';
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0011_references_by_mode")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="failure_fingerprint",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="What has to be mended: the same for every order that failed for it.",
                max_length=160,
            ),
        ),
        migrations.RunSQL(_COMPLETE, _NO_MORE),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        AddConstraintNotValid(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("failure_fingerprint", ""),
                    models.Q(("failure_code", ""), _negated=True),
                    _connector="XOR",
                ),
                name="failure_has_fingerprint",
            ),
        ),
        migrations.CreateModel(
            name="Replay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=channel_manager.lib.identity.time_ordered_uuid,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "fingerprint",
                    models.CharField(help_text="The cause that was mended.", max_length=160),
                ),
                (
                    "title",
                    models.CharField(
                        help_text="The cause in words, as it was shown.", max_length=300
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "started_by",
                    models.CharField(help_text="staff:<id>, as in the event log.", max_length=60),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "job_id",
                    models.BigIntegerField(
                        blank=True, help_text="The background job that works it off.", null=True
                    ),
                ),
            ],
            options={"ordering": ("-started_at", "-id")},
        ),
        migrations.CreateModel(
            name="ReplayOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("order_id", models.UUIDField()),
                ("buy_from_order_reference", models.CharField(max_length=20)),
                (
                    "failed_at",
                    models.DateTimeField(
                        help_text="Since when it stood in Error when it was listed."
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("replayed", "Submitted again"),
                            ("skipped", "Nothing to do"),
                            ("failed", "Not yet possible"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("message", models.TextField(blank=True, help_text="Why nothing was done.")),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "replay",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="orders",
                        to="orders.replay",
                    ),
                ),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.AddConstraint(
            model_name="replay",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at", None)),
                fields=("fingerprint",),
                name="one_replay_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="replayorder",
            constraint=models.UniqueConstraint(
                fields=("replay", "order_id"), name="replay_order_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="replayorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["waiting", "replayed", "skipped", "failed"])),
                name="replay_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="replayorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("settled_at__isnull", False), ("outcome", "waiting"), _connector="XOR"
                ),
                name="settled_replay_order_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="replayorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "failed"), _negated=True),
                    models.Q(("message", ""), _negated=True),
                    _connector="OR",
                ),
                name="failed_replay_order_says_why",
            ),
        ),
        migrations.AddIndex(
            model_name="replayorder",
            index=models.Index(fields=["replay", "outcome", "id"], name="replay_order_by_outcome"),
        ),
    ]
