"""What doctor finds."""

import json

from core.cli_records import call


def checks(*flags: str) -> dict[str, dict[str, str]]:
    """Doctor's findings by name."""
    return {
        found["name"]: found for found in json.loads(call("doctor", "--json", *flags).out)["checks"]
    }
