"""Gate devices, their scans, and the columns in which an asset counts its admissions.

New columns have a constant default in the database: no table is rewritten, and processes that run
the code before this one can still insert.
"""

import django.db.models.deletion
from django.db import migrations, models

import channel_manager.lib.identity


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("partners", "0001_initial"),
        ("wallets", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="asset",
            name="admitted",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="How many of its admissions were taken."
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="seat",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Its numbered seat, or the seats of a group.",
            ),
        ),
        migrations.CreateModel(
            name="GateDevice",
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
                    "name",
                    models.CharField(
                        help_text="Where it stands, such as North entrance; guests hear it named.",
                        max_length=60,
                    ),
                ),
                (
                    "admits_every_item",
                    models.BooleanField(
                        default=False,
                        help_text="Admits whatever the venue sells, also items made later.",
                    ),
                ),
                (
                    "prefix",
                    models.CharField(
                        editable=False, help_text="The key's first characters.", max_length=16
                    ),
                ),
                ("key_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
                (
                    "items",
                    models.ManyToManyField(
                        blank=True, related_name="gate_devices", to="catalog.item"
                    ),
                ),
                (
                    "venue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gate_devices",
                        to="partners.venue",
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("venue", "name"),
                        name="gate_device_name_once_per_venue",
                        violation_error_message="The venue has a gate device of this name already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key_hash__regex", "^[0-9a-f]{64}$")),
                        name="gate_device_key_hash_is_sha256",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Scan",
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
                ("request_id", models.CharField(max_length=64)),
                ("reference_number", models.CharField(max_length=512)),
                ("quantity", models.PositiveIntegerField()),
                ("admitted", models.BooleanField()),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("admitted", "Admitted"),
                            ("not_valid_yet", "Not valid yet"),
                            ("wrong_day", "Wrong day"),
                            ("wrong_time", "Time window is over"),
                            ("expired", "Expired"),
                            ("already_used", "Already used"),
                            ("too_few_left", "Too few left"),
                            ("cancelled", "Cancelled"),
                            ("draft", "Not paid"),
                            ("not_issued", "Not issued yet"),
                            ("wrong_gate", "Not for this gate"),
                            ("coupon_by_own_number", "Coupon by its own number only"),
                            ("test_mode", "Test ticket"),
                            ("unknown", "Unknown number"),
                        ],
                        max_length=30,
                    ),
                ),
                ("reason", models.TextField(help_text="The answer in words.")),
                (
                    "answer",
                    models.JSONField(help_text="What was answered, without any person's name."),
                ),
                ("at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                ("undone_by", models.CharField(blank=True, max_length=60)),
                ("undo_reason", models.CharField(blank=True, max_length=200)),
                (
                    "asset",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="scans",
                        to="wallets.asset",
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scans",
                        to="wallets.gatedevice",
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-id"),
                "indexes": [
                    models.Index(fields=["device", "at", "id"], name="scan_by_device"),
                    models.Index(fields=["asset", "at"], name="scan_by_asset"),
                    models.Index(fields=["at", "id"], name="scan_by_moment"),
                    models.Index(fields=["reference_number"], name="scan_by_number"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("device", "request_id"), name="scan_request_once_per_device"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "code__in",
                                [
                                    "admitted",
                                    "not_valid_yet",
                                    "wrong_day",
                                    "wrong_time",
                                    "expired",
                                    "already_used",
                                    "too_few_left",
                                    "cancelled",
                                    "draft",
                                    "not_issued",
                                    "wrong_gate",
                                    "coupon_by_own_number",
                                    "test_mode",
                                    "unknown",
                                ],
                            )
                        ),
                        name="scan_code_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("admitted", True), ("code", "admitted")),
                            models.Q(
                                ("admitted", False),
                                models.Q(("code", "admitted"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="scan_code_says_whether_admitted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("admitted", False), ("asset__isnull", False), _connector="OR"
                        ),
                        name="scan_admitted_has_an_asset",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="scan_is_of_somebody"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("undo_reason", ""), ("undone_at", None), ("undone_by", "")),
                            models.Q(
                                ("admitted", True),
                                ("undone_at__isnull", False),
                                models.Q(("undone_by", ""), _negated=True),
                                models.Q(("undo_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="scan_undone_says_by_whom_and_why",
                    ),
                ],
            },
        ),
    ]
