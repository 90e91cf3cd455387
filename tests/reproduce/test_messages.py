import pytest

from roadworthy.data import Dataset
from roadworthy.errors import DataError
from roadworthy.reproduce.messages import differences, find_messages, read_messages


def moved(facts, source):
    return facts.model_copy(update={"data": facts.data.model_copy(update={"source": source})})


def test_messages_are_found_where_they_were(project, facts, tmp_path):
    file = find_messages(facts, None, tmp_path)
    assert file == project / "train.csv"
    assert differences(read_messages(facts, file), facts.data) == ()


def test_what_the_user_names_comes_first(facts, tmp_path):
    assert find_messages(facts, tmp_path / "other.csv", tmp_path) == tmp_path / "other.csv"


def test_messages_that_are_gone_are_asked_for(facts, tmp_path):
    with pytest.raises(DataError, match=r"gone.csv: the training messages are not there any more; give them with"):
        find_messages(moved(facts, str(tmp_path / "gone.csv")), None, tmp_path)
    with pytest.raises(DataError, match="does not say where its messages were"):
        find_messages(moved(facts, None), None, tmp_path)
    with pytest.raises(DataError, match="does not say where"):
        find_messages(facts.model_copy(update={"data": None}), None, tmp_path)


def test_an_address_that_gives_nothing_is_told(project, facts, tmp_path):
    with pytest.raises(DataError, match="file-of-nobody://x/train.csv: does not give the training messages"):
        find_messages(moved(facts, "file-of-nobody://x/train.csv"), None, tmp_path / "messages")


def test_an_address_is_downloaded(project, facts, tmp_path, monkeypatch):
    import mlflow.artifacts

    asked = []

    def download_artifacts(*, artifact_uri, dst_path):
        asked.append(artifact_uri)
        return f"{dst_path}/train.csv"

    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", download_artifacts)
    found = find_messages(moved(facts, "s3://bucket/train.csv"), None, tmp_path / "messages")
    assert (found, asked) == (tmp_path / "messages" / "train.csv", ["s3://bucket/train.csv"])


def test_what_differs_is_named(facts):
    found = Dataset.of(["where is my parcel 0", "x"], ["order", "other"])
    assert [(change.what, change.a, change.b) for change in differences(found, facts.data)][1:] == [
        ("messages", "20", "2"),
        ("label order", "10", "1"),
        ("label other", "0", "1"),
        ("label refund", "10", "0"),
    ]


def test_the_same_messages_in_another_order_are_other_messages(project, facts):
    data = read_messages(facts, project / "train.csv")
    changes = differences(data.take(range(len(data) - 1, -1, -1)), facts.data)
    assert [change.what for change in changes] == ["sha256"]


def test_without_recorded_labels_the_number_is_told(facts):
    bare = facts.data.model_copy(update={"labels": None, "n": None})
    changes = differences(Dataset.of(["a", "b"], ["x", "y"]), bare)
    assert [(change.what, change.a) for change in changes[1:]] == [("messages", None)]
