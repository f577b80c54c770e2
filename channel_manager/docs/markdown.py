"""The little of Markdown that the changelog is written in, as HTML that is safe to show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

_SPANS = (
    (re.compile("`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\[([^\]]+)\]\((/[^)\s]*)\)"), r'<a href="\2">\1</a>'),
)


def as_html(text: str) -> SafeString:
    """Return headings, paragraphs, lists of one level, code, bold text and links within the host.

    A line that begins with white space goes on with the one before; headings of the second level
    have an id.
    """
    return format_html_join("\n", "{}", ((block,) for block in _blocks(text)))


def _blocks(text: str) -> Iterator[SafeString]:
    joined = re.sub(r"\n[ \t]+", " ", text)
    for kind, lines in groupby(joined.splitlines(), key=_kind):
        match kind:
            case "#":
                yield from map(_heading, lines)
            case "-":
                items = format_html_join("", "<li>{}</li>", ((_spans(li[2:]),) for li in lines))
                yield format_html("<ul>{}</ul>", items)
            case "p":
                yield format_html("<p>{}</p>", _spans(" ".join(lines)))


def _kind(line: str) -> str:
    if not line.strip():
        return ""
    return line[0] if re.match(r"#+ |- ", line) else "p"


def _heading(line: str) -> SafeString:
    marks, _, title = line.partition(" ")
    level = str(len(marks))
    if level == "2":
        return format_html('<h2 id="{}">{}</h2>', slugify(title), _spans(title))
    return format_html("<h{}>{}</h{}>", level, _spans(title), level)


def _spans(text: str) -> SafeString:
    html = str(conditional_escape(text))
    for pattern, replacement in _SPANS:
        html = pattern.sub(replacement, html)
    return mark_safe(html)  # noqa: S308 - escaped above
