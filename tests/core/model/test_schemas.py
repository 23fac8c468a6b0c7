"""The published schemas accept what we write, and say all that the records hold."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sweeptree.analysis.aggregate import aggregate
from sweeptree.model import Attempt, JobRecord, JobState
from sweeptree.records import SweepPaths, SweepStore


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (files("sweeptree") / "schemas" / f"{name}.schema.json").read_text()
    )
    return found


@pytest.mark.parametrize("name", ["record", "aggregated"])
def test_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_schema_names_every_field_and_state_of_a_record() -> None:
    assert set(schema("record")["properties"]) == set(JobRecord.model_fields)
    assert schema("record")["$defs"]["JobState"]["enum"] == list(JobState)


def test_what_we_write_is_what_we_publish(tmp_path: Path) -> None:
    paths = SweepPaths(tmp_path / "x")
    with SweepStore.open(paths) as store:
        for index in range(4):
            metrics = {"val_auc": 0.9 + index / 100}
            store.update(
                index,
                cmd=f"t --lr {index % 2} --seed {index}",
                state=JobState.SUCCEEDED,
                exit_code=0,
                metrics=metrics,
            )
        store.update(
            4, state=JobState.RUNNING, attempts=(Attempt(number=1, state=JobState.RUNNING),)
        )
    jsonschema.validate(json.loads(paths.record(0).read_text()), schema("record"))
    aggregate(paths)
    jsonschema.validate(json.loads(paths.aggregated_json.read_text()), schema("aggregated"))


def test_the_schema_refuses_what_is_no_record() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": 1, "state": "done"}, schema("record"))
