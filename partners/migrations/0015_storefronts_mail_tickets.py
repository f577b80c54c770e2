"""Storefronts say whether guests are mailed their tickets once these are issued."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0014_storefronts")]

    operations = [
        migrations.AddField(
            "storefront",
            "mails_tickets",
            models.BooleanField(
                default=False,
                db_default=False,
                help_text="Guests are e-mailed their tickets as soon as these are issued.",
            ),
        ),
    ]
