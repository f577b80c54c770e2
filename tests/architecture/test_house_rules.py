"""The rules of the house, held by tools: layers, style, types, migrations, file sizes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
APPS = ("channel_manager", "partners", "catalog", "wallets", "orders")
# Names that say nothing of what belongs there (house style).
DRAWERS = {"utils.py", "helpers.py", "services.py", "managers.py", "misc.py", "common.py"}


def run(*command: str) -> None:
    """Run a tool that lies beside this Python; its complaint is the test's."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]


def product_files() -> list[Path]:
    return [
        path
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
    ]


def test_imports_run_one_way() -> None:
    run("lint-imports", "--no-cache")


def test_ruff_finds_nothing() -> None:
    run("ruff", "check", ".")


def test_the_code_is_formatted() -> None:
    run("ruff", "format", "--check", ".")


def test_mypy_finds_nothing() -> None:
    run("mypy")


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_every_constraint_and_index_has_a_name_of_its_own() -> None:
    names = [
        item.name
        for model in apps.get_models()
        if model._meta.app_label in ("history", *APPS)
        for item in (*model._meta.constraints, *model._meta.indexes)
    ]
    assert len(names) == len(set(names))
    assert not [name for name in names if re.search("_[0-9a-f]{6,8}(_|$)", name)]


def test_no_product_file_is_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in product_files()
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_there_are_no_drawers() -> None:
    assert [path for path in product_files() if path.name in DRAWERS] == []


def test_no_further_python_package_stands_at_the_top_level() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == {*APPS, "tests"}


def test_lock_files_name_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / name).read_text()
