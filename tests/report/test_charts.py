"""Charts are drawn offline, once wide and once narrow, and only of what is known."""

import re
import xml.etree.ElementTree as ET

import pytest

from roadworthy.report.charts import SHAPES, _spread, confidence_chart, family_chart, real_chart
from roadworthy.report.view import view_of


@pytest.mark.parametrize("draw", [family_chart, real_chart, confidence_chart])
def test_each_chart_is_two_readable_drawings(draw, inspection):
    chart = draw(view_of(inspection))
    for drawing, widest in ((chart.wide, 900), (chart.narrow, 370)):
        root = ET.fromstring(drawing)
        assert float(root.get("width")) < widest
        assert min(float(size) for size in re.findall(r'font-size="([\d.]+)px"', drawing)) >= 12
        assert 'id="' not in drawing
    assert chart.says


def test_what_is_unknown_is_not_drawn(clean_only, unlabelled):
    view = view_of(clean_only)
    assert (family_chart(view), real_chart(view), confidence_chart(view)) == (None, None, None)
    assert real_chart(view_of(unlabelled)) is None


def test_a_chart_without_clean_messages_has_no_reference_line(inspection):
    groups = tuple(group for group in inspection.groups if group.kind == "real")
    chart = real_chart(view_of(inspection.model_copy(update={"groups": groups})))
    assert "stroke-dasharray" not in chart.wide


def test_a_low_reference_is_named_on_its_right(inspection):
    low = inspection.groups[0].accuracy.model_copy(update={"value": 0.1, "low": 0.05, "high": 0.2})
    groups = (inspection.groups[0].model_copy(update={"accuracy": low}), *inspection.groups[1:])
    drawing = family_chart(view_of(inspection.model_copy(update={"groups": groups}))).wide
    assert re.search(r'<text text-anchor="start"[^>]*>clean 10', drawing)


def test_one_kind_of_messages_is_one_panel(inspection):
    alone = inspection.model_copy(update={"histograms": inspection.histograms[:1]})
    assert "Perturbed messages" not in confidence_chart(view_of(alone)).wide


def test_a_single_severity_takes_a_strong_colour():
    assert _spread(SHAPES, 1) == [SHAPES[-2]]
    assert _spread(SHAPES, 3) == [SHAPES[0], SHAPES[2], SHAPES[4]]
