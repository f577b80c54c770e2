"""Guests with an identity of their own, virtual queues, and when and how often tickets admit."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django_fsm
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import channel_manager.lib.identity

# Whether a member's reservation lives is known by its row: the index that lets an entitlement have
# one living reservation sees no other table.
_MEMBERS_LIVE_WITH_THEIR_RESERVATION = """
    CREATE FUNCTION orders_reservation_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE orders_reservationmember SET is_living = false
        WHERE reservation_id = NEW.id AND is_living;
        RETURN NULL;
    END $$;
    CREATE TRIGGER orders_reservation_moves AFTER UPDATE OF status ON orders_reservation
        FOR EACH ROW WHEN (NEW.status IN ('completed', 'canceled', 'expired'))
        EXECUTE FUNCTION orders_reservation_moves();
"""
_MEMBERS_LIVE_ALONE = """
    DROP TRIGGER orders_reservation_moves ON orders_reservation;
    DROP FUNCTION orders_reservation_moves();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_mapping_versions_are_held"),
        ("orders", "0037_payments"),
        ("partners", "0014_storefronts"),
        ("wallets", "0009_tickets_and_coupons"),
    ]

    operations = [
        migrations.CreateModel(
            name="GuestIssuer",
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
                    "issuer",
                    models.CharField(help_text="What its tokens say in iss.", max_length=500),
                ),
                (
                    "audience",
                    models.CharField(
                        blank=True,
                        help_text="What they must say in aud. Empty: anything.",
                        max_length=255,
                    ),
                ),
                (
                    "identity_claim",
                    models.CharField(
                        default="email",
                        help_text="The claim with the identity that orders name the guest by, such as email or sub.",
                        max_length=60,
                    ),
                ),
                (
                    "jwks_url",
                    models.CharField(
                        blank=True,
                        help_text="Where it publishes its keys. Empty: a shared secret.",
                        max_length=500,
                        validators=[
                            django.core.validators.URLValidator(
                                ["https"], message="An address by https is expected."
                            )
                        ],
                        verbose_name="JWKS address",
                    ),
                ),
                ("sealed_secret", models.TextField(blank=True, editable=False)),
                (
                    "keys",
                    models.JSONField(
                        default=dict, editable=False, help_text="The keys as last fetched."
                    ),
                ),
                ("keys_fetched_at", models.DateTimeField(editable=False, null=True)),
                ("keys_asked_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ("issuer",),
            },
        ),
        migrations.CreateModel(
            name="GuestOrder",
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
                    "guest",
                    models.CharField(
                        blank=True,
                        help_text="The identity, as it is compared. Empty once erased.",
                        max_length=256,
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=256, null=True)),
                (
                    "request_hash",
                    models.CharField(
                        help_text="Tells a repeated request from another one.", max_length=64
                    ),
                ),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("paused", "Paused"),
                            ("ready", "Ready"),
                            ("completed", "Completed"),
                            ("canceled", "Canceled"),
                            ("expired", "Expired"),
                        ],
                        default="waiting",
                        max_length=50,
                        protected=True,
                    ),
                ),
                ("status_since", models.DateTimeField()),
                (
                    "place",
                    models.PositiveBigIntegerField(
                        help_text="Parties are called by these numbers."
                    ),
                ),
                ("type", models.CharField(default="parallel", max_length=10)),
                ("size", models.PositiveIntegerField(help_text="How many guests come.")),
                ("reserved_at", models.DateTimeField()),
                (
                    "wait_at_reservation",
                    models.PositiveIntegerField(help_text="Seconds, as told then."),
                ),
                ("ready_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-reserved_at", "-id"),
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name="ReservationMember",
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
                ("unit", models.PositiveSmallIntegerField()),
                ("is_living", models.BooleanField(default=True, editable=False)),
            ],
            options={
                "ordering": ("reservation", "id"),
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
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
                ("sealed_private", models.TextField(editable=False)),
                ("public", models.JSONField(help_text="The public half, as a JWK.")),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="VirtualQueue",
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
                    "is_open",
                    models.BooleanField(
                        default=True,
                        help_text="Guests can join. Who waits already is called either way.",
                        verbose_name="open",
                    ),
                ),
                (
                    "guests_per_hour",
                    models.PositiveIntegerField(
                        default=600,
                        help_text="How many guests the attraction takes from this queue in an hour.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100000),
                        ],
                    ),
                ),
                (
                    "ready_minutes",
                    models.PositiveIntegerField(
                        default=15,
                        help_text="How long a guest who is called may take to come.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1440),
                        ],
                        verbose_name="minutes to come",
                    ),
                ),
                ("next_call_at", models.DateTimeField(editable=False)),
                ("last_place", models.PositiveBigIntegerField(default=0, editable=False)),
            ],
            options={
                "verbose_name": "virtual queue",
                "ordering": ("attraction__name",),
            },
        ),
        migrations.AddField(
            model_name="orderline",
            name="max_redemptions",
            field=models.PositiveIntegerField(
                blank=True, help_text="How often each ticket admits. Empty: once.", null=True
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="redeemable_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="redeemable_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("max_redemptions__gte", 1), ("max_redemptions__lte", 1000)),
                name="line_max_redemptions_1_to_1000",
            ),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("redeemable_from__lte", models.F("redeemable_until"))),
                name="line_redeem_window_in_order",
            ),
        ),
        migrations.AddField(
            model_name="guestissuer",
            name="storefront",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="guest_issuer",
                to="partners.storefront",
            ),
        ),
        migrations.AddField(
            model_name="guestorder",
            name="order",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="guest_order",
                to="orders.order",
            ),
        ),
        migrations.AddField(
            model_name="guestorder",
            name="storefront",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="guest_orders",
                to="partners.storefront",
            ),
        ),
        migrations.AddField(
            model_name="reservation",
            name="storefront",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reservations",
                to="partners.storefront",
            ),
        ),
        migrations.AddField(
            model_name="reservationmember",
            name="component",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reservation_members",
                to="catalog.component",
            ),
        ),
        migrations.AddField(
            model_name="reservationmember",
            name="reservation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="members",
                to="orders.reservation",
            ),
        ),
        migrations.AddField(
            model_name="reservationmember",
            name="wallet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reservation_members",
                to="wallets.wallet",
            ),
        ),
        migrations.AddConstraint(
            model_name="signingkey",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_active", True)),
                fields=("is_active",),
                name="signing_key_one_active",
            ),
        ),
        migrations.AddField(
            model_name="virtualqueue",
            name="attraction",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="virtual_queue",
                to="catalog.attraction",
                verbose_name="attraction",
            ),
        ),
        migrations.AddField(
            model_name="virtualqueue",
            name="device",
            field=models.OneToOneField(
                editable=False,
                help_text="What its admissions are recorded as.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="virtual_queue",
                to="wallets.gatedevice",
            ),
        ),
        migrations.AddField(
            model_name="reservation",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reservations",
                to="orders.virtualqueue",
            ),
        ),
        migrations.AddConstraint(
            model_name="guestissuer",
            constraint=models.UniqueConstraint(
                fields=("issuer", "audience"),
                name="guest_issuer_once_per_audience",
                violation_error_message="Another storefront takes this issuer's tokens for this audience: a token would belong to both.",
            ),
        ),
        migrations.AddConstraint(
            model_name="guestissuer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("issuer", ""), _negated=True),
                    models.Q(("identity_claim", ""), _negated=True),
                ),
                name="guest_issuer_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="guestissuer",
            constraint=models.CheckConstraint(
                condition=models.Q(("jwks_url", ""), ("sealed_secret", ""), _connector="XOR"),
                name="guest_issuer_has_keys_or_a_secret",
                violation_error_message="Tokens are checked by published keys or by a shared secret: give one of the two.",
            ),
        ),
        migrations.AddIndex(
            model_name="guestorder",
            index=models.Index(fields=["storefront", "guest"], name="guest_order_by_guest"),
        ),
        migrations.AddIndex(
            model_name="guestorder",
            index=models.Index(
                django.db.models.functions.text.Upper("guest"),
                models.F("order"),
                name="guest_order_by_identity",
            ),
        ),
        migrations.AddConstraint(
            model_name="guestorder",
            constraint=models.UniqueConstraint(
                fields=("storefront", "external_id"), name="guest_order_external_id_once"
            ),
        ),
        migrations.AddIndex(
            model_name="reservationmember",
            index=models.Index(fields=["wallet"], name="reservation_member_by_wallet"),
        ),
        migrations.AddIndex(
            model_name="reservationmember",
            index=models.Index(fields=["component"], name="reservation_member_by_part"),
        ),
        migrations.AddConstraint(
            model_name="reservationmember",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_living", True)),
                fields=("wallet", "component", "unit"),
                name="reservation_one_living_per_entitlement",
            ),
        ),
        migrations.AddConstraint(
            model_name="virtualqueue",
            constraint=models.CheckConstraint(
                condition=models.Q(("guests_per_hour__gte", 1), ("guests_per_hour__lte", 100000)),
                name="virtual_queue_guests_per_hour_in_range",
            ),
        ),
        migrations.AddConstraint(
            model_name="virtualqueue",
            constraint=models.CheckConstraint(
                condition=models.Q(("ready_minutes__gte", 1), ("ready_minutes__lte", 1440)),
                name="virtual_queue_ready_minutes_in_range",
            ),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(
                condition=models.Q(("status__in", ("waiting", "paused", "ready"))),
                fields=["queue", "place"],
                name="reservation_living",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["waiting", "paused", "ready", "completed", "canceled", "expired"],
                    )
                ),
                name="reservation_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.UniqueConstraint(
                fields=("queue", "place"), name="reservation_place_once_per_queue"
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(("size__gte", 1)), name="reservation_of_somebody"
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "ready"), _negated=True),
                    models.Q(("expires_at__gt", models.F("ready_at")), ("ready_at__isnull", False)),
                    _connector="OR",
                ),
                name="reservation_ready_for_a_while",
            ),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "waiting"), _negated=True),
                    ("ready_at__isnull", False),
                    _connector="OR",
                ),
                name="reservation_waiting_is_expected",
            ),
        ),
        migrations.RunSQL(_MEMBERS_LIVE_WITH_THEIR_RESERVATION, _MEMBERS_LIVE_ALONE),
    ]
