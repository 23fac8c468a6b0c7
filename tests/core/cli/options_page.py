"""docs/options.md and sweep.schema.json, made from the fields of SweepSpec.

To make both anew: python -m tests.core.cli.options_page
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from sweeptree.cli.options import SWEEP_OPTIONS
from sweeptree.model import SweepSpec

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "options.md"
SCHEMA = ROOT / "sweeptree" / "schemas" / "sweep.schema.json"
WITHOUT_OPTION = {
    "dated": "for schedules, which start the same spec again and again",
    "commands_file": "`--commands` takes the path of a file",
    "repo": "the command line is for the repository that you are in",
    "grace": "rarely changed",
    "extensions": "`sweeptree extend` writes it",
}
KINDS = {"array": "list", "object": "lists by name", "string": "text", "boolean": "true, false"}
HEAD = """# Options of a sweep

Made from the fields of `SweepSpec`: `python -m tests.core.cli.options_page` makes this page anew.

Each line is an option of `sweeptree run`, a field of a [spec file](sweeps.md#a-spec-file) and a
field of the form in the Prefect UI. The command line takes `--gpu_mem` and `--gpu-mem` alike. A
spec file takes what the command line takes, as `timeout: 2h`, `gpu_mem: 18G`, `seeds: 1-3`,
`only: 0,3`, `grid: lr=1e-3,3e-4`, and plain values: lists, and numbers in the unit of the second
column. Its schema, for editors: `sweeptree/schemas/sweep.schema.json`.

| field | plain value | default | |
|---|---|---|---|
"""
FOOT = """
Of these, the command line has no option for:

| field | |
|---|---|
"""


def page() -> str:
    """The whole page."""
    without = [f"| `{name}` | {reason} |" for name, reason in WITHOUT_OPTION.items()]
    return HEAD + "\n".join(rows()) + "\n" + FOOT + "\n".join(without) + "\n"


def rows() -> Iterator[str]:
    """One line per field, in the order of the command line."""
    properties = SweepSpec.model_json_schema()["properties"]
    names = [*SWEEP_OPTIONS, *WITHOUT_OPTION]
    for name in names:
        field = SweepSpec.model_fields[name]
        cells = (f"`{name}`", plain(properties[name]), default(name), field.description or "")
        yield f"| {' | '.join(cells)} |"


def plain(schema: dict[str, Any]) -> str:
    """What a field holds when it is not given as text: a unit, the choices, or a kind."""
    first = schema.get("anyOf", [schema])[0]
    if "enum" in first:
        return ", ".join(f"`{choice}`" for choice in first["enum"])
    unit = first.get("title", "") if "anyOf" in schema else ""
    return unit or KINDS.get(first["type"], first["type"])


def default(name: str) -> str:
    """The default as a spec file has it; nothing where the description tells it."""
    value = SweepSpec.model_fields[name].get_default(call_default_factory=True)
    if value in (PydanticUndefined, None, (), {}, Path()):
        return ""
    return f"`{value}`".lower() if isinstance(value, bool) else f"`{value}`"


def schema() -> str:
    """The JSON Schema of a spec file."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sweeptree: a sweep",
    }
    return json.dumps({**SweepSpec.model_json_schema(), **head}, indent=1) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    SCHEMA.write_text(schema())
