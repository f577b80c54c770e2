"""The admin of items, packages and partners' item numbers."""

from catalog.admin.items import ItemAdmin
from catalog.admin.mappings import PackageMappingAdmin
from catalog.admin.packages import PackageAdmin

__all__ = ["ItemAdmin", "PackageAdmin", "PackageMappingAdmin"]
