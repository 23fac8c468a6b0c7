"""The published schemas are the models', and accept what we write."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from core.analysis.golden_kit import golden_sweep
from sweeptree.analysis.aggregate import aggregate
from sweeptree.analysis.document import Document
from sweeptree.analysis.schemas import FOLDER, schema_files
from sweeptree.model import Attempt, JobRecord, JobState
from sweeptree.records import SweepPaths, SweepStore


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.schema.json").read_text())
    return found


def test_the_files_are_what_the_models_make_now() -> None:
    made = schema_files()
    current = {name: (FOLDER / name).read_text() for name in made}
    assert current == made, "python -m sweeptree.analysis.schemas makes them anew"


@pytest.mark.parametrize("name", ["record", "aggregated"])
def test_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_schemas_name_every_field_and_state() -> None:
    assert list(schema("record")["properties"]) == list(JobRecord.model_fields)
    assert list(schema("aggregated")["properties"]) == list(Document.model_fields)
    assert schema("record")["$defs"]["JobState"]["enum"] == list(JobState)


def test_what_we_write_is_what_we_publish(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "x")
    with SweepStore.open(paths) as store:
        for index in range(4):
            metrics = {"val_auc": 0.9 + index / 100}
            command = f"t --lr {index % 2} --seed {index}"
            store.update(index, cmd=command, state=JobState.SUCCEEDED, exit_code=0, metrics=metrics)
        attempts = (Attempt(number=1, state=JobState.RUNNING),)
        store.update(4, state=JobState.RUNNING, attempts=attempts)
    aggregate(paths)
    jsonschema.validate(json.loads(paths.record(0).read_text()), schema("record"))
    jsonschema.validate(json.loads(paths.aggregated_json.read_text()), schema("aggregated"))


def test_a_document_with_everything_in_it_fits_the_schema(tmp_path: Path) -> None:
    paths = golden_sweep(tmp_path)
    aggregate(paths)
    jsonschema.validate(json.loads(paths.aggregated_json.read_text()), schema("aggregated"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("record", {"id": 1, "state": "done"}), ("record", {"cmd": "t"}), ("aggregated", {})],
)
def test_the_schemas_refuse_what_is_none_of_ours(name: str, value: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema(name))
