"""The environment of the sandbox that `make run` keeps under its var directory.

Settings read the environment when they are imported, so manage.py calls these before Django.
"""

import os
import secrets
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent


def prepare() -> None:
    """Set what `manage.py run` and its children need, as far as it is not set already."""
    if not os.environ.get("DATABASE_URL"):
        os.environ.pop("DATABASE_URL", None)  # empty means unset
    var_dir = _var_dir()
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        if not os.environ.get("SECRET_KEY"):
            os.environ["SECRET_KEY"] = _secret_key(var_dir)
    except OSError as error:
        sys.exit(f"{error.filename} cannot be used: {error.strerror}. VAR_DIR may name another.")
    os.environ["VAR_DIR"] = str(var_dir)
    _default("PORT", "8000")
    _default("PUBLIC_URL", f"http://127.0.0.1:{os.environ['PORT']}")
    _default("DEMO", "1")


def join() -> None:
    """Give another command the key of the sandbox, where there is one and no key is set."""
    if os.environ.get("SECRET_KEY"):
        return
    try:
        os.environ["SECRET_KEY"] = (_var_dir() / "secret_key").read_text().strip()
    except OSError:
        return  # no sandbox here, or not ours: the settings say what is missing
    _default("DEMO", "1")


def _var_dir() -> Path:
    return Path(os.environ.get("VAR_DIR") or _ROOT / "var").resolve()


def _secret_key(var_dir: Path) -> str:
    """Return the key that was generated here once: sessions and stored secrets depend on it."""
    path = var_dir / "secret_key"
    if not path.exists():
        unfinished = var_dir / "secret_key.new"
        unfinished.touch(mode=0o600)
        unfinished.chmod(0o600)
        unfinished.write_text(secrets.token_urlsafe(50) + "\n")
        unfinished.rename(path)
    return path.read_text().strip()


def _default(name: str, value: str) -> None:
    os.environ[name] = os.environ.get(name) or value
