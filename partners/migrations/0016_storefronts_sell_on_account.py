"""Storefronts say whether their partner is billed by statement, instead of guests paying at our page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0015_storefronts_mail_tickets")]

    operations = [
        migrations.AddField(
            "storefront",
            "sells_on_account",
            models.BooleanField(
                "sells on account",
                default=False,
                db_default=False,
                help_text="One payment method more: on account. Orders by it are complete at once, "
                "nobody pays at our page, and the partner is billed by statement.",
            ),
        ),
        migrations.AddConstraint(
            "storefront",
            models.CheckConstraint(
                condition=models.Q(sells_on_account=False)
                | models.Q(dialect__in=("openticket", "voordemensen")),
                name="storefront_on_account_where_guests_pay",
            ),
        ),
    ]
