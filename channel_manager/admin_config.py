"""Django's admin, with a site of ours. Apart from the site, which needs models that are loaded."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """The admin as an app."""

    default_site = "channel_manager.admin_site.StaffSite"
