"""The dashboard, read: Grafana itself is not here to show it."""

import json

import pytest


@pytest.fixture(scope="module")
def board(deploy) -> dict:
    return json.loads((deploy / "grafana/dashboards/roadworthy.json").read_text())


def test_panels_are_told_apart(board):
    numbers = [panel["id"] for panel in board["panels"]]
    assert sorted(set(numbers)) == sorted(numbers)


def test_panels_do_not_overlap_and_fit_the_page(board):
    cells = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_every_panel_says_what_it_shows_and_asks_the_chosen_source(board):
    for panel in board["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        assert sorted({target["refId"] for target in panel["targets"]}) == [
            target["refId"] for target in panel["targets"]
        ]


def test_the_source_that_is_chosen_first_is_the_one_provisioned(board, deploy):
    import yaml

    (source,) = yaml.safe_load((deploy / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (variable,) = (one for one in board["templating"]["list"] if one["type"] == "datasource")
    assert variable["current"]["value"] == source["uid"]
    assert variable["query"] == source["type"]


def test_what_must_be_seen_is_there(board):
    titles = " ".join(panel["title"].lower() for panel in board["panels"])
    wanted = ("requests", "verdict", "reasons", "confidence", "familiarity", "log", "time to answer", "model")
    assert [word for word in wanted if word not in titles] == []
