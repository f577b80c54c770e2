"""How far sessions are made; and one session per time on the clock, so that days can be moved."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_calendar_and_sessions")]

    operations = [
        migrations.AddField(
            model_name="attraction",
            name="sessions_until",
            field=models.DateField(
                editable=False,
                help_text="Sessions are made up to this day, by the horizon.",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="session",
            constraint=models.UniqueConstraint(
                fields=("attraction", "date", "time"),
                name="session_once_per_time",
                nulls_distinct=False,
            ),
        ),
        migrations.RemoveConstraint(model_name="session", name="session_once_per_moment"),
        # The constraint's index serves what this one did.
        migrations.RemoveIndex(model_name="session", name="session_by_day"),
    ]
