import pytest

from roadworthy.comparison import Comparison, compare_models
from roadworthy.errors import DataError


def test_a_comparison_is_loaded_from_its_folder(whole, half, clean, suite, tmp_path):
    found = compare_models(whole, half, clean, suite=suite)
    (tmp_path / "comparison.json").write_text(found.to_json(), encoding="utf-8")
    assert Comparison.load(tmp_path) == Comparison.load(tmp_path / "comparison.json") == found


def test_what_is_no_comparison_is_refused(tmp_path):
    (tmp_path / "comparison.json").write_text('{"schema_version": 9}', encoding="utf-8")
    with pytest.raises(DataError, match=r"not a comparison of schema 1 \(schema_version"):
        Comparison.load(tmp_path)
    with pytest.raises(DataError, match="no comparison.json"):
        Comparison.load(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"\(document: "):
        Comparison.from_json("[")
