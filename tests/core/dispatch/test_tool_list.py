"""The list that a client gets is what the models make now."""

import jsonschema
import pytest

from sweeptree.dispatch.tool_list import FILE, make_list, read_list
from sweeptree.dispatch.tools import TOOLS

LISTED = {entry["name"]: entry for entry in read_list()}


def test_the_file_is_what_the_models_make_now() -> None:
    made = make_list()
    assert FILE.read_text() == made, "python -m sweeptree.dispatch.tool_list makes it anew"


def test_it_lists_every_tool_in_order() -> None:
    assert list(LISTED) == list(TOOLS)


@pytest.mark.parametrize("name", TOOLS)
def test_schemas_are_schemas_of_objects(name: str) -> None:
    for key in ("inputSchema", "outputSchema"):
        jsonschema.Draft202012Validator.check_schema(LISTED[name][key])
        assert LISTED[name][key]["type"] == "object"


def test_an_answer_holds_the_report_of_its_agent() -> None:
    definitions = LISTED["merge"]["outputSchema"]["$defs"]
    assert "decision" in definitions["MergeReport"]["properties"]
