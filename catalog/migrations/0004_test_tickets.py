"""Items and packages may be hidden: those that only test orders are for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_sessions_have_a_horizon")]

    operations = [
        migrations.AddField(
            model_name="item",
            name="is_test",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="package",
            name="is_test",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="The hidden package of test orders (catalog/trial_ticket.py).",
            ),
        ),
    ]
