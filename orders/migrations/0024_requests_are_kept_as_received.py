"""What partners sent is kept in rows of its own, which can be erased."""

import django.db.models.deletion
from django.db import migrations, models

import channel_manager.lib.identity


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0023_lines_have_one_key_to_mappings"),
        ("partners", "0007_answers_are_kept_by_mode"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReceivedRequest",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("createOrder", "Create"),
                            ("replaceOrder", "Replace"),
                            ("confirmOrder", "Confirm"),
                            ("deleteOrder", "Delete"),
                        ],
                        max_length=20,
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("idempotency_key", models.CharField(blank=True, max_length=255)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        help_text="JSON, its members in the order they came in; empty without a body.",
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="partners.apikey",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="received_requests",
                        to="orders.order",
                    ),
                ),
            ],
            options={"ordering": ("received_at", "id")},
        ),
        migrations.AddConstraint(
            model_name="receivedrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["createOrder", "replaceOrder", "confirmOrder", "deleteOrder"])
                ),
                name="received_request_kind_known",
            ),
        ),
        migrations.AddIndex(
            model_name="receivedrequest",
            index=models.Index(
                fields=["order", "received_at", "id"], name="received_request_by_order"
            ),
        ),
        migrations.AddIndex(
            model_name="receivedrequest",
            index=models.Index(
                condition=models.Q(("kind", "replaceOrder")),
                fields=["order"],
                name="received_replacement",
            ),
        ),
    ]
