"""Milestones on the way to going live; two live keys of each mode at most; closed is final.

Keys that there are stay, however many: the trigger looks at what becomes usable from now on.
"""

import django.db.models.deletion
from django.db import migrations, models

_TWO_LIVE_KEYS = """
    CREATE FUNCTION partners_apikey_two_live() RETURNS trigger LANGUAGE plpgsql AS $$
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
    CREATE TRIGGER api_key_two_live_per_mode
        BEFORE INSERT OR UPDATE OF partner_id, test_mode, expires_at, revoked_at
        ON partners_apikey FOR EACH ROW EXECUTE FUNCTION partners_apikey_two_live();
"""
_AS_MANY_AS_WANTED = """
    DROP TRIGGER api_key_two_live_per_mode ON partners_apikey;
    DROP FUNCTION partners_apikey_two_live();
"""
_CLOSED_IS_FINAL = """
    CREATE FUNCTION partners_partner_stays_closed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a closed partner stays closed'
            USING ERRCODE = 'check_violation', TABLE = 'partners_partner',
                CONSTRAINT = 'partner_closed_is_final';
    END $$;
    CREATE TRIGGER partner_closed_is_final BEFORE UPDATE OF status ON partners_partner
        FOR EACH ROW WHEN (OLD.status = 'Closed' AND NEW.status <> 'Closed')
        EXECUTE FUNCTION partners_partner_stays_closed();
"""
_CLOSED_IS_NOT_FINAL = """
    DROP TRIGGER partner_closed_is_final ON partners_partner;
    DROP FUNCTION partners_partner_stays_closed();
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0010_answers_are_found_by_order")]

    operations = [
        migrations.AddField(
            model_name="tokenbucket",
            name="refused_at",
            field=models.DateTimeField(null=True, help_text="When it last had no token left."),
        ),
        migrations.CreateModel(
            name="Milestone",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("test_mode", models.BooleanField()),
                (
                    "name",
                    models.CharField(
                        choices=[
                            ("repeat_answered", "A repeated order was not taken twice"),
                            ("order_cancelled", "An order was cancelled"),
                            ("trouble_answered", "An order that could not be had was answered"),
                        ],
                        max_length=30,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "order_id",
                    models.UUIDField(help_text="No key: milestones outlive orders.", null=True),
                ),
                (
                    "told",
                    models.CharField(
                        blank=True, help_text="The code that was answered.", max_length=40
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="milestones",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("partner", "test_mode", "name"), name="milestone_once_per_mode"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "name__in",
                                ["repeat_answered", "order_cancelled", "trouble_answered"],
                            )
                        ),
                        name="milestone_name_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(_TWO_LIVE_KEYS, _AS_MANY_AS_WANTED),
        migrations.RunSQL(_CLOSED_IS_FINAL, _CLOSED_IS_NOT_FINAL),
    ]
