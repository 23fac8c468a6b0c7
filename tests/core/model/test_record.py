"""A record of ours, and one of the legacy tools."""

import pytest
from pydantic import ValidationError

from sweeptree.model import Attempt, DeliveryState, JobDelivery, JobRecord, JobState
from sweeptree.model.record import SCHEMA_VERSION, RecordPart


def test_a_legacy_record_loads_with_what_it_has() -> None:
    record = JobRecord.model_validate({"id": 3, "cmd": "true", "exit_code": 0, "note": "theirs"})
    assert (record.id, record.exit_code, record.state, record.schema_version) == (3, 0, None, 0)
    assert record.model_dump()["note"] == "theirs"


def test_a_record_has_a_number() -> None:
    with pytest.raises(ValidationError, match="id"):
        JobRecord.model_validate({"cmd": "true"})


def test_a_record_survives_json() -> None:
    attempt = Attempt(number=2, state=JobState.FAILED, exit_code=1)
    delivery = JobDelivery(state=DeliveryState.FAILED, step="push", reason="no route")
    record = JobRecord(id=0, state=JobState.FAILED, attempts=(attempt,), delivery=delivery)
    assert JobRecord.model_validate_json(record.model_dump_json()) == record


def test_a_part_can_name_every_field_of_the_record_and_no_other() -> None:
    set_by_the_store = {"id", "schema_version"}
    assert set(RecordPart.__annotations__) == set(JobRecord.model_fields) - set_by_the_store


def test_no_part_is_required() -> None:
    assert RecordPart.__required_keys__ == frozenset()


def test_a_legacy_record_needs_its_number_only() -> None:
    assert JobRecord.model_validate({"id": 3}).schema_version == 0 < SCHEMA_VERSION
