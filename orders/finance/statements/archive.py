"""The parts of a workbook's ZIP file, none of them larger than it says or than is sound."""

from __future__ import annotations

import itertools
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from orders.finance.statements.cells import CHUNK_BYTES
from orders.finance.statements.refusals import Problem, UnreadableStatement

MAX_PARTS = 2_000
MAX_INFLATED_BYTES = 256 * 1024 * 1024
# Sheets shrink to a tenth or so. Small files are not asked: a short one of blanks is no danger.
MAX_RATIO = 100
_RATIO_FROM_BYTES = 8 * 1024 * 1024
# The parts that say what the others are; they are read whole.
MAX_SMALL_PART_BYTES = 4 * 1024 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# Marks of macros in the names of parts and in the list of their content types.
_MACRO_NAMES = ("vbaproject", "macrosheets/", "vbadata")
_MACRO_TYPES = (b"macroenabled", b"vbaproject", b"macrosheet")


class Archive:
    """An opened workbook whose directory has been looked through; nothing is inflated before."""

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
            raise damaged() from error
        self._parts = {info.filename.lstrip("/"): info for info in self._zip.infolist()}
        self._refuse_a_bomb()
        self._refuse_what_is_locked()
        self._refuse_macros()

    def has(self, name: str) -> bool:
        """Tell whether there is a part of this name."""
        return name in self._parts

    def read(self, name: str) -> bytes:
        """Return a small part whole."""
        if name not in self._parts:
            raise damaged()
        data = bytearray()
        for chunk in self.chunks(name):
            data += chunk
            if len(data) > MAX_SMALL_PART_BYTES:
                raise UnreadableStatement(
                    Problem.TOO_LARGE,
                    f"The workbook's {name} is larger than a statement's can be. Copy the sheet to "
                    "a new workbook and save that.",
                )
        return bytes(data)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a part in pieces, and never more of it than the directory says that there is."""
        info = self._parts[name]
        left = info.file_size
        try:
            with self._zip.open(info) as part:
                while chunk := part.read(CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise _bomb()
                    yield chunk
        # A part that is longer than its entry says is cut by zipfile, and then fails its checksum.
        # ValueError: the directory has it begin before the file.
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            OSError,
            ValueError,
        ) as error:
            raise damaged() from error

    def _refuse_a_bomb(self) -> None:
        infos = self._zip.infolist()
        inflated = sum(info.file_size for info in infos)
        # Entries that overlap would share their bytes, so that each could be huge.
        deflated = max(sum(info.compress_size for info in infos), 1)
        if len(infos) > MAX_PARTS or len(self._parts) != len(infos):
            raise _bomb()
        if inflated > MAX_INFLATED_BYTES:
            raise _bomb()
        if inflated > _RATIO_FROM_BYTES and inflated / deflated > MAX_RATIO:
            raise _bomb()
        starts = sorted((info.header_offset, info.compress_size) for info in infos)
        for (offset, size), (following, _) in itertools.pairwise(starts):
            if offset + size > following:
                raise _bomb()

    def _refuse_what_is_locked(self) -> None:
        for info in self._zip.infolist():
            if info.flag_bits & _ENCRYPTED:
                raise UnreadableStatement(
                    Problem.OLD_OR_ENCRYPTED,
                    "The file is protected by a password. Save it without one.",
                )
            if info.compress_type not in _METHODS:
                raise damaged()

    def _refuse_macros(self) -> None:
        if not self.has("[Content_Types].xml"):
            raise UnreadableStatement(
                Problem.UNKNOWN_KIND,
                "This is a ZIP file, but no Excel workbook. Save the sheet as XLSX or CSV.",
            )
        names = [name.lower() for name in self._parts]
        types = self.read("[Content_Types].xml").lower()
        if any(mark in name for name in names for mark in _MACRO_NAMES) or any(
            mark in types for mark in _MACRO_TYPES
        ):
            raise UnreadableStatement(
                Problem.MACROS,
                "The workbook holds macros. Save it as XLSX, which keeps none, and upload that.",
            )
        if b"sheet.binary" in types:
            raise UnreadableStatement(
                Problem.UNKNOWN_KIND, "This is a binary workbook (XLSB). Save it as XLSX."
            )


def damaged() -> UnreadableStatement:
    """Return the refusal of a workbook that is cut off, or no workbook inside."""
    return UnreadableStatement(
        Problem.DAMAGED, "The workbook is damaged: open it in Excel and save it again as XLSX."
    )


def _bomb() -> UnreadableStatement:
    return UnreadableStatement(
        Problem.ZIP_BOMB,
        f"The workbook would unpack to far more than a statement has (at most "
        f"{MAX_INFLATED_BYTES // 1024 // 1024} MiB, {MAX_RATIO} times its own size). "
        "It was not unpacked.",
    )
