"""Check requests and responses against GitHub's own description of its REST interface."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_ROOT = "urn:github"


class OpenApi:
    """The cut document, ready to validate and to give its own examples."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        resource = Resource(contents=document, specification=DRAFT202012)
        self._registry = Registry().with_resource(_ROOT, resource)
        self._operations = [
            (verb, re.compile(_pattern(path)), f"{verb} {path}")
            for verb, path in (name.split(" ", 1) for name in document["operations"])
        ]

    def operation(self, verb: str, path: str) -> str | None:
        """The operation that a request is, None for one that GitHub does not have."""
        found = [
            name
            for known, pattern, name in self._operations
            if known == verb and pattern.fullmatch(path)
        ]
        return min(found, key=lambda name: name.count("{")) if found else None

    def request_errors(self, name: str, query: str, body: Any) -> list[str]:
        """What is wrong with a request: unknown query parameters and fields, and breaches of the
        schema."""
        operation = self._document["operations"][name]
        known = {self._resolved(item)["name"] for item in operation.get("parameters", ())}
        errors = [f"unknown parameter {key}" for key in parse_qs(query) if key not in known]
        schema = self._json_schema(self._resolved(operation.get("requestBody") or {}))
        if schema is None or body is None:
            return errors + (["a body where none belongs"] if body is not None else [])
        fields = self._fields(schema)
        errors += (
            [f"unknown field {key}" for key in body if fields and key not in fields]
            if isinstance(body, dict)
            else []
        )
        return errors + self._breaches(schema, body)

    def response_errors(self, name: str, status: int, body: Any) -> list[str]:
        """What is wrong with a response that GitHub could give."""
        responses = self._document["operations"][name]["responses"]
        if str(status) not in responses:
            return []  # faults (502, 429) are described nowhere
        schema = self._json_schema(self._resolved(responses[str(status)]))
        return self._breaches(schema, body) if schema is not None else []

    def example(self, name: str, status: int) -> Any:
        """GitHub's own first example of a response."""
        response = self._resolved(self._document["operations"][name]["responses"][str(status)])
        content = response["content"]["application/json"]
        return self._resolved(next(iter(content["examples"].values())))["value"]

    def _fields(self, schema: Mapping[str, Any]) -> set[str]:
        schema = self._resolved(schema)
        found = set(schema.get("properties", ()))
        for part in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
            found |= self._fields(part)
        return found

    def _json_schema(self, part: Mapping[str, Any]) -> Any:
        return (part.get("content", {}).get("application/json") or {}).get("schema")

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in value:
            _, _, kind, name = value["$ref"].split("/", 3)
            value = self._document["components"][kind][name]
        return value

    def _breaches(self, schema: Any, body: Any) -> list[str]:
        validator = self._validator(_key(schema))
        return [_told(error) for error in validator.iter_errors(body)]

    @lru_cache(maxsize=200)  # noqa: B019 - one of these lives as long as the tests
    def _validator(self, key: str) -> Draft202012Validator:
        return Draft202012Validator(_absolute(json.loads(key)), registry=self._registry)


def _told(error: ValidationError) -> str:
    inner = best_match([error]) or error
    return f"{inner.json_path}: {inner.message[-300:]}"


def _key(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True)


def _absolute(schema: Any) -> Any:
    """References to the document, wherever the schema itself stands."""
    if isinstance(schema, list):
        return [_absolute(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: f"{_ROOT}{item}" if key == "$ref" and str(item).startswith("#") else _absolute(item)
        for key, item in schema.items()
    }


def _pattern(path: str) -> str:
    parts = re.split(r"(\{\w+\})", path)
    free = ("{ref}", "{branch}")
    return "".join(
        (".+" if part in free else "[^/]+") if part.startswith("{") else re.escape(part)
        for part in parts
    )
