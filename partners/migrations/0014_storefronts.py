"""Storefronts of the four dialects, the ids they know our things by, and keys of their own."""

import django.db.models.deletion
from django.db import migrations, models

import channel_manager.lib.identity

_TWO_LIVE_KEYS_OF_A_DIALECT = """
    CREATE OR REPLACE FUNCTION partners_apikey_two_live() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        moment timestamptz :=
            CASE TG_OP WHEN 'INSERT' THEN NEW.created_at ELSE clock_timestamp() END;
        others integer;
    BEGIN
        IF NEW.revoked_at IS NOT NULL OR NEW.expires_at <= moment THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL
            AND (OLD.expires_at IS NULL OR OLD.expires_at > moment)
            AND OLD.partner_id = NEW.partner_id AND OLD.test_mode = NEW.test_mode
            AND OLD.dialect = NEW.dialect
        THEN
            RETURN NEW;
        END IF;
        -- Two who make a key at once take turns; the second one's count is made after the wait.
        PERFORM FROM partners_partner WHERE id = NEW.partner_id FOR NO KEY UPDATE;
        SELECT count(*) INTO others FROM partners_apikey k
        WHERE k.partner_id = NEW.partner_id AND k.test_mode = NEW.test_mode
            AND k.dialect = NEW.dialect AND k.id <> NEW.id
            AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > moment);
        IF others >= 2 THEN
            RAISE EXCEPTION 'a partner has two usable keys of each mode and dialect at most'
                USING ERRCODE = 'check_violation', TABLE = 'partners_apikey',
                    CONSTRAINT = 'api_key_two_live_per_mode';
        END IF;
        RETURN NEW;
    END $$;
"""
_TWO_LIVE_KEYS = """
    CREATE OR REPLACE FUNCTION partners_apikey_two_live() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        moment timestamptz :=
            CASE TG_OP WHEN 'INSERT' THEN NEW.created_at ELSE clock_timestamp() END;
        others integer;
    BEGIN
        IF NEW.revoked_at IS NOT NULL OR NEW.expires_at <= moment THEN
            RETURN NEW;
        END IF;
        IF TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL
            AND (OLD.expires_at IS NULL OR OLD.expires_at > moment)
            AND OLD.partner_id = NEW.partner_id AND OLD.test_mode = NEW.test_mode
        THEN
            RETURN NEW;
        END IF;
        -- Two who make a key at once take turns; the second one's count is made after the wait.
        PERFORM FROM partners_partner WHERE id = NEW.partner_id FOR NO KEY UPDATE;
        SELECT count(*) INTO others FROM partners_apikey k
        WHERE k.partner_id = NEW.partner_id AND k.test_mode = NEW.test_mode AND k.id <> NEW.id
            AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > moment);
        IF others >= 2 THEN
            RAISE EXCEPTION 'a partner has two usable keys of each mode at most'
                USING ERRCODE = 'check_violation', TABLE = 'partners_apikey',
                    CONSTRAINT = 'api_key_two_live_per_mode';
        END IF;
        RETURN NEW;
    END $$;
"""
_UNLOGGED = """
    ALTER TABLE partners_visitorbucket SET UNLOGGED;
    ALTER TABLE partners_visitorbucket SET (fillfactor = 20);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0013_contracts"),
    ]

    operations = [
        migrations.CreateModel(
            name="OutwardId",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("key", models.CharField(help_text="What we know it by.", max_length=120)),
                ("value", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Storefront",
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
                    "dialect",
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
                (
                    "test_mode",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Its orders are tests: they sell nothing and admit nobody.",
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        help_text="What its requests name it by: a channel, a shop or a client; a park for Ordino.",
                        max_length=64,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("partner", "dialect"),
            },
        ),
        migrations.CreateModel(
            name="VisitorBucket",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=45)),
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
                (
                    "refused_at",
                    models.DateTimeField(help_text="When it last had no token left.", null=True),
                ),
            ],
        ),
        migrations.AddField(
            model_name="apikey",
            name="dialect",
            field=models.CharField(
                blank=True,
                choices=[
                    ("ordino", "Ordino"),
                    ("onebox", "Onebox"),
                    ("openticket", "OpenTicket"),
                    ("voordemensen", "VoordeMensen"),
                ],
                db_default="",
                default="",
                editable=False,
                help_text="The dialect that it is for; empty for the partner API.",
                max_length=14,
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("dialect__in", ["", "ordino", "onebox", "openticket", "voordemensen"])
                ),
                name="api_key_dialect_known",
            ),
        ),
        migrations.AddField(
            model_name="storefront",
            name="partner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="storefronts",
                to="partners.partner",
            ),
        ),
        migrations.AddField(
            model_name="outwardid",
            name="storefront",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="outward_ids",
                to="partners.storefront",
            ),
        ),
        migrations.AddField(
            model_name="visitorbucket",
            name="storefront",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="visitor_buckets",
                to="partners.storefront",
            ),
        ),
        migrations.AddConstraint(
            model_name="storefront",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("dialect__in", ["ordino", "onebox", "openticket", "voordemensen"])
                ),
                name="storefront_dialect_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="storefront",
            constraint=models.UniqueConstraint(
                fields=("dialect", "public_id"), name="storefront_public_id_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="storefront",
            constraint=models.UniqueConstraint(
                fields=("partner", "dialect", "test_mode"), name="storefront_once_per_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="outwardid",
            constraint=models.UniqueConstraint(
                fields=("storefront", "kind", "key"), name="outward_id_once_per_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="outwardid",
            constraint=models.UniqueConstraint(
                fields=("storefront", "kind", "value"), name="outward_id_means_one_thing"
            ),
        ),
        migrations.AddIndex(
            model_name="visitorbucket",
            index=models.Index(fields=["at"], name="visitor_bucket_by_moment"),
        ),
        migrations.AddConstraint(
            model_name="visitorbucket",
            constraint=models.UniqueConstraint(
                fields=("storefront", "address"), name="visitor_bucket_once_per_address"
            ),
        ),
        migrations.AddConstraint(
            model_name="visitorbucket",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__gte", 0)), name="visitor_bucket_not_below_empty"
            ),
        ),
        migrations.RunSQL(_TWO_LIVE_KEYS_OF_A_DIALECT, _TWO_LIVE_KEYS),
        # The table goes as a whole.
        migrations.RunSQL(_UNLOGGED, migrations.RunSQL.noop),
    ]
