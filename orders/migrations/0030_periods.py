"""Periods: what finance closes together."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django_fsm
from django.db import migrations, models

import channel_manager.lib.identity
import channel_manager.lib.ranges


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0029_what_failed_is_told"),
        ("partners", "0013_contracts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Period",
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
                ("first_day", models.DateField()),
                ("last_day", models.DateField(help_text="Included.")),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("Open", "Open"),
                            ("In review", "In Review"),
                            ("Closed", "Closed"),
                        ],
                        default="Open",
                        max_length=50,
                        protected=True,
                    ),
                ),
                (
                    "matched_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its statements were last matched with the ledger.",
                        null=True,
                    ),
                ),
                (
                    "matched_as",
                    models.CharField(
                        blank=True, help_text="A hash of all that was matched.", max_length=64
                    ),
                ),
                (
                    "match_job_id",
                    models.BigIntegerField(
                        blank=True, help_text="The background job that matches it.", null=True
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("-first_day", "partner"),
                "permissions": [
                    ("decide_difference", "Can decide on differences"),
                    ("close_period", "Can review and close a period"),
                    ("reopen_period", "Can reopen a closed period"),
                ],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.AddField(
            model_name="period",
            name="partner",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="periods",
                to="partners.partner",
            ),
        ),
        migrations.AddIndex(
            model_name="period",
            index=models.Index(fields=["status", "first_day"], name="period_by_status"),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["Open", "In review", "Closed"])),
                name="period_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_day__lte", models.F("last_day"))),
                name="period_days_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at__isnull", False),
                    models.Q(("status", "Closed"), _negated=True),
                    _connector="XOR",
                ),
                name="closed_period_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (models.F("partner"), "="),
                    (
                        channel_manager.lib.ranges.DateRange(
                            "first_day", "last_day", models.Value("[]")
                        ),
                        "&&",
                    ),
                ],
                name="period_days_do_not_overlap",
                violation_error_message="Another period of this partner covers some of these days.",
            ),
        ),
    ]
