"""One byte string per JSON value, whatever the order of its members, and its fingerprint."""

import hashlib
import json


def fingerprint(*parts: object) -> str:
    """Return the SHA-256, in hex, of JSON values written with sorted members."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
