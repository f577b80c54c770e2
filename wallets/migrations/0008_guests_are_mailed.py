"""Guests are mailed the link of their tickets; and all scans have a code that is known."""

import django.db.models.deletion
import django_fsm
from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

import channel_manager.lib.identity

_STATUSES = [
    ("Waiting", "Waiting"),
    ("Sending", "Sending"),
    ("Sent", "Sent"),
    ("Failed", "Failed"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0018_wallets_are_cancelled_singly"),
        ("wallets", "0007_tickets_are_replaced"),
    ]

    operations = [
        # A large table takes longer than a request may; it ends with the transaction.
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        ValidateConstraint("scan", "scan_code_known"),
        migrations.CreateModel(
            name="ManifestMail",
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
                    "asked_by",
                    models.CharField(help_text="staff:<id>, as in the event log.", max_length=60),
                ),
                (
                    "line_no",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Whose guest it is for; empty: the order's.",
                        null=True,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=_STATUSES, default="Waiting", max_length=50, protected=True
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("failure", models.CharField(blank=True, max_length=200)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="manifest_mails",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "ordering": ("-asked_at", "-id"),
                "permissions": [("resend_manifest", "Can send the link of a manifest again")],
            },
        ),
        migrations.AddConstraint(
            model_name="manifestmail",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", [status for status, _label in _STATUSES])),
                name="manifest_mail_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="manifestmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True),
                    ("status__in", ("Sent", "Failed")),
                    _connector="XOR",
                ),
                name="manifest_mail_says_when_it_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="manifestmail",
            constraint=models.CheckConstraint(
                condition=models.Q(("failure", ""), ("status", "Failed"), _connector="XOR"),
                name="manifest_mail_failed_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="manifestmail",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("Waiting", "Sending"))),
                fields=("order",),
                name="manifest_mail_one_at_a_time",
            ),
        ),
    ]
