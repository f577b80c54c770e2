"""One table with the columns that an order cannot do without."""

from __future__ import annotations

import uuid

from django.db import models


class MinimalOrder(models.Model):
    """An order of a tutorial."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner_id = models.UUIDField()
    reference = models.CharField(max_length=100, unique=True)
    payment_reference = models.CharField(max_length=100)
    item_number = models.CharField(max_length=100)
    quantity = models.PositiveIntegerField()
    visit_date = models.DateField()
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
