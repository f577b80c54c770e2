"""Addresses of the pages of outside ids."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Component, ComponentSource, Connection


def component_url(component_id: uuid.UUID) -> str:
    """Return the page of who issues a component."""
    return reverse("admin:catalog_componentsource_component", args=[component_id])


def source_url(source: ComponentSource, page: str) -> str:
    """Return a page of an outside id, such as change."""
    return reverse(f"admin:catalog_componentsource_{page}", args=[source.pk])


def new_source_url(
    component: Component, connection: Connection, answers: Mapping[str, str] | None = None
) -> str:
    """Return the form of a new outside id, with answers filled in."""
    keys = {"component": str(component.pk), "connection": str(connection.pk)}
    address = reverse("admin:catalog_componentsource_add")
    return f"{address}?{urlencode({**keys, **(answers or {})})}"
