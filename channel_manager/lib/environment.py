"""The environment as settings read it: what is set and wrong is refused by its name."""

from __future__ import annotations

import builtins
import math
import re
from typing import Any
from urllib.parse import urlsplit

import environ
from croniter import croniter
from django.core.exceptions import ImproperlyConfigured

_SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "y", "on"), True),
    **dict.fromkeys(("0", "false", "no", "n", "off"), False),
}


class Environment(environ.Env):  # type: ignore[misc]  # it has no types
    """environ's, which takes for off what it does not know, and names no variable that it cannot read.

    What is set to nothing is not set. Every method raises ImproperlyConfigured with one sentence;
    it has the value in it, but for addresses: these may have a password.
    """

    def bool(self, var: str, default: builtins.bool) -> builtins.bool:
        """Read a switch."""
        if not (text := self._text(var)):
            return default
        if text.lower() not in _SWITCHES:
            raise _wrong(var, text, "1, true, yes or on; or 0, false, no or off")
        return _SWITCHES[text.lower()]

    def int(
        self,
        var: str,
        least: builtins.int = 1,
        most: builtins.int | None = None,
        *,
        default: Any,
    ) -> Any:
        """Read a whole number within bounds."""
        if not (text := self._text(var)):
            return default
        is_whole = re.fullmatch(r"[+-]?[0-9]{1,18}", text) is not None
        if not is_whole or int(text) < least or (most is not None and int(text) > most):
            bounds = f"{least} or more" if most is None else f"from {least} to {most}"
            raise _wrong(var, text, f"a whole number, {bounds}")
        return int(text)

    def float(self, var: str, default: builtins.float) -> builtins.float:
        """Read a number above 0."""
        if not (text := self._text(var)):
            return default
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            raise _wrong(var, text, "a number above 0")
        return number

    def choice(self, var: str, choices: tuple[str, ...], default: str) -> str:
        """Read one of these words, which are all in lower case or all in capitals."""
        if not (text := self._text(var)):
            return default
        for word in choices:
            if text.lower() == word.lower():
                return word
        raise _wrong(var, text, f"{', '.join(choices[:-1])} or {choices[-1]}")

    def cron(self, var: str, default: str) -> str:
        """Read a schedule, with or without seconds."""
        text = self._text(var) or default
        if not croniter.is_valid(text):
            raise _wrong(var, text, f"a schedule such as {default}")
        return text

    def website(self, var: str, default: str) -> str:
        """Read the root that something is reached at by http or https, without a slash at the end."""
        text = self._text(var) or default
        try:
            parts = urlsplit(text)
            is_one = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_one = is_one and parts.port != 0
            # Our routes begin at the root, and so do the origins of forms.
            is_one = is_one and parts.path in ("", "/") and not (parts.query or parts.fragment)
        except ValueError:
            is_one = False
        if not is_one:
            raise _wrong(var, text, "an address such as https://tickets.example.com")
        return text.rstrip("/")

    def postgres(self, var: str) -> dict[str, Any]:
        """Read the address of a database as Django's settings have it; empty when it is not set."""
        if not (text := self._text(var)):
            return {}
        needed = f"{var} cannot be used; it must be such as postgres://user:password@host/name."
        if text.partition("://")[0] not in ("postgres", "postgresql"):
            raise ImproperlyConfigured(needed)
        try:
            config: dict[str, Any] = self.db_url_config(text)
        except ValueError:
            raise ImproperlyConfigured(needed) from None
        if not config["NAME"]:
            raise ImproperlyConfigured(needed)
        return config

    def mail(self, var: str, default: str) -> dict[str, Any]:
        """Read the address of a mail server as Django's settings have it."""
        text = self._text(var) or default
        needed = f"{var} cannot be used; it must be such as smtp+tls://user:password@host:587."
        try:
            config: dict[str, Any] = self.email_url_config(text)
        except (ValueError, ImproperlyConfigured):
            raise ImproperlyConfigured(needed) from None
        if text.startswith("smtp") and not config["EMAIL_HOST"]:
            raise ImproperlyConfigured(needed)
        return config

    def _text(self, var: str) -> str:
        return str(self.str(var, default="")).strip()


def _wrong(var: str, text: str, needed: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{var} is {text!r}; it must be {needed}.")
