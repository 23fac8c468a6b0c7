"""The record, and the parts that it is written in."""

from sweeptree.model import SCHEMA_VERSION, JobRecord, RecordPart


def test_a_part_can_name_every_field_of_the_record_and_no_other() -> None:
    set_by_the_store = {"id", "schema_version"}
    assert set(RecordPart.__annotations__) == set(JobRecord.model_fields) - set_by_the_store


def test_no_part_is_required() -> None:
    assert RecordPart.__required_keys__ == frozenset()


def test_a_legacy_record_needs_its_number_only() -> None:
    assert JobRecord.model_validate({"id": 3}).schema_version == 0 < SCHEMA_VERSION
