"""What a page may load (Content-Security-Policy): the policies of this host, and how one is widened."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

Policy = Mapping[str, tuple[str, ...]]

_SELF, _NONE = ("'self'",), ("'none'",)

# What is no page: JSON, PDF, pictures. Opened by themselves they load nothing.
NOTHING: Policy = {"default-src": _NONE, "base-uri": _NONE, "frame-ancestors": _NONE}
# Our own pages: own scripts and styles, none of them inline, nothing from another host.
PAGE: Policy = {
    **NOTHING,
    "script-src": _SELF,
    "style-src": _SELF,
    "img-src": ("'self'", "data:"),
    "font-src": _SELF,
    "connect-src": _SELF,
    "manifest-src": _SELF,
    "form-action": _NONE,
}
# The admin's libraries need two things more. Alpine makes functions of the texts in `x-` attributes
# ('unsafe-eval'), and django-unfold has its colours in a style element, htmx and Alpine write style
# attributes ('unsafe-inline', for styles only). An inline script runs nowhere.
ADMIN: Policy = {
    **PAGE,
    "script-src": ("'self'", "'unsafe-eval'"),
    "style-src": ("'self'", "'unsafe-inline'"),
    "img-src": ("'self'", "data:", "blob:"),
    "form-action": _SELF,
}


def header(policy: Policy, **more: str) -> str:
    """Return a policy as a header's value, with one more source for some of its directives.

    `more` names a directive with underscores: `header(PAGE, media_src="blob:")`. One that the
    policy does not have is added for the host itself and that source.
    """
    sources = {name: list(values) for name, values in policy.items()}
    for name, source in more.items():
        sources.setdefault(name.replace("_", "-"), list(_SELF)).append(source)
    return "; ".join(" ".join([name, *values]) for name, values in sources.items())


def hash_of(text: str) -> str:
    """Return the source that allows one inline style or script with exactly this content."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
