"""The page and the notebook fragment: view data and charts laid out by autoescaping templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.report.charts import confidence_chart, family_chart, real_chart, standalone
from roadworthy.report.layout import environment
from roadworthy.report.noise_charts import habits_chart, told_chart
from roadworthy.report.view import view_of

if TYPE_CHECKING:
    from roadworthy.inspection.summary import Inspection

FRAGMENT_EXAMPLES = 3


def render_page(inspection: Inspection) -> str:
    """Lay out the self-contained page."""
    return render_page_and_figures(inspection)[0]


def render_page_and_figures(inspection: Inspection) -> tuple[str, dict[str, str]]:
    """Lay out the page, and its charts by name as pictures of their own."""
    view = view_of(inspection)
    charts = {
        "families": family_chart(view),
        "habits": habits_chart(view.noise),
        "told_apart": told_chart(view.noise),
        "real": real_chart(view),
        "confidence": confidence_chart(view),
    }
    templates = environment()
    page = templates.get_template("page.html.j2").render(view=view, charts=charts)
    colours = templates.get_template("colours.css.j2").render()
    return page, {name: standalone(chart.wide, colours) for name, chart in charts.items() if chart is not None}


def render_fragment(inspection: Inspection) -> str:
    """Lay out the essentials, for a notebook cell."""
    view = view_of(inspection)
    rows = [row for row in view.groups if row.kind != "perturbed" or row.key.endswith(f"/{view.judged}")]
    examples = view.examples[:FRAGMENT_EXAMPLES]
    return environment().get_template("fragment.html.j2").render(view=view, rows=rows, examples=examples)
