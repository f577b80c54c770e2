"""How long a partner's holds last."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0002_document_number_sequences"),
    ]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="hold_minutes",
            field=models.PositiveSmallIntegerField(
                default=8,
                help_text="A hold that is not turned into an order frees its places after this long.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="partner",
            constraint=models.CheckConstraint(
                condition=models.Q(("hold_minutes__gte", 1), ("hold_minutes__lte", 60)),
                name="partner_hold_lasts_1_to_60_minutes",
            ),
        ),
    ]
