"""The admin of venues, partners and their API keys."""

from partners.admin.partners import PartnerAdmin
from partners.admin.venues import VenueAdmin

__all__ = ["PartnerAdmin", "VenueAdmin"]
