"""View data drawn as SVG, offline: each chart once wide and once narrow, in colours that the page decides."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roadworthy.report.wording import DASH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import altair as alt

    from roadworthy.report.rows import Bars, FamilyRow, GroupRow
    from roadworthy.report.view import View

    Drawn = alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart

# Colours are custom properties of the page, which Vega passes through: one drawing serves light and dark.
INK, MUTED, RULE, ACCENT = "var(--ink)", "var(--muted)", "var(--rule)", "var(--accent)"
RIGHT, WRONG = "var(--right)", "var(--wrong)"
RAMP = ("var(--step1)", "var(--step2)", "var(--step3)", "var(--step4)", "var(--step5)")
SHAPES = ("circle", "square", "diamond", "triangle-up", "triangle-down")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Size:
    """The room that a chart has, in CSS pixels."""

    plot: int
    labels: int
    text: int


WIDE = Size(plot=690, labels=150, text=13)
NARROW = Size(plot=210, labels=120, text=12)


@dataclass(frozen=True)
class Chart:
    """One chart for two widths, and what it shows in a sentence."""

    wide: str
    narrow: str
    says: str


def family_chart(view: View) -> Chart | None:
    """Draw accuracy by family and severity; the accuracy on clean messages is the reference line."""
    rows = [row for row in view.families if any(cell.defined for cell in row.accuracy)]
    if not rows:
        return None
    severities = [str(severity) for severity in view.severities]
    return Chart(
        *both(lambda size: _families(rows, severities, view.clean, size)),
        says=f"Accuracy of {len(rows)} families of perturbations at severity {', '.join(severities)}. "
        f"Lowest at the judged severity: {rows[0].name}. Clean messages: "
        f"{view.clean.accuracy if view.clean else DASH}.",
    )


def real_chart(view: View) -> Chart | None:
    """Draw in-scope accuracy on real messages, all and kind by kind, with intervals."""
    known = [row for row in view.real_groups if row.accuracy.defined]
    if not known:
        return None
    rows = sorted(known, key=lambda row: (row.key != "real", row.accuracy.at))
    said = "; ".join(f"{row.name}: {row.accuracy}" for row in rows)
    return Chart(
        *both(lambda size: _kinds(rows, view.clean, size)),
        says=f"{view.real_title}, in-scope accuracy. {said}.",
    )


def confidence_chart(view: View) -> Chart | None:
    """Draw right answers upwards and wrong ones downwards, by confidence: one panel a kind of messages."""
    if not view.bars:
        return None
    said = "; ".join(f"{bars.title}: {sum(bars.right):,} right, {sum(bars.wrong):,} wrong" for bars in view.bars)
    return Chart(*both(lambda size: _histograms(view.bars, size)), says=f"Answers by the confidence stated. {said}.")


def standalone(svg: str, colours: str) -> str:
    """Make a chart of the page a picture of its own: the colours that the page would give it go inside."""
    style = f"<style>{colours}svg{{background:var(--sheet)}}</style>"
    start = svg.index(">", svg.index("<svg")) + 1
    return svg[:start].replace('aria-hidden="true" focusable="false" ', "") + style + svg[start:]


def both(draw: Callable[[Size], Drawn]) -> tuple[str, str]:
    """Draw something for a wide and for a narrow page, as SVG."""
    return _svg(draw(WIDE), WIDE), _svg(draw(NARROW), NARROW)


def _svg(chart: Drawn, size: Size) -> str:
    text = {"labelFontSize": size.text, "titleFontSize": size.text, "titleFontWeight": "normal"}
    quiet = {"labelColor": MUTED, "titleColor": MUTED, **text}
    axis = {
        **quiet,
        "gridColor": RULE,
        "domainColor": RULE,
        "tickColor": RULE,
        "labelLimit": size.labels - 22,
    }
    styled = (
        chart.configure(font=FONT, background="transparent", aria=False, padding=2)
        .configure_view(stroke=None)
        .configure_axis(**axis)
        .configure_axisY(labelColor=INK)
        .configure_legend(orient="top", symbolStrokeWidth=0, offset=26, columnPadding=14, **quiet)
        .configure_text(fontSize=size.text)
    )
    out = io.StringIO()
    styled.save(out, format="svg")
    return out.getvalue().replace('<svg xmlns="', '<svg aria-hidden="true" focusable="false" xmlns="', 1)


def _percent_axis(size: Size, title: str) -> alt.X:
    import altair as alt

    values = [0, 50, 100] if size is NARROW else [0, 20, 40, 60, 80, 100]
    axis = alt.Axis(
        values=values,
        labelExpr="datum.value + ' %'",
        title=title,
        domain=False,
        ticks=False,
        labelFlush=False,
    )
    return alt.X("value:Q", scale=alt.Scale(domain=[0, 100]), axis=axis)


def row_axis(size: Size) -> alt.Axis:
    """The axis of the names of rows."""
    import altair as alt

    # The page's own font may be wider than the one measured here, so the labels get room to spare.
    return alt.Axis(domain=False, ticks=False, labelPadding=10, minExtent=size.labels)


def data(rows: list[dict[str, Any]]) -> alt.InlineData:
    """The rows that a chart draws, inside of it."""
    import altair as alt

    return alt.InlineData(values=rows)


def _families(rows: Sequence[FamilyRow], severities: Sequence[str], clean: GroupRow | None, size: Size) -> Drawn:
    import altair as alt

    points = [
        {"name": row.name, "severity": severity, "low": cell.low, "value": cell.at, "high": cell.high}
        for row in rows
        for severity, cell in zip(severities, row.accuracy, strict=True)
        if cell.defined
    ]
    legend = alt.Legend(title="severity", direction="horizontal", titleOrient="left", titlePadding=10, symbolSize=80)
    ramp = alt.Scale(domain=list(severities), range=_spread(RAMP, len(severities)))
    shapes = alt.Scale(domain=list(severities), range=list(SHAPES[: len(severities)]))
    base = alt.Chart(data(points)).encode(
        y=alt.Y(
            "name:N",
            sort=[row.name for row in rows],
            title=None,
            scale=alt.Scale(paddingInner=0.42, paddingOuter=0.2),
            axis=row_axis(size),
        ),
        yOffset=alt.YOffset("severity:N", sort=list(severities)),
        color=alt.Color("severity:N", scale=ramp, legend=legend),
    )
    dots = base.mark_point(filled=True, size=64, opacity=1).encode(
        x=_percent_axis(size, "in-scope accuracy"), shape=alt.Shape("severity:N", scale=shapes, legend=legend)
    )
    height = len(rows) * (11 * len(severities) + 14)
    return _with_reference([intervals(base), dots], clean, size, height)


def _spread(values: Sequence[str], n: int) -> list[str]:
    """Pick so many of the values, from the first to the last."""
    if n == 1:
        return [values[-2]]
    return [values[round(i * (len(values) - 1) / (n - 1))] for i in range(n)]


def intervals(base: alt.Chart) -> alt.Chart:
    """Lines from low to high."""
    rules: alt.Chart = base.mark_rule(strokeWidth=2, opacity=0.75).encode(x="low:Q", x2="high:Q")
    return rules


def _kinds(rows: Sequence[GroupRow], clean: GroupRow | None, size: Size) -> Drawn:
    import altair as alt

    names = [f"{row.name} (n={row.accuracy.n})" for row in rows]
    points = [
        {"name": name, "low": row.accuracy.low, "value": row.accuracy.at, "high": row.accuracy.high}
        for name, row in zip(names, rows, strict=True)
    ]
    base = alt.Chart(data(points)).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=row_axis(size)),
        color=alt.value(ACCENT),
    )
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(x=_percent_axis(size, "in-scope accuracy"))
    return _with_reference([intervals(base), dots], clean, size, 30 * len(rows))


def _with_reference(layers: list[alt.Chart], clean: GroupRow | None, size: Size, height: int) -> Drawn:
    import altair as alt

    if clean is not None and clean.accuracy.defined:
        at = alt.Chart(data([{"value": clean.accuracy.at, "says": f"clean {clean.accuracy.value}"}]))
        place = alt.X("value:Q", scale=alt.Scale(domain=[0, 100]))
        line = at.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=INK).encode(x=place)
        right_half = (clean.accuracy.at or 0) > 50
        word = at.mark_text(align="right" if right_half else "left", dx=4 if right_half else -4, fill=INK)
        layers = [line, *layers, word.encode(x=place, y=alt.value(-8), text="says:N")]
    return alt.layer(*layers).properties(width=size.plot, height=height)


def _histograms(bars: Sequence[Bars], size: Size) -> Drawn:
    import altair as alt

    whole, gap = size.plot + size.labels - 50, 70
    if size is NARROW:
        return alt.vconcat(*[_panel(one, whole) for one in bars], spacing=24)
    width = (whole - gap * (len(bars) - 1)) // len(bars)
    # Flush bounds align the panels by their plots, whatever the width of their labels.
    return alt.hconcat(*[_panel(one, width) for one in bars], spacing=gap, bounds="flush")


def _panel(bars: Bars, width: int) -> Drawn:
    import altair as alt

    n = len(bars.right)
    rows = [
        {"from": place * 100 / n, "to": (place + 1) * 100 / n, "count": sign * count, "answer": answer}
        for answer, sign, counts in (("right", 1, bars.right), ("wrong", -1, bars.wrong))
        for place, count in enumerate(counts)
        if count
    ]
    colours = alt.Scale(domain=["right", "wrong"], range=[RIGHT, WRONG])
    x = alt.X(
        "from:Q",
        scale=alt.Scale(domain=[0, 100]),
        axis=alt.Axis(values=[0, 50, 100], labelExpr="datum.value + ' %'", title="confidence", grid=False),
    )
    y = alt.Y(
        "count:Q",
        axis=alt.Axis(labelExpr="format(abs(datum.value), ',')", tickCount=5, title=None, domain=False, minExtent=40),
    )
    drawn = (
        alt.Chart(data(rows))
        .mark_bar(binSpacing=2)
        .encode(x=x.bin("binned"), x2="to:Q", y=y, color=alt.Color("answer:N", scale=colours, legend=None))
    )
    # A title's place depends on the labels below it; a text mark lines up with those of the other panels.
    title = alt.Chart(data([{"says": bars.title}])).mark_text(align="left", fontWeight=600, fill=INK)
    named = title.encode(x=alt.value(0), y=alt.value(-16), text="says:N")
    zero = alt.Chart(data([{"count": 0}])).mark_rule(color=INK, strokeWidth=1).encode(y="count:Q")
    return alt.layer(drawn, zero, named).properties(width=width, height=170)
