"""The gate as a test beside the others: pytest fails with the table, and --roadworthy-report DIR keeps the report."""

import pytest


@pytest.mark.roadworthy(suite="quick")
def test_the_model_may_be_released(roadworthy_inspect):
    roadworthy_inspect("build/model", "data/clean.csv")
