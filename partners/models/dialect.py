"""The systems whose sellers can sell through us in their own words."""

from django.db import models


class Dialect(models.TextChoices):
    """A ticketing system whose API we answer beside our own."""

    ORDINO = "ordino", "Ordino"
    ONEBOX = "onebox", "Onebox"
    OPENTICKET = "openticket", "OpenTicket"
    VOORDEMENSEN = "voordemensen", "VoordeMensen"
