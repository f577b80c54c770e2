"""Webhooks: events with their sequencer, endpoints, deliveries and attempts."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django_fsm
from django.db import migrations, models

import channel_manager.lib.identity


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0003_holds_last_minutes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="idempotencyrecord",
            name="body",
            field=models.TextField(
                help_text="JSON, its members in the order they were answered in; sealed if it has "
                "a secret."
            ),
        ),
        migrations.CreateModel(
            name="EventSequence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("last_position", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="event_sequence_is_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
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
                    "test_mode",
                    models.BooleanField(default=False, help_text="Hears of test orders only."),
                ),
                ("url", models.CharField(max_length=500, verbose_name="URL")),
                ("description", models.CharField(blank=True, max_length=100)),
                (
                    "event_types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("ota_cm_order_processed", "Order processed"),
                                ("ota_cm_order_confirmed", "Order confirmed"),
                                ("ota_cm_order_cancelled", "Order cancelled"),
                                ("ota_cm_order_changed", "Order changed"),
                                ("ota_cm_asset_admitted", "Guest admitted"),
                                ("ota_cm_asset_admission_undone", "Admission undone"),
                                ("ota_cm_test", "Test event"),
                            ],
                            max_length=40,
                        ),
                        blank=True,
                        default=list,
                        help_text="None chosen: all of them.",
                        size=None,
                    ),
                ),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[("Active", "Active"), ("Paused", "Paused"), ("Off", "Off")],
                        default="Active",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("status_since", models.DateTimeField()),
                ("status_reason", models.CharField(blank=True, max_length=200)),
                ("sealed_secret", models.TextField(editable=False)),
                ("sealed_old_secret", models.TextField(blank=True, editable=False)),
                ("old_secret_until", models.DateTimeField(editable=False, null=True)),
                ("failing_since", models.DateTimeField(editable=False, null=True)),
                ("last_success_at", models.DateTimeField(editable=False, null=True)),
                (
                    "not_before",
                    models.DateTimeField(
                        editable=False,
                        help_text="It asked to be left alone until then (Retry-After).",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_endpoints",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "ordering": ("created_at", "id"),
                "permissions": [("replay_webhook", "Can send webhook events again")],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "event_id",
                    models.UUIDField(
                        default=channel_manager.lib.identity.time_ordered_uuid,
                        editable=False,
                        unique=True,
                    ),
                ),
                ("test_mode", models.BooleanField(default=False)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("ota_cm_order_processed", "Order processed"),
                            ("ota_cm_order_confirmed", "Order confirmed"),
                            ("ota_cm_order_cancelled", "Order cancelled"),
                            ("ota_cm_order_changed", "Order changed"),
                            ("ota_cm_asset_admitted", "Guest admitted"),
                            ("ota_cm_asset_admission_undone", "Admission undone"),
                            ("ota_cm_test", "Test event"),
                        ],
                        max_length=40,
                    ),
                ),
                (
                    "order_id",
                    models.UUIDField(help_text="No key: events outlive orders.", null=True),
                ),
                ("data", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "is_feed_only",
                    models.BooleanField(
                        default=False, help_text="Is never sent, only in the feed."
                    ),
                ),
                (
                    "position",
                    models.BigIntegerField(
                        help_text="Its place in the feed, once committed and sequenced.",
                        null=True,
                        unique=True,
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        help_text="A test event is for this endpoint only, and in no feed.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="test_events",
                        to="partners.webhookendpoint",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="webhook_events",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("Pending", "Pending"),
                            ("Sending", "Sending"),
                            ("Delivered", "Delivered"),
                            ("Failed", "Failed"),
                        ],
                        default="Pending",
                        max_length=10,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveIntegerField(
                        default=0, help_text="Of all runs of the schedule."
                    ),
                ),
                (
                    "step",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Attempts of this run of the schedule; a replay begins a new one.",
                    ),
                ),
                ("next_attempt_at", models.DateTimeField(null=True)),
                (
                    "begun_at",
                    models.DateTimeField(
                        help_text="When this run's first attempt was made.", null=True
                    ),
                ),
                (
                    "claimed_until",
                    models.DateTimeField(
                        help_text="An attempt that has not ended by then is taken for lost.",
                        null=True,
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="partners.webhookendpoint",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="partners.webhookevent",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                ("duration_ms", models.PositiveIntegerField(null=True)),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                (
                    "error",
                    models.CharField(blank=True, help_text="Why no answer came.", max_length=30),
                ),
                (
                    "answer",
                    models.TextField(blank=True, help_text="The beginning of what was answered."),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tries",
                        to="partners.webhookdelivery",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("delivery", "number"), name="webhook_attempt_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["Active", "Paused", "Off"])),
                name="webhook_endpoint_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "event_types__contained_by",
                        [
                            "ota_cm_order_processed",
                            "ota_cm_order_confirmed",
                            "ota_cm_order_cancelled",
                            "ota_cm_order_changed",
                            "ota_cm_asset_admitted",
                            "ota_cm_asset_admission_undone",
                            "ota_cm_test",
                        ],
                    )
                ),
                name="webhook_endpoint_event_types_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("url__regex", "^https?://.")),
                name="webhook_endpoint_url_is_http",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sealed_old_secret", ""), ("old_secret_until__isnull", False), _connector="XOR"
                ),
                name="webhook_old_secret_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("position__isnull", True)),
                fields=["id"],
                name="webhook_event_unsequenced",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("endpoint__isnull", True)),
                fields=["partner", "test_mode", "position"],
                name="webhook_event_feed",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("endpoint__isnull", True)),
                fields=["partner", "test_mode", "at"],
                name="webhook_event_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(
                condition=models.Q(("order_id__isnull", False)),
                fields=["order_id", "id"],
                name="webhook_event_by_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "type__in",
                        [
                            "ota_cm_order_processed",
                            "ota_cm_order_confirmed",
                            "ota_cm_order_cancelled",
                            "ota_cm_order_changed",
                            "ota_cm_asset_admitted",
                            "ota_cm_asset_admission_undone",
                            "ota_cm_test",
                        ],
                    )
                ),
                name="webhook_event_type_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("type", "ota_cm_test"), ("endpoint__isnull", True), _connector="XOR"
                ),
                name="webhook_test_event_names_its_endpoint",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("status", "Pending")),
                fields=["endpoint", "next_attempt_at", "id"],
                name="webhook_delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("status", "Sending")),
                fields=["endpoint", "claimed_until"],
                name="webhook_delivery_sending",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("status", "Failed")),
                fields=["endpoint", "id"],
                name="webhook_delivery_failed",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("endpoint", "event"), name="webhook_event_once_per_endpoint"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["Pending", "Sending", "Delivered", "Failed"])),
                name="webhook_delivery_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "Pending"), ("next_attempt_at__isnull", True), _connector="XOR"
                ),
                name="webhook_delivery_pending_has_a_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "Sending"), ("claimed_until__isnull", True), _connector="XOR"
                ),
                name="webhook_delivery_sending_is_claimed",
            ),
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION partners_webhookevent_stays() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.position IS NULL AND NEW.position IS NOT NULL
                    AND to_jsonb(NEW) - 'position' = to_jsonb(OLD) - 'position'
                THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'partners_webhookevent gets its position once and never changes'
                    USING ERRCODE = 'restrict_violation';
            END $$;
            CREATE TRIGGER partners_webhookevent_append_only BEFORE UPDATE ON partners_webhookevent
                FOR EACH ROW EXECUTE FUNCTION partners_webhookevent_stays();
            """,
            """
            DROP TRIGGER partners_webhookevent_append_only ON partners_webhookevent;
            DROP FUNCTION partners_webhookevent_stays();
            """,
        ),
    ]
