"""The README and the pages of docs/ name what exists, and all of it that matters."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
NAMES = ("architecture", "configuration", "installing", "backup", "upgrading")
DOCS = {name: (ROOT / f"docs/{name}.md").read_text() for name in NAMES}
ARCHITECTURE, CONFIGURATION = DOCS["architecture"], DOCS["configuration"]
PAGES = pytest.mark.parametrize("text", [README, *DOCS.values()], ids=["readme", *DOCS])
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
    for name, value in re.findall(r'env\.int\("(\w+)", default=([\d* ]+)\)', settings):
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


@PAGES
def test_files_that_are_named_exist(text: str) -> None:
    top = {path.name for path in ROOT.iterdir()} - {"var"}
    named = set(re.findall(r"`([\w.]+/[\w./-]*)`", text))
    ours = {name for name in named if name.split("/")[0] in top}
    assert len(ours) > (5 if text in (README, ARCHITECTURE) else 0)
    assert {name for name in ours if not (ROOT / name).exists()} == set()


@PAGES
def test_links_lead_to_headings_that_exist(text: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        base = ROOT if text == README else ROOT / "docs"
        page = (base / target).read_text() if target else text
        anchors = {
            re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
        }
        assert not anchor or anchor in anchors, (target, anchor)


def test_every_test_folder_belongs_to_the_layout() -> None:
    for folder in ("channel_manager", "partners", "catalog", "wallets", "orders"):
        assert f"\n{folder}/" in section("Layout")
        assert (ROOT / "tests" / folder).is_dir()
