"""Why a file cannot be read as a statement at all; faults of single rows are not here."""

import enum

from channel_manager.lib.errors import ErrorCode, Fault, Refusal


class Problem(enum.StrEnum):
    """What is wrong with a file, for programs; the sentence beside it is for people."""

    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    LINE_TOO_LONG = "line_too_long"
    CELL_TOO_LONG = "cell_too_long"
    UNKNOWN_KIND = "unknown_kind"
    OLD_OR_ENCRYPTED = "old_or_encrypted"
    MACROS = "macros"
    ZIP_BOMB = "zip_bomb"
    DAMAGED = "damaged"
    MIXED_ENCODINGS = "mixed_encodings"
    NUL_CHARACTER = "nul_character"
    BROKEN_QUOTES = "broken_quotes"
    EMPTY = "empty"
    NO_HEADER = "no_header"
    DUPLICATE_HEADER = "duplicate_header"
    MISSING_COLUMN = "missing_column"
    MISSING_SHEET = "missing_sheet"
    INVALID_FORMAT = "invalid_format"


class UnreadableStatement(Refusal):
    """The file cannot be read as a statement; the text says where and what to do."""

    code = ErrorCode.INVALID_REQUEST

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail, faults=[Fault("/file", problem, detail)])
        self.problem = problem
