"""The charts of a learned profile: how users and simulated messages are written, and how well they are told apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from roadworthy.report.charts import ACCENT, INK, MUTED, RULE, WRONG, Chart, both, data, intervals, row_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from roadworthy.report.charts import Drawn, Size
    from roadworthy.report.noise import HabitRow, Noise, ToldRow

_USERS, _SIMULATED, _CLEAN = "yours", "simulated", "clean"
_ROW = 26


def habits_chart(noise: Noise | None) -> Chart | None:
    """Draw in what share of messages each way of writing is seen: of users, simulated, and clean."""
    if noise is None or not noise.habits:
        return None
    habits = noise.habits
    said = "; ".join(f"{row.name}: {row.users.value} and {row.simulated.value}" for row in habits)
    return Chart(
        *both(lambda size: _habits(habits, size)),
        says=f"Share of messages that show each way of writing, of your users and simulated. {said}.",
    )


def told_chart(noise: Noise | None) -> Chart | None:
    """Draw how well a classifier tells messages of users from clean and from simulated ones."""
    if noise is None or not noise.told:
        return None
    told = noise.told
    said = "; ".join(f"from {row.name}: {row.cell}" for row in told)
    return Chart(
        *both(lambda size: _told(told, size)), says=f"Area under the curve of telling your users' messages {said}."
    )


def _habits(rows: Sequence[HabitRow], size: Size) -> Drawn:
    import altair as alt

    points = [
        {"name": row.name, "who": who, "value": cell.at}
        for row in rows
        for who, cell in ((_CLEAN, row.clean), (_SIMULATED, row.simulated), (_USERS, row.users))
    ]
    highest = max(cell.at or 0.0 for row in rows for cell in (row.users, row.simulated, row.clean))
    gaps = [{"name": row.name, "low": row.users.at, "high": row.simulated.at} for row in rows]
    most = max(10, 10 * math.ceil(highest / 10))
    axis = alt.Axis(tickCount=5, labelExpr="datum.value + ' %'", title="share of messages", domain=False, ticks=False)
    scale = alt.Scale(domain=[0, most], nice=False)
    whose = [_USERS, _SIMULATED, _CLEAN]
    legend = alt.Legend(title=None, direction="horizontal", symbolSize=90)
    shapes = alt.Scale(domain=whose, range=["circle", "diamond", "square"])
    colours = alt.Scale(domain=whose, range=[ACCENT, WRONG, MUTED])
    y = alt.Y("name:N", sort=[row.name for row in rows], title=None, axis=row_axis(size))
    lines = alt.Chart(data(gaps)).mark_rule(strokeWidth=2, color=RULE)
    dots = (
        alt.Chart(data(points))
        .mark_point(filled=True, size=90, opacity=1, strokeWidth=2)
        .encode(
            x=alt.X("value:Q", scale=scale, axis=axis),
            y=y,
            color=alt.Color("who:N", scale=colours, legend=legend),
            shape=alt.Shape("who:N", scale=shapes, legend=legend),
        )
    )
    drawn = alt.layer(lines.encode(x=alt.X("low:Q", scale=scale), x2="high:Q", y=y), dots)
    return drawn.properties(width=size.plot, height=_ROW * len(rows))


def _told(rows: Sequence[ToldRow], size: Size) -> Drawn:
    import altair as alt

    # The names of rows are short, as a narrow page cuts them.
    names = [f"from {row.name.removesuffix(' messages')}" for row in rows]
    points = [
        {"name": name, "low": row.cell.low, "value": row.cell.at, "high": row.cell.high}
        for name, row in zip(names, rows, strict=True)
    ]
    least = min(50, *(10 * math.floor((row.cell.low or 0.0) / 10) for row in rows))
    scale = alt.Scale(domain=[least, 100], nice=False)
    axis = alt.Axis(
        values=list(range(least, 101, 10)),
        labelExpr="format(datum.value / 100, '.1f')",
        title="area under the curve",
        domain=False,
        ticks=False,
    )
    base = alt.Chart(data(points)).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=row_axis(size)),
        color=alt.value(ACCENT),
    )
    place = alt.X("value:Q", scale=scale, axis=axis)
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(x=place)
    chance = alt.Chart(data([{"value": 50, "says": "cannot tell"}]))
    line = chance.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=INK).encode(x=place)
    word = chance.mark_text(align="left", dx=-4, fill=INK).encode(x=place, y=alt.value(-8), text="says:N")
    layers: list[alt.Chart] = [line, intervals(base), dots, word]
    return alt.layer(*layers).properties(width=size.plot, height=30 * len(rows))
