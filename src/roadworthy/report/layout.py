"""The templates of the page and the Markdown document: what both lay out in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.report.wording import VERDICT_SIGNS

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2


def environment(finalize: Callable[[Any], Any] | None = None) -> jinja2.Environment:
    """Open the folder of templates; every value is escaped for HTML, after the given function if there is one."""
    import jinja2

    opened = jinja2.Environment(
        loader=jinja2.PackageLoader("roadworthy.report"),
        autoescape=True,
        finalize=finalize,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    opened.globals["signs"] = VERDICT_SIGNS
    return opened
