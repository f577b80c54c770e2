"""Orders and tickets at outside systems, and each call that was made there: append-only."""

import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import channel_manager.lib.identity
from channel_manager.lib.triggers import refuse_changes


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_connections"),
        ("orders", "0040_redemption_limits_are_checked"),
        ("wallets", "0009_tickets_and_coupons"),
    ]

    operations = [
        migrations.AlterField(
            model_name="asset",
            name="reference_number",
            field=models.CharField(max_length=100),
        ),
        migrations.CreateModel(
            name="OutsideOrder",
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
                    "order_key",
                    models.UUIDField(
                        help_text="The order's id; it stays when the order's row goes."
                    ),
                ),
                ("buy_from_order_reference", models.CharField(max_length=20)),
                ("reference", models.CharField(help_text="What we call it there.", max_length=40)),
                ("is_current", models.BooleanField(default=True)),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("Open", "Being made"),
                            ("Made", "Made"),
                            ("Unknown", "Outcome unknown"),
                            ("Failed", "Not made"),
                            ("Ending", "Being cancelled"),
                            ("Ended", "Cancelled there"),
                            ("Left", "Left there, for a person"),
                        ],
                        default="Open",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("status_since", models.DateTimeField()),
                (
                    "cause",
                    models.CharField(
                        blank=True, help_text="Why it is not made, in a word.", max_length=30
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=500)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                (
                    "failures",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How often in a row it could not be gone on with."
                    ),
                ),
                ("progress", models.JSONField(blank=True, default=dict)),
                (
                    "outside_reference",
                    models.CharField(
                        blank=True, help_text="What that system calls it.", max_length=100
                    ),
                ),
                ("tickets_url", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField()),
                (
                    "next_poll_at",
                    models.DateTimeField(
                        blank=True, help_text="When it is read back next.", null=True
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outside_orders",
                        to="catalog.connection",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="outside_orders",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": [
                    ("settle_outsideorder", "Can settle what is uncertain at another system")
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ConnectorCall",
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
                ("operation", models.CharField(max_length=30)),
                (
                    "key",
                    models.CharField(
                        blank=True, help_text="Which of several of the operation.", max_length=60
                    ),
                ),
                ("round", models.PositiveSmallIntegerField()),
                (
                    "commits",
                    models.BooleanField(help_text="Whether it exists there once this is done."),
                ),
                ("request_hash", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                (
                    "outside_order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="wallets.outsideorder",
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
            },
        ),
        migrations.CreateModel(
            name="OutsideTicket",
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
                ("position", models.PositiveIntegerField()),
                ("wallet_key", models.UUIDField()),
                ("component_key", models.UUIDField()),
                ("unit", models.PositiveSmallIntegerField()),
                ("outside_id", models.CharField(blank=True, max_length=100)),
                ("number", models.CharField(blank=True, max_length=100)),
                ("url", models.CharField(blank=True, max_length=500)),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("Valid", "Valid"),
                            ("Used", "Scanned there"),
                            ("Ending", "Being cancelled"),
                            ("Ended", "Cancelled there"),
                            ("Left", "Left there, for a person"),
                        ],
                        default="Valid",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("status_since", models.DateTimeField()),
                ("message", models.CharField(blank=True, max_length=300)),
                (
                    "asset",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="outside_tickets",
                        to="wallets.asset",
                    ),
                ),
                (
                    "outside_order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="wallets.outsideorder",
                    ),
                ),
            ],
            options={
                "ordering": ("outside_order", "position"),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ConnectorOutcome",
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
                    "effect",
                    models.CharField(
                        choices=[
                            ("done", "Done"),
                            ("none", "Nothing was done"),
                            ("unknown", "Nobody knows"),
                        ],
                        max_length=10,
                    ),
                ),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                ("cause", models.CharField(blank=True, max_length=30)),
                ("message", models.CharField(blank=True, max_length=300)),
                ("trace_id", models.CharField(blank=True, max_length=100)),
                ("milliseconds", models.PositiveIntegerField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="wallets.connectorcall",
                    ),
                ),
            ],
            options={
                "ordering": ("at", "id"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("effect__in", ["done", "none", "unknown"])),
                        name="connector_outcome_effect_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutsideNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dedupe_key", models.CharField(max_length=120)),
                ("event", models.CharField(max_length=60)),
                ("outside_reference", models.CharField(blank=True, max_length=100)),
                ("received_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="catalog.connection",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["received_at"], name="outside_notice_by_moment")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "dedupe_key"), name="outside_notice_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="outsideorder",
            index=models.Index(
                condition=models.Q(("status__in", ("Unknown", "Left"))),
                fields=["status_since"],
                name="outside_order_unsettled",
            ),
        ),
        migrations.AddIndex(
            model_name="outsideorder",
            index=models.Index(
                condition=models.Q(("next_poll_at__isnull", False)),
                fields=["next_poll_at"],
                name="outside_order_to_poll",
            ),
        ),
        migrations.AddIndex(
            model_name="outsideorder",
            index=models.Index(
                fields=["connection", "outside_reference"], name="outside_order_by_theirs"
            ),
        ),
        migrations.AddConstraint(
            model_name="outsideorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["Open", "Made", "Unknown", "Failed", "Ending", "Ended", "Left"])
                ),
                name="outside_order_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="outsideorder",
            constraint=models.UniqueConstraint(
                fields=("connection", "reference"), name="outside_order_reference_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="outsideorder",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_current", True)),
                fields=("order_key", "connection"),
                name="outside_order_once_per_connection",
            ),
        ),
        migrations.AddConstraint(
            model_name="connectorcall",
            constraint=models.CheckConstraint(
                condition=models.Q(("request_hash__regex", "^[0-9a-f]{64}$")),
                name="connector_call_hash_is_sha256",
            ),
        ),
        migrations.AddIndex(
            model_name="outsideticket",
            index=models.Index(
                condition=models.Q(("number", ""), _negated=True),
                fields=["number"],
                name="outside_ticket_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="outsideticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["Valid", "Used", "Ending", "Ended", "Left"])),
                name="outside_ticket_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="outsideticket",
            constraint=models.UniqueConstraint(
                fields=("outside_order", "position"), name="outside_ticket_position_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="outsideticket",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outside_id", ""), _negated=True),
                fields=("outside_order", "outside_id"),
                name="outside_ticket_id_once",
            ),
        ),
        migrations.AddIndex(
            model_name="outsideticket",
            index=models.Index(
                condition=models.Q(("status", "Left")),
                fields=["status_since"],
                name="outside_ticket_left",
            ),
        ),
        migrations.AddIndex(
            model_name="outsideorder",
            index=models.Index(
                condition=models.Q(("status", "Ending")),
                fields=["status_since"],
                name="outside_order_ending",
            ),
        ),
        migrations.AddIndex(
            model_name="outsideticket",
            index=models.Index(
                condition=models.Q(("status", "Ending")),
                fields=["status_since"],
                name="outside_ticket_ending",
            ),
        ),
        refuse_changes("wallets_connectorcall"),
        refuse_changes("wallets_connectoroutcome"),
    ]
