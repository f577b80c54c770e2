"""Identities nobody can guess: row ids that sort by time, and numbers that scan well."""

import secrets
import time
import uuid

# Crockford's base 32: no I, L, O or U, upper case, so that a QR code uses its compact mode and a
# number read over the phone is written down right.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def time_ordered_uuid() -> uuid.UUID:
    """Return a UUID version 7 (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    return uuid.UUID(int=value & ~(0x3 << 62) | (0x2 << 62))


def unguessable_number(prefix: str) -> str:
    """Return a prefix and 16 random characters of Crockford's base 32 (80 bits)."""
    bits = secrets.randbits(80)
    return prefix + "".join(_ALPHABET[(bits >> shift) & 31] for shift in range(0, 80, 5))


def url_token() -> str:
    """Return 192 random bits as 32 URL-safe characters."""
    return secrets.token_urlsafe(24)
