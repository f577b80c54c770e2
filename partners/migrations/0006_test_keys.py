"""Keys and stored answers have a mode; every venue has a second sequence, for its test orders."""

from django.db import migrations, models

_FUNCTION = """
    CREATE OR REPLACE FUNCTION partners_venue_number_sequence() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('CREATE SEQUENCE %I',
                       'document_number_' || replace(NEW.id::text, '-', ''));
        {second}
        RETURN NEW;
    END $$;
"""
_SECOND = """EXECUTE format('CREATE SEQUENCE %I',
                       'test_document_number_' || replace(NEW.id::text, '-', ''));"""

_OF_VENUES_THERE_ARE = """
    DO $$
    DECLARE venue_id uuid;
    BEGIN
        FOR venue_id IN SELECT id FROM partners_venue LOOP
            EXECUTE format('CREATE SEQUENCE IF NOT EXISTS %I',
                           'test_document_number_' || replace(venue_id::text, '-', ''));
        END LOOP;
    END $$;
"""
_DROP = """
    DO $$
    DECLARE name text;
    BEGIN
        FOR name IN SELECT relname FROM pg_class
            WHERE relkind = 'S' AND relname ~ '^test_document_number_[0-9a-f]{32}$'
        LOOP
            EXECUTE format('DROP SEQUENCE %I', name);
        END LOOP;
    END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("partners", "0005_keys_are_limited")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="test_mode",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="Its orders are tests: they sell nothing and admit nobody.",
            ),
        ),
        migrations.AddField(
            model_name="idempotencyrecord",
            name="test_mode",
            field=models.BooleanField(db_default=False, default=False),
        ),
        # Going back: code that knows no mode must not sell with a test key.
        migrations.RunSQL(
            migrations.RunSQL.noop,
            "UPDATE partners_apikey SET revoked_at = now() WHERE test_mode AND revoked_at IS NULL",
        ),
        migrations.RunSQL(
            [_FUNCTION.format(second=_SECOND), _OF_VENUES_THERE_ARE],
            [_FUNCTION.format(second=""), _DROP],
        ),
    ]
