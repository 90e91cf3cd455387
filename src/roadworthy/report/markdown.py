"""Markdown for pull requests and step summaries, in which no message can form markup, a link or a mention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from roadworthy.report.layout import environment
from roadworthy.report.view import view_of

if TYPE_CHECKING:
    import jinja2

    from roadworthy.inspection.summary import Inspection

EXAMPLES = 8
# An underscore within a word and a colon before a space mean nothing, and stay readable in the source.
_MARKUP = re.compile(r"[\\`*\[\]<>&#~@$|]|(?<!\w)_|_(?!\w)|:(?=\S)|(?<=www)\.", re.IGNORECASE)


def render_markdown(inspection: Inspection) -> str:
    """Lay out one document of GitHub-flavoured Markdown."""
    view = view_of(inspection)
    return _templates().get_template("comment.md.j2").render(view=view, examples=view.examples[:EXAMPLES])


def as_text(text: str) -> str:
    """Write every character that Markdown, HTML or GitHub would act on as a character reference.

    Examples
    --------
    >>> as_text("a|b <b>@you</b>")
    'a&#124;b &#60;b&#62;&#64;you&#60;/b&#62;'
    """
    return _MARKUP.sub(lambda match: f"&#{ord(match[0])};", text)


def _templates() -> jinja2.Environment:
    from markupsafe import Markup

    def escaped(value: Any) -> Any:
        return value if isinstance(value, Markup) else Markup(as_text(str(value)))  # noqa: S704

    def code(value: str) -> Markup:
        return Markup(f"<code>{as_text(value)}</code>")  # noqa: S704

    templates = environment(finalize=escaped)
    templates.filters["code"] = code
    return templates
