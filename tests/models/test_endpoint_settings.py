"""What may stand in an endpoint's address and file; every other thing is refused in one line."""

import pytest

from roadworthy.errors import ModelError
from roadworthy.models.endpoint import load_endpoint
from roadworthy.models.endpoint_settings import EndpointSettings, read_endpoint

CHAT = '[chat]\nmodel = "m"\nlabels = ["a", "b"]\n'


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(content):
        (tmp_path / "ours.toml").write_text(content, encoding="utf-8")
        return "endpoint:ours.toml"

    return write


@pytest.mark.parametrize(
    ("path", "protocol"),
    [
        ("/invocations", "mlflow"),
        ("/ml/7/invocations/", "mlflow"),
        ("/v1/predict", "roadworthy"),
        ("/v2/models/intent/infer", "open-inference"),
        ("/v2/models/intent/versions/3/infer", "open-inference"),
        ("/v2/models/a/b/infer", None),
        ("/predict", None),
        ("/v1/predictions", None),
        ("", None),
    ],
)
def test_the_protocol_follows_from_the_path(path, protocol):
    url = f"https://models.example{path}"
    if protocol is not None:
        assert read_endpoint(url)[0].protocol == protocol
    else:
        with pytest.raises(ModelError, match=rf"{url}: the path does not tell the protocol; end it in /invocations"):
            read_endpoint(url)


@pytest.mark.parametrize(
    ("content", "protocol"),
    [
        ('url = "http://h/x"\nformat = "mlflow"', "mlflow"),
        ('url = "http://h/x"\n[request]\nbody = {q = "$text"}', "json"),
        (f'url = "http://h/v1/chat/completions"\n{CHAT}', "chat"),
        (f'url = "http://h/x"\n{CHAT}', "chat"),
        (f'url = "http://h/x"\nformat = "chat"\n{CHAT}', "chat"),
    ],
)
def test_a_file_says_the_protocol(written, content, protocol):
    settings, name = read_endpoint(written(content))
    assert (settings.protocol, name) == (protocol, "endpoint:ours.toml")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "http://h/v1/chat/completions",
            r"needs a table \[chat\]; describe the endpoint in a file: endpoint:FILE.toml",
        ),
        ("http://", "url: no address; write http://HOST:PORT/PATH"),
        ("http://[", "url: "),
        ("http://h:99999/invocations", "url: port out of range"),
        ("http://h:0/invocations", "url: no address"),
        ("http://h/a\tb/invocations", "url: no address"),
        ("https://jo:hush@h/invocations", "https://h/invocations: url: holds a user name or password"),
        ("https://hush@h/invocations", "https://h/invocations: url: holds a user name or password"),
        ("https://h/invocations?api_key=hush", r"https://h/invocations: url: holds a secret \(api_key\); send it as a"),
        ("https://h/invocations?code=hush", r"holds a secret \(code\)"),
    ],
)
def test_an_address_that_does_not_do_is_refused_without_its_secrets(url, said):
    with pytest.raises(ModelError, match=said) as error:
        load_endpoint(url)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "endpoint:ours.toml: url is missing; write it into the file"),
        ("url = ", "endpoint:ours.toml: not TOML ("),
        ('url = "http://h/invocations"\nbatchsize = 3', "an endpoint has no 'batchsize'; did you mean 'batch_size'?"),
        ('url = "http://h/invocations"\nxyz = 3', "an endpoint has no 'xyz'; use one of url, format, "),
        (f'url = "http://h/x"\n{CHAT}lables = 1', "an endpoint has no 'chat.lables'; did you mean 'labels'?"),
        ('url = "http://h/x"\nformat = "soap"', "format: input should be 'mlflow', 'roadworthy'"),
        ('url = "http://h/invocations"\nbatch_size = 0', "batch_size: input should be greater than or equal to 1"),
        ('url = "http://h/invocations"\ntimeout = 0', "timeout: input should be greater than 0"),
        ('url = "http://h/x"\nformat = "json"', "needs a table [request]"),
        (
            f'url = "http://h/invocations"\nformat = "mlflow"\n{CHAT}',
            "a table of the format chat, but the format is mlf",
        ),
        ('url = "http://h/x"\n[request]\nbody = {q = "x"}', "request.body: has no $text; say where the message goes"),
        (
            'url = "http://h/x"\n[chat]\nmodel = "m"\nlabels = ["a", "b"]\ntemplate = "x"',
            "chat.template: has no $text",
        ),
        ('url = "http://h/x"\n[chat]\nmodel = "m"\nlabels = ["a"]', "chat.labels: "),
        (
            'url = "http://h/invocations"\nauth_env = "Bearer hush"',
            "auth_env: is not the name of an environment variable",
        ),
        (
            'url = "http://h/invocations"\n[headers_env]\nX-Key = "hush-hush"',
            "headers_env.X-Key: is not the name of an",
        ),
        (
            'url = "http://h/invocations"\n[answer]\nlabels = "a[b"',
            "answer.labels: 'a[b' is no path; write one such as",
        ),
        (
            'url = "http://h/invocations"\n[answer]\nconfidence = "a"',
            "answer: give labels (the path of the labels), or",
        ),
        ('url = "http://h/invocations"\n[answer]\nanswers = "a"\nlabels = "b"', "answer: give labels"),
        (
            'url = "http://h/invocations"\n[answer]\nanswers = "a"\nverdict = "b"',
            "answer: confidence and verdict stand",
        ),
    ],
)
def test_a_file_that_does_not_do_is_refused_in_one_line(written, content, said):
    with pytest.raises(ModelError) as error:
        load_endpoint(written(content))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "hush" not in str(error.value)


def test_a_file_that_is_not_there_is_an_error():
    with pytest.raises(ModelError, match=r"endpoint:none.toml: cannot be read \(No such file or directory\)"):
        load_endpoint("endpoint:none.toml")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the environment variable OUR_KEY is not set; set it to the key"),
        (" ", "the environment variable OUR_KEY is not set"),
        ("hush\nhush", "the environment variable OUR_KEY holds more than printable ASCII"),
        ("hüsh", "the environment variable OUR_KEY holds more than printable ASCII"),
    ],
)
def test_a_key_that_cannot_be_sent_is_refused_before_anything_is_asked(written, monkeypatch, value, said):
    monkeypatch.delenv("OUR_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("OUR_KEY", value)
    with pytest.raises(ModelError, match=said):
        load_endpoint(written('url = "http://h/invocations"\nauth_env = "OUR_KEY"'))


def test_the_name_of_an_address_leaves_out_its_query():
    assert load_endpoint("https://h:1/invocations?version=2").name == "https://h:1/invocations"


def test_the_identity_is_that_of_the_answers_and_not_of_how_they_are_asked_for():
    one = EndpointSettings(url="http://h/invocations")
    assert one.identity == EndpointSettings(url="http://h/invocations", concurrency=9, batch_size=3).identity
    assert one.identity == EndpointSettings(url="http://h/invocations", auth_env="A", timeout=3).identity
    assert one.identity != EndpointSettings(url="http://h/2/invocations").identity
    assert one.identity != EndpointSettings(url="http://h/invocations", column="query").identity
