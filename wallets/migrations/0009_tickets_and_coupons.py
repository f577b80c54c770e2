"""Call assets in the admin what its navigation calls them; nothing in the database changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("wallets", "0008_guests_are_mailed")]

    operations = [
        migrations.AlterModelOptions(
            name="asset",
            options={
                "ordering": ("wallet", "position", "unit"),
                "verbose_name": "ticket or coupon",
                "verbose_name_plural": "tickets and coupons",
            },
        ),
    ]
