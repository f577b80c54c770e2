"""Every venue has a sequence of its own for its document numbers, made with its row."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("partners", "0001_initial")]
    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION partners_venue_number_sequence() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE format('CREATE SEQUENCE %I',
                               'document_number_' || replace(NEW.id::text, '-', ''));
                RETURN NEW;
            END $$;
            CREATE TRIGGER partners_venue_numbers AFTER INSERT ON partners_venue
                FOR EACH ROW EXECUTE FUNCTION partners_venue_number_sequence();
            """,
            """
            DROP TRIGGER partners_venue_numbers ON partners_venue;
            DROP FUNCTION partners_venue_number_sequence();
            DO $$
            DECLARE name text;
            BEGIN
                FOR name IN SELECT relname FROM pg_class
                    WHERE relkind = 'S' AND relname ~ '^document_number_[0-9a-f]{32}$'
                LOOP
                    EXECUTE format('DROP SEQUENCE %I', name);
                END LOOP;
            END $$;
            """,
        )
    ]
