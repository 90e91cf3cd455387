"""What the OpenAPI document says is what the service does."""

import json
from typing import Any

import jsonschema
import pytest

from roadworthy.serve.documentation import _REFUSALS

from .conftest import FAMILIAR, STRANGE, Client, FakeLog, Serve

JSON_TYPE, PROBLEM = "application/json", "application/problem+json"


@pytest.fixture
def client(serve: Serve, secrets: dict[str, str]) -> Client:
    return serve(log=FakeLog("spooling"), keys="keys.json", flagged="refuse")


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    found = client.get("/openapi.json")
    assert found.status_code == 200
    return found.json()


def valid(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Hold a value to a schema of the document."""
    jsonschema.validate(value, {**schema, "components": document["components"]}, jsonschema.Draft202012Validator)


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A schema, or what it refers to."""
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if "$ref" in part else set()
        return own.union(*map(references, part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


def test_every_address_of_a_program_is_in_it_and_the_page_is_not(document: dict[str, Any]) -> None:
    methods = {(path, method) for path, about in document["paths"].items() for method in about}
    posts = ("/v1/predict", "/invocations", "/v1/feedback", "/v1/admin/reload")
    gets = ("/healthz", "/readyz", "/metrics", "/version")
    assert methods == {*((path, "post") for path in posts), *((path, "get") for path in gets)}
    names = [about["operationId"] for methods in document["paths"].values() for about in methods.values()]
    assert len({*names}) == len(names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        part = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_document_is_made_once(client: Client) -> None:
    assert client.app.openapi() is client.app.openapi()


def post(client: Client, secrets: dict[str, str], path: str, body: Any, kind: str = JSON_TYPE) -> Any:
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return client.post(path, content=content, content_type=kind, x_api_key=secrets["all"])


def test_every_example_of_a_body_is_answered_as_the_document_says(
    client: Client, secrets: dict[str, str], document: dict[str, Any]
) -> None:
    tried = 0
    for path in ("/v1/predict", "/invocations", "/v1/feedback"):
        about = document["paths"][path]["post"]
        for kind, content in about["requestBody"]["content"].items():
            forms = content["schema"].get("oneOf", [content["schema"]])
            examples = [
                *content["schema"].get("examples", []),
                *(example for form in forms for example in form.get("examples", [])),
            ]
            for body in [*examples, *([content["example"]] if "example" in content else [])]:
                response = post(client, secrets, path, body, kind)
                shown = about["responses"][str(response.status_code)]["content"]
                assert response.status_code in (200, 422)
                valid(document, shown[response.headers["content-type"]]["schema"], response.json())
                tried += 1
    assert tried >= 5


def test_every_answer_has_an_example_that_it_allows(document: dict[str, Any]) -> None:
    tried = 0
    for path, methods in document["paths"].items():
        for about in methods.values():
            for answer in about["responses"].values():
                schema = answer.get("content", {}).get(JSON_TYPE, {}).get("schema")
                if schema is None:
                    continue
                forms = [resolved(document, form) for form in schema.get("anyOf", [schema])]
                for form in forms:
                    assert form["examples"], path
                    valid(document, form, form["examples"][0])
                    tried += 1
    assert tried >= 8


def test_states_report_what_the_document_says(client: Client, document: dict[str, Any]) -> None:
    for path in ("/healthz", "/readyz", "/version"):
        schema = document["paths"][path]["get"]["responses"]["200"]["content"][JSON_TYPE]["schema"]
        valid(document, schema, client.get(path).json())


def test_it_says_which_addresses_take_a_key(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    for path in ("/v1/predict", "/invocations", "/v1/feedback", "/v1/admin/reload"):
        assert [next(iter(way)) for way in document["paths"][path]["post"]["security"]] == [*schemes]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/predict", {"text": FAMILIAR}),
        ("/v1/predict", {"texts": [FAMILIAR, STRANGE]}),
        ("/invocations", {"inputs": [FAMILIAR, STRANGE]}),
        ("/invocations", {"instances": [FAMILIAR]}),
        ("/invocations", {"dataframe_split": {"columns": ["text"], "data": [[FAMILIAR]]}}),
        ("/invocations", {"dataframe_records": [{"text": FAMILIAR}]}),
        ("/v1/feedback", {"id": "7", "label": "order"}),
    ],
)
def test_bodies_and_answers_have_the_forms_that_it_states(
    client: Client, secrets: dict[str, str], document: dict[str, Any], path: str, body: Any
) -> None:
    about = document["paths"][path]["post"]
    valid(document, about["requestBody"]["content"][JSON_TYPE]["schema"], body)
    response = post(client, secrets, path, body)
    assert response.status_code == 200
    valid(document, about["responses"]["200"]["content"][JSON_TYPE]["schema"], response.json())


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 5}, {"texts": []}, {"text": "a", "x": 1}, []])
def test_a_body_that_it_does_not_allow_is_refused(
    client: Client, secrets: dict[str, str], document: dict[str, Any], body: Any
) -> None:
    about = document["paths"]["/v1/predict"]["post"]
    with pytest.raises(jsonschema.ValidationError):
        valid(document, about["requestBody"]["content"][JSON_TYPE]["schema"], body)
    response = post(client, secrets, "/v1/predict", body)
    assert response.status_code == 422
    valid(document, about["responses"]["422"]["content"][PROBLEM]["schema"], response.json())


def test_every_status_of_a_refusal_is_explained(serve: Serve, document: dict[str, Any]) -> None:
    stated = {
        int(status)
        for methods in document["paths"].values()
        for about in methods.values()
        for status in about["responses"]
    }
    assert {*_REFUSALS} <= stated
    local = serve(log=FakeLog())
    for method, path, status in (("POST", "/v1/predict", 421), ("POST", "/invocations", 421)):
        response = local.ask(method, path, json={"text": "a"}, headers={"host": "x.example"})
        assert response.status_code == status
        assert str(status) in document["paths"][path]["post"]["responses"]
