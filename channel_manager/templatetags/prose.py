"""Showing texts that the code keeps as plain prose."""

import re

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from channel_manager.docs.pages import PAGES, Page

register = template.Library()
_SPAN = re.compile("`([^`]+)`")


@register.filter
def code_spans(text: str) -> SafeString:
    """Escape a text and show what stands between backticks as code."""
    return mark_safe(_SPAN.sub(r"<code>\1</code>", conditional_escape(text)))  # noqa: S308


@register.simple_tag
def docs_pages() -> tuple[Page, ...]:
    """Return the documentation's pages for its navigation."""
    return PAGES
