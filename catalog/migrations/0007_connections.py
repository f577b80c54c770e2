"""Venues have accounts at systems that issue for them, and components have ids there."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import channel_manager.lib.identity


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_mapping_versions_are_held"),
        # Not its later ones: they need the extension that catalog 0001 brings.
        ("partners", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
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
                    "system",
                    models.CharField(
                        choices=[
                            ("ordino", "Ordino"),
                            ("onebox", "Onebox"),
                            ("openticket", "OpenTicket"),
                            ("voordemensen", "VoordeMensen"),
                        ],
                        max_length=14,
                    ),
                ),
                ("name", models.CharField(help_text="What staff know it by.", max_length=60)),
                (
                    "base_url",
                    models.CharField(
                        help_text="Of its API, with https://.",
                        max_length=200,
                        verbose_name="base URL",
                    ),
                ),
                (
                    "second_url",
                    models.CharField(
                        blank=True,
                        help_text="Of its other host, where it has one: OAuth for Onebox, the API beside the shop for OpenTicket.",
                        max_length=200,
                        verbose_name="second URL",
                    ),
                ),
                (
                    "account",
                    models.CharField(
                        blank=True,
                        help_text="Who we are there: the channel, the shop, the client.",
                        max_length=64,
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Off: nothing is issued there, and orders wait in Error.",
                    ),
                ),
                (
                    "connect_seconds",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                    ),
                ),
                (
                    "read_seconds",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                    ),
                ),
                (
                    "repeats_safely",
                    models.BooleanField(
                        default=False,
                        help_text="Its operator has confirmed that an order sent twice is made once. Off: an order whose answer never came stops for a person.",
                        verbose_name="repeating is known to be idempotent",
                    ),
                ),
                (
                    "buyer_email",
                    models.EmailField(
                        blank=True,
                        help_text="Given there for orders whose partner told no e-mail address. That system may mail its tickets to it.",
                        max_length=254,
                    ),
                ),
                (
                    "payment_method",
                    models.CharField(
                        blank=True,
                        help_text="Its id of a method that asks no guest for money, such as on account. Without it only what costs nothing there can be issued.",
                        max_length=64,
                        verbose_name="prepaid payment method",
                    ),
                ),
                (
                    "payment_minutes",
                    models.PositiveSmallIntegerField(
                        default=10,
                        help_text="How long we wait there for an order to be paid by that method.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(30),
                        ],
                    ),
                ),
                (
                    "availability_seconds",
                    models.PositiveIntegerField(
                        default=60,
                        help_text="How old the availability that it told may be before it is asked again.",
                        validators=[
                            django.core.validators.MinValueValidator(10),
                            django.core.validators.MaxValueValidator(3600),
                        ],
                    ),
                ),
                (
                    "poll_seconds",
                    models.PositiveIntegerField(
                        default=900,
                        help_text="How often its orders are read back for scans and refunds.",
                        validators=[
                            django.core.validators.MinValueValidator(60),
                            django.core.validators.MaxValueValidator(86400),
                        ],
                    ),
                ),
                ("sealed_credentials", models.TextField(blank=True, editable=False)),
                ("credentials_set_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "sealed_tokens",
                    models.TextField(
                        blank=True,
                        editable=False,
                        help_text="What its OAuth server gave us; renewed by us.",
                    ),
                ),
                ("tokens_expire_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("checked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "check_message",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="Empty: the last test went well.",
                        max_length=300,
                    ),
                ),
                (
                    "venue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="partners.venue",
                    ),
                ),
            ],
            options={
                "ordering": ("venue", "name"),
                "permissions": [("check_connection", "Can test a connection to an outside system")],
            },
        ),
        migrations.CreateModel(
            name="ComponentSource",
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
                    "outside_session",
                    models.CharField(
                        blank=True, max_length=64, verbose_name="outside session or event"
                    ),
                ),
                ("outside_item", models.CharField(max_length=64, verbose_name="outside id")),
                (
                    "label",
                    models.CharField(
                        blank=True,
                        help_text="What that system calls it; for people.",
                        max_length=200,
                    ),
                ),
                (
                    "outside_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="What one costs there, in the venue's currency, as far as we know.",
                        max_digits=12,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                (
                    "component",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sources",
                        to="catalog.component",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        help_text="The session of ours that it holds for. Empty: whenever no other fits.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sources",
                        to="catalog.session",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sources",
                        to="catalog.connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "outside id",
                "ordering": ("component", "session"),
            },
        ),
        migrations.CreateModel(
            name="OutsidePlaces",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("outside_session", models.CharField(blank=True, max_length=64)),
                ("outside_item", models.CharField(max_length=64)),
                ("left", models.PositiveIntegerField(null=True)),
                ("told_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(help_text="When somebody last wanted to know.")),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="places",
                        to="catalog.connection",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "outside places",
            },
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("system__in", ["ordino", "onebox", "openticket", "voordemensen"])
                ),
                name="connection_system_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.UniqueConstraint(
                fields=("venue", "name"),
                name="connection_name_once_per_venue",
                violation_error_message="The venue has a connection of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="componentsource",
            constraint=models.UniqueConstraint(
                fields=("component", "session"),
                name="component_source_once_per_session",
                nulls_distinct=False,
                violation_error_message="This component has an outside id for that session already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="componentsource",
            constraint=models.CheckConstraint(
                condition=models.Q(("outside_item", ""), _negated=True),
                name="component_source_has_id",
            ),
        ),
        migrations.AddConstraint(
            model_name="componentsource",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outside_price", None), ("outside_price__gte", 0), _connector="OR"
                ),
                name="component_source_price_not_negative",
            ),
        ),
        migrations.AddIndex(
            model_name="outsideplaces",
            index=models.Index(fields=["asked_at"], name="outside_places_asked"),
        ),
        migrations.AddConstraint(
            model_name="outsideplaces",
            constraint=models.UniqueConstraint(
                fields=("connection", "outside_session", "outside_item"), name="outside_places_once"
            ),
        ),
    ]
