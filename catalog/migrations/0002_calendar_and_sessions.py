"""The calendar of a venue, the sessions of its attractions, seats, and partners' allotments."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import catalog.models.calendar
import channel_manager.lib.identity


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("partners", "0003_holds_last_minutes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Allotment",
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
                ("places", models.PositiveIntegerField(verbose_name="places per session")),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allotments",
                        to="catalog.package",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allotments",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "ordering": ("partner", "package"),
            },
        ),
        migrations.CreateModel(
            name="Attraction",
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
                ("code", models.SlugField(max_length=40)),
                ("name", models.CharField(max_length=100)),
                (
                    "venue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attractions",
                        to="partners.venue",
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.AddField(
            model_name="item",
            name="attraction",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose sessions it takes places of. Empty: places are not counted.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="items",
                to="catalog.attraction",
            ),
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("date", models.DateField()),
                (
                    "opens_at",
                    models.TimeField(blank=True, help_text="Both empty: closed.", null=True),
                ),
                ("closes_at", models.TimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "venue",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_days",
                        to="partners.venue",
                    ),
                ),
            ],
            options={
                "ordering": ("venue", "date"),
            },
        ),
        migrations.CreateModel(
            name="OpeningHours",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(
                            choices=[
                                (1, "Monday"),
                                (2, "Tuesday"),
                                (3, "Wednesday"),
                                (4, "Thursday"),
                                (5, "Friday"),
                                (6, "Saturday"),
                                (7, "Sunday"),
                            ]
                        ),
                        default=catalog.models.calendar.every_day,
                        size=None,
                    ),
                ),
                ("valid_from", models.DateField(blank=True, null=True)),
                (
                    "valid_until",
                    models.DateField(blank=True, help_text="The last day, included.", null=True),
                ),
                (
                    "opens_at",
                    models.TimeField(blank=True, help_text="Both empty: closed.", null=True),
                ),
                ("closes_at", models.TimeField(blank=True, null=True)),
                (
                    "venue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opening_hours",
                        to="partners.venue",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "opening hours",
                "ordering": ("venue", "valid_from", "id"),
            },
        ),
        migrations.CreateModel(
            name="SeatPlan",
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
                ("name", models.CharField(max_length=100)),
                (
                    "venue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seat_plans",
                        to="partners.venue",
                    ),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Seat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        help_text="What the guest reads, such as C12.",
                        max_length=10,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9A-Za-z-]+\\Z", "Letters, digits and dashes."
                            )
                        ],
                    ),
                ),
                ("row", models.CharField(max_length=10)),
                (
                    "position",
                    models.PositiveSmallIntegerField(help_text="Its place, counted over all rows."),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seats",
                        to="catalog.seatplan",
                    ),
                ),
            ],
            options={
                "ordering": ("plan", "position"),
            },
        ),
        migrations.CreateModel(
            name="Session",
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
                    "time",
                    models.TimeField(
                        blank=True,
                        help_text="On the venue's clock. Empty: the whole day.",
                        null=True,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "capacity",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MinValueValidator(0)]
                    ),
                ),
                ("held", models.PositiveIntegerField(default=0, help_text="Places of holds.")),
                (
                    "sold",
                    models.PositiveIntegerField(
                        default=0, help_text="Places of orders, Drafts included."
                    ),
                ),
                ("is_on_sale", models.BooleanField(default=True)),
                (
                    "is_adjusted",
                    models.BooleanField(
                        default=False, help_text="Changed by hand; the rules leave it as it is."
                    ),
                ),
                (
                    "attraction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="catalog.attraction",
                    ),
                ),
                (
                    "seat_plan",
                    models.ForeignKey(
                        blank=True,
                        help_text="Numbered seats; the capacity is their number.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="catalog.seatplan",
                    ),
                ),
            ],
            options={
                "ordering": ("starts_at", "attraction"),
            },
        ),
        migrations.CreateModel(
            name="AllotmentUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("taken", models.PositiveIntegerField()),
                (
                    "allotment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="catalog.allotment",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="allotment_uses",
                        to="catalog.session",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SessionException",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "first_start",
                    models.TimeField(
                        blank=True,
                        help_text="Empty: one session from opening until closing.",
                        null=True,
                    ),
                ),
                (
                    "last_start",
                    models.TimeField(blank=True, help_text="Empty: one slot only.", null=True),
                ),
                (
                    "every_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="From the start of one slot to the start of the next.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                    ),
                ),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                    ),
                ),
                (
                    "capacity",
                    models.PositiveIntegerField(
                        default=100,
                        help_text="Places of each session. With numbered seats: their number.",
                        validators=[django.core.validators.MaxValueValidator(1000000)],
                    ),
                ),
                ("date", models.DateField()),
                ("is_closed", models.BooleanField(default=False, verbose_name="no sessions")),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "attraction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="session_exceptions",
                        to="catalog.attraction",
                    ),
                ),
                (
                    "seat_plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.seatplan",
                    ),
                ),
            ],
            options={
                "ordering": ("attraction", "date", "first_start", "id"),
            },
        ),
        migrations.CreateModel(
            name="SessionRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "first_start",
                    models.TimeField(
                        blank=True,
                        help_text="Empty: one session from opening until closing.",
                        null=True,
                    ),
                ),
                (
                    "last_start",
                    models.TimeField(blank=True, help_text="Empty: one slot only.", null=True),
                ),
                (
                    "every_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="From the start of one slot to the start of the next.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                    ),
                ),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                    ),
                ),
                (
                    "capacity",
                    models.PositiveIntegerField(
                        default=100,
                        help_text="Places of each session. With numbered seats: their number.",
                        validators=[django.core.validators.MaxValueValidator(1000000)],
                    ),
                ),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(
                            choices=[
                                (1, "Monday"),
                                (2, "Tuesday"),
                                (3, "Wednesday"),
                                (4, "Thursday"),
                                (5, "Friday"),
                                (6, "Saturday"),
                                (7, "Sunday"),
                            ]
                        ),
                        default=catalog.models.calendar.every_day,
                        size=None,
                    ),
                ),
                ("valid_from", models.DateField(blank=True, null=True)),
                (
                    "valid_until",
                    models.DateField(blank=True, help_text="The last day, included.", null=True),
                ),
                (
                    "attraction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="session_rules",
                        to="catalog.attraction",
                    ),
                ),
                (
                    "seat_plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.seatplan",
                    ),
                ),
            ],
            options={
                "ordering": ("attraction", "valid_from", "first_start", "id"),
            },
        ),
        migrations.AddConstraint(
            model_name="allotment",
            constraint=models.UniqueConstraint(
                fields=("partner", "package"), name="allotment_once_per_package"
            ),
        ),
        migrations.AddConstraint(
            model_name="attraction",
            constraint=models.UniqueConstraint(
                fields=("venue", "code"), name="attraction_code_once_per_venue"
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closes_at", None), ("opens_at", None)),
                    models.Q(
                        ("closes_at__isnull", False),
                        ("opens_at__isnull", False),
                        ("opens_at__lt", models.F("closes_at")),
                    ),
                    _connector="OR",
                ),
                name="calendar_day_opens_before_it_closes",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.UniqueConstraint(
                fields=("venue", "date"), name="calendar_day_once_per_venue"
            ),
        ),
        migrations.AddConstraint(
            model_name="openinghours",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closes_at", None), ("opens_at", None)),
                    models.Q(
                        ("closes_at__isnull", False),
                        ("opens_at__isnull", False),
                        ("opens_at__lt", models.F("closes_at")),
                    ),
                    _connector="OR",
                ),
                name="opening_hours_opens_before_it_closes",
            ),
        ),
        migrations.AddConstraint(
            model_name="openinghours",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("weekdays__contained_by", [1, 2, 3, 4, 5, 6, 7]), ("weekdays__len__gte", 1)
                ),
                name="opening_hours_weekdays_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="openinghours",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None),
                    ("valid_until", None),
                    ("valid_from__lte", models.F("valid_until")),
                    _connector="OR",
                ),
                name="opening_hours_dates_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="seatplan",
            constraint=models.UniqueConstraint(
                fields=("venue", "name"), name="seat_plan_name_once_per_venue"
            ),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.UniqueConstraint(
                fields=("plan", "label"), name="seat_label_once_per_plan"
            ),
        ),
        migrations.AddConstraint(
            model_name="seat",
            constraint=models.UniqueConstraint(
                fields=("plan", "position"), name="seat_position_once_per_plan"
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["attraction", "date"], name="session_by_day"),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["date"], name="session_by_date"),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "capacity__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("held"), "+", models.F("sold")
                        ),
                    )
                ),
                name="session_not_oversold",
            ),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_at__lt", models.F("ends_at"))),
                name="session_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.CheckConstraint(
                condition=models.Q(("seat_plan", None), ("time__isnull", False), _connector="OR"),
                name="session_with_seats_has_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.UniqueConstraint(
                fields=("attraction", "starts_at"), name="session_once_per_moment"
            ),
        ),
        migrations.AddConstraint(
            model_name="allotmentuse",
            constraint=models.UniqueConstraint(
                fields=("allotment", "session"), name="allotment_use_once_per_session"
            ),
        ),
        migrations.AddIndex(
            model_name="sessionexception",
            index=models.Index(fields=["attraction", "date"], name="session_exception_by_day"),
        ),
        migrations.AddConstraint(
            model_name="sessionexception",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("duration_minutes", None),
                        ("every_minutes", None),
                        ("first_start", None),
                        ("last_start", None),
                        ("seat_plan", None),
                    ),
                    models.Q(
                        ("duration_minutes__gte", 1),
                        ("duration_minutes__isnull", False),
                        ("every_minutes", None),
                        ("first_start__isnull", False),
                        ("last_start", None),
                    ),
                    models.Q(
                        ("duration_minutes__gte", 1),
                        ("duration_minutes__isnull", False),
                        ("every_minutes__gte", 5),
                        ("every_minutes__isnull", False),
                        ("first_start__isnull", False),
                        ("first_start__lte", models.F("last_start")),
                        ("last_start__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="session_exception_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionexception",
            constraint=models.CheckConstraint(
                condition=models.Q(("capacity__lte", 1000000)),
                name="session_exception_capacity_sane",
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("duration_minutes", None),
                        ("every_minutes", None),
                        ("first_start", None),
                        ("last_start", None),
                        ("seat_plan", None),
                    ),
                    models.Q(
                        ("duration_minutes__gte", 1),
                        ("duration_minutes__isnull", False),
                        ("every_minutes", None),
                        ("first_start__isnull", False),
                        ("last_start", None),
                    ),
                    models.Q(
                        ("duration_minutes__gte", 1),
                        ("duration_minutes__isnull", False),
                        ("every_minutes__gte", 5),
                        ("every_minutes__isnull", False),
                        ("first_start__isnull", False),
                        ("first_start__lte", models.F("last_start")),
                        ("last_start__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="session_rule_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("capacity__lte", 1000000)), name="session_rule_capacity_sane"
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("weekdays__contained_by", [1, 2, 3, 4, 5, 6, 7]), ("weekdays__len__gte", 1)
                ),
                name="session_rule_weekdays_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None),
                    ("valid_until", None),
                    ("valid_from__lte", models.F("valid_until")),
                    _connector="OR",
                ),
                name="session_rule_dates_in_order",
            ),
        ),
    ]
