"""How many requests a partner's keys may send, and the buckets that count them."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0004_webhooks"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenBucket",
            fields=[
                (
                    "key",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="token_bucket",
                        serialize=False,
                        to="partners.apikey",
                    ),
                ),
                (
                    "level",
                    models.BigIntegerField(
                        help_text="Millionths of a token, as of the moment below."
                    ),
                ),
                (
                    "is_granted",
                    models.BooleanField(help_text="Whether the last request got a token."),
                ),
                ("at", models.DateTimeField(help_text="The database's clock.")),
            ],
        ),
        migrations.AddField(
            model_name="partner",
            name="request_burst",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How many requests each of its API keys may send at once, after a pause.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000000),
                ],
            ),
        ),
        migrations.AddField(
            model_name="partner",
            name="requests_per_second",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How many requests a second each of its API keys may send.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(10000),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="partner",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("requests_per_second__gte", 1), ("requests_per_second__lte", 10000)
                ),
                name="partner_requests_per_second_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="partner",
            constraint=models.CheckConstraint(
                condition=models.Q(("request_burst__gte", 1), ("request_burst__lte", 1000000)),
                name="partner_request_burst_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="tokenbucket",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__gte", 0)), name="token_bucket_not_below_empty"
            ),
        ),
        migrations.RunSQL(
            # Written with every request and worth nothing after a crash: no write-ahead log. Room
            # in the page keeps a bucket's next version beside the last one, and its index alone.
            """
            ALTER TABLE partners_tokenbucket SET UNLOGGED;
            ALTER TABLE partners_tokenbucket SET (fillfactor = 20);
            """,
            migrations.RunSQL.noop,  # the table goes as a whole
        ),
    ]
