"""Reading wallet and asset numbers as people type them."""

import re

# Crockford's base 32 has no I, L or O: whoever reads one out means these.
_MISREAD = str.maketrans("ILO", "110")
_OURS = re.compile(r"[WTC][0-9A-Z]{16}")


def read_number(typed: str) -> str:
    """Return a number without blanks and dashes, in capitals; ours with its misread letters put right.

    Any other text comes back in capitals too, for a comparison that finds nothing.
    """
    compact = re.sub(r"[\s‐-―-]+", "", typed).upper()
    if _OURS.fullmatch(compact):
        return compact[0] + compact[1:].translate(_MISREAD)
    return compact
