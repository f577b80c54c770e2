"""Selling on account is said to be for a partner's server."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0016_storefronts_sell_on_account")]

    operations = [
        migrations.AlterField(
            model_name="storefront",
            name="sells_on_account",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="For a partner's server, not for a shop with guests: on account is its "
                "only payment method. Orders by it are complete at once, nobody pays at our page, "
                "and the partner is billed by statement.",
                verbose_name="sells on account",
            ),
        ),
    ]
