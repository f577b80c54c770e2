"""A connector that makes nothing: it notes what would be asked for, and gives placeholders."""

from __future__ import annotations

from collections.abc import Sequence

from wallets.connectors.base import Issued, LineToIssue


class RecordingConnector:
    """Stands in for a connector where nothing may be issued; `asked` is what would be called.

    Its numbers say that they are none: they have dashes and count from one, in each kind.
    """

    name = "recording"

    def __init__(self) -> None:
        self.asked: list[LineToIssue] = []

    def issue(self, lines: Sequence[LineToIssue]) -> Issued:
        """Note the lines and return a placeholder for every asset."""
        self.asked.extend(lines)
        counts: dict[str, int] = {}
        numbers = {}
        for line in lines:
            for key, component in line.assets():
                counts[component.type] = counts.get(component.type, 0) + 1
                numbers[key] = f"PREVIEW-{component.type.upper()}-{counts[component.type]}"
        return Issued(numbers)
