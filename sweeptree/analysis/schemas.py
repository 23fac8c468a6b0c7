"""The JSON Schemas of the record and of aggregated.json, made from the models.

python -m sweeptree.analysis.schemas    writes sweeptree/schemas/*.schema.json anew
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from sweeptree.analysis.document import Document
from sweeptree.model import JobRecord

FOLDER = Path(__file__).parents[1] / "schemas"
_TITLES: dict[type[BaseModel], str] = {
    JobRecord: "A job's record: job_<i>.meta.json",
    Document: "A sweep: aggregated.json",
}
_FILES: dict[type[BaseModel], str] = {
    JobRecord: "record.schema.json",
    Document: "aggregated.schema.json",
}


class _Plain(GenerateJsonSchema):
    """Without the titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's
        return False


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of what a model writes."""
    made = model.model_json_schema(schema_generator=_Plain)
    made["title"] = _TITLES[model]
    return {"$schema": _Plain.schema_dialect, **made}


def schema_files() -> dict[str, str]:
    """The text of each schema file, by name."""
    return {name: _text(schema_of(model)) for model, name in _FILES.items()}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files."""
    for name, text in schema_files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
