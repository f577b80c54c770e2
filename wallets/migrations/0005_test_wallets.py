"""Wallets have the mode of their order: none was a test so far."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wallets", "0004_admissions_are_counted")]

    operations = [
        migrations.AddField(
            model_name="wallet",
            name="test_mode",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="As its order's: the gate admits nobody with it.",
            ),
        ),
    ]
