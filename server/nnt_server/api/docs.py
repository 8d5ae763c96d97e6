"""The API explained to people, from the same description that programs read."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from nnt_server.api.application import api

_METHODS = ("get", "post", "delete")
_FIRST_ERROR = 400


class Field(NamedTuple):
    name: str
    type: str
    is_required: bool
    description: str


class Answer(NamedTuple):
    status: str
    description: str
    types: list[str]


class Operation(NamedTuple):
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body_type: str
    body: list[Field]
    answers: list[Answer]
    errors: list[str]
    is_public: bool


class Shape(NamedTuple):
    name: str
    fields: list[Field]


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    schema = api.get_openapi_schema()
    shapes = [
        Shape(name, list(_fields(shape)))
        for name, shape in sorted(schema["components"]["schemas"].items())
        if "properties" in shape
    ]
    context = {"info": schema["info"], "operations": _operations(schema), "shapes": shapes}
    return render(request, "api/docs.html", context)


def _operations(schema: Mapping[str, Any]) -> list[Operation]:
    return [
        _operation(schema, method, path, methods[method])
        for path, methods in schema["paths"].items()
        for method in _METHODS
        if method in methods
    ]


def _operation(
    schema: Mapping[str, Any], method: str, path: str, about: Mapping[str, Any]
) -> Operation:
    [(body_type, body)] = about.get("requestBody", {}).get("content", {"": {}}).items()
    return Operation(
        method=method.upper(),
        path=path,
        summary=about["summary"],
        description=about.get("description", ""),
        parameters=[
            Field(
                one["name"],
                _type(one["schema"]),
                one["required"],
                one["schema"].get("description", ""),
            )
            for one in about["parameters"]
        ],
        body_type=body_type,
        body=list(_fields(_resolved(schema, body.get("schema", {})))),
        answers=[
            Answer(
                str(status),
                one["description"],
                [
                    f"{kind} {_type(content['schema'])}"
                    for kind, content in one.get("content", {}).items()
                ],
            )
            for status, one in sorted(about["responses"].items())
            if status < _FIRST_ERROR
        ],
        errors=[str(status) for status in sorted(about["responses"]) if status >= _FIRST_ERROR],
        is_public="security" not in about,
    )


def _fields(shape: Mapping[str, Any]) -> Iterator[Field]:
    required = shape.get("required", ())
    for name, about in shape.get("properties", {}).items():
        yield Field(name, _type(about), name in required, about.get("description", ""))


def _resolved(schema: Mapping[str, Any], shape: Mapping[str, Any]) -> Mapping[str, Any]:
    name = shape.get("$ref", "").rpartition("/")[2]
    return schema["components"]["schemas"][name] if name else shape


def _type(shape: Mapping[str, Any]) -> str:
    """A type in few words."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "anyOf" in shape:
        return " or ".join(dict.fromkeys(_type(one) for one in shape["anyOf"]))
    if "enum" in shape or "const" in shape:
        return " or ".join(f"“{value}”" for value in shape.get("enum", [shape.get("const")]))
    if shape.get("type") == "array":
        return f"list of {_type(shape.get('items', {}))}"
    return str(shape.get("format") or shape.get("type") or "anything")
