"""Closed days with what became of each order they touched; moving an order is a permission."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import channel_manager.lib.identity


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_sessions_have_a_horizon"),
        ("orders", "0005_lines_name_seats"),
        ("partners", "0003_holds_last_minutes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Closure",
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
                ("date", models.DateField(help_text="On the venue's calendar.")),
                (
                    "plan",
                    models.CharField(
                        choices=[
                            ("move", "Moved to another day"),
                            ("cancel", "Cancelled"),
                            ("keep", "Kept as they are"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "to_date",
                    models.DateField(blank=True, help_text="Where orders are moved to.", null=True),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[("Running", "Running"), ("Done", "Done"), ("Stopped", "Stopped")],
                        default="Running",
                        max_length=50,
                        protected=True,
                    ),
                ),
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
            options={
                "verbose_name": "closed day",
                "verbose_name_plural": "closed days",
                "ordering": ("-started_at", "-id"),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ClosureOrder",
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
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("moved", "Moved"),
                            ("cancelled", "Cancelled"),
                            ("removed", "Removed"),
                            ("kept", "Kept"),
                            ("skipped", "Nothing to do"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "message",
                    models.TextField(blank=True, help_text="Why it failed, or still waits."),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.AlterModelOptions(
            name="order",
            options={
                "ordering": ("-received_at", "-id"),
                "permissions": [
                    ("confirm_order", "Can confirm an order"),
                    ("cancel_order", "Can cancel an order"),
                    ("cancel_used_order", "Can cancel an order with used tickets"),
                    ("replay_order", "Can replay an order"),
                    ("move_order", "Can move an order to another day"),
                    ("overbook_order", "Can replay an order over the capacity"),
                ],
            },
        ),
        migrations.AddField(
            model_name="closure",
            name="attraction",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: the whole venue.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="closures",
                to="catalog.attraction",
            ),
        ),
        migrations.AddField(
            model_name="closure",
            name="venue",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="closures",
                to="partners.venue",
            ),
        ),
        migrations.AddField(
            model_name="closureorder",
            name="closure",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="closure_orders",
                to="orders.closure",
            ),
        ),
        migrations.AddIndex(
            model_name="closure",
            index=models.Index(fields=["started_at", "id"], name="closure_by_start"),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["Running", "Done", "Stopped"])),
                name="closure_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(("plan__in", ["move", "cancel", "keep"])),
                name="closure_plan_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("plan", "move"),
                        ("to_date__isnull", False),
                        models.Q(("to_date", models.F("date")), _negated=True),
                    ),
                    models.Q(models.Q(("plan", "move"), _negated=True), ("to_date", None)),
                    _connector="OR",
                ),
                name="closure_moves_to_another_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("finished_at__isnull", False), ("status", "Running"), _connector="XOR"
                ),
                name="ended_closure_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="closure",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="closure_says_why"
            ),
        ),
        migrations.AddIndex(
            model_name="closureorder",
            index=models.Index(
                fields=["closure", "outcome", "id"], name="closure_order_by_outcome"
            ),
        ),
        migrations.AddConstraint(
            model_name="closureorder",
            constraint=models.UniqueConstraint(
                fields=("closure", "order_id"), name="closure_order_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="closureorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        ["waiting", "moved", "cancelled", "removed", "kept", "skipped", "failed"],
                    )
                ),
                name="closure_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="closureorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("settled_at__isnull", False), ("outcome", "waiting"), _connector="XOR"
                ),
                name="settled_closure_order_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="closureorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "failed"), _negated=True),
                    models.Q(("message", ""), _negated=True),
                    _connector="OR",
                ),
                name="failed_closure_order_says_why",
            ),
        ),
    ]
