"""The README and the pages of docs/ name what exists, and all of it that matters."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
# Where variables are read; what a program gives itself, or make gives it, is nobody's to set.
READERS = (
    "channel_manager/settings.py",
    "channel_manager/management/commands/run.py",
    "channel_manager/management/commands/web.py",
    "channel_manager/management/processes.py",
    "channel_manager/lib/local_environment.py",
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("channel_manager/lib/*_settings.py")),
    "tests/run.py",
)
NOT_OURS = {"MAKELEVEL", "DJANGO_SETTINGS_MODULE"}


def section(title: str) -> str:
    """Return the part of the README under a heading."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def variables_read() -> set[str]:
    pattern = r"""(?:env\.\w+\(\s*|environ\[|environ\.get\(|_default\()["']([A-Z_]+)["']"""
    found = set()
    for path in READERS:
        found |= set(re.findall(pattern, (ROOT / path).read_text()))
    return found - NOT_OURS


def test_the_configuration_table_lists_every_variable_that_is_read() -> None:
    product, of_compose = CONFIGURATION.split("## Of compose.yaml")
    listed = re.findall(r"^\| `([A-Z_]+)` \|", product, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == variables_read()
    interpolated = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    assert interpolated - variables_read() == set(
        re.findall(r"^\| `([A-Z_]+)` \|", of_compose, re.MULTILINE)
    )


def test_defaults_in_the_table_are_those_of_the_settings() -> None:
    settings = (ROOT / "channel_manager/settings.py").read_text()
    for name, value in re.findall(
        r'env\.int\("(\w+)",(?: \w+=\d+,)? default=([\d* ]+)\)', settings
    ):
        seconds = 1
        for factor in value.split("*"):
            seconds *= int(factor)
        row = next(line for line in CONFIGURATION.splitlines() if line.startswith(f"| `{name}` |"))
        assert row.endswith(f"| `{seconds}` |")


def test_the_make_targets_are_those_of_the_makefile() -> None:
    targets = set(re.findall(r"^(\w+):.*?## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^\| `make (\w+)` \|", section("Make targets"), re.MULTILINE)) == (
        targets - {"help"}
    )
    for text in (README, ARCHITECTURE):
        assert set(re.findall(r"`make (\w+)", text)) <= targets


def test_every_test_folder_belongs_to_the_layout() -> None:
    for folder in ("channel_manager", "partners", "catalog", "wallets", "orders"):
        assert f"\n{folder}/" in section("Layout")
        assert (ROOT / "tests" / folder).is_dir()
