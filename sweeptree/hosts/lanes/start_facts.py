"""What a lane's process finds in its folder: what it is to do, and how it reaches the server.

The file holds the token, and is therefore read only where nobody else can read it (0600).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from sweeptree.errors import Refused
from sweeptree.hosts.lanes.order import LaneOrder
from sweeptree.model.fields import Border
from sweeptree.system.private_files import NotPrivate, read_private

START_FILE = "start.json"
FOLDER_VARIABLE = "SWEEPTREE_LANE"  # in the environment of a lane's process
_MOST_BYTES = 256 * 1024 * 1024


class Access(Border):
    """How a host reaches the driver's server."""

    authorization: str = Field(description="The header with which jobs are leased.")
    environment: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "The engine's settings, with the secret among them. Without an address of its API, "
            "that is the tunnel's."
        ),
    )


class LaneStart(Border):
    """What a lane's process is started with; `port_file` is where the tunnel writes its port."""

    order: LaneOrder
    access: Access
    home: Path
    port_file: Path
    flow_run: str | None = None


def read_start(folder: Path) -> LaneStart:
    """What is to be done in a lane's folder. Raises Refused for a file that others may know."""
    path = folder / START_FILE
    try:
        data = read_private(path, _MOST_BYTES)
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})") from error
    except NotPrivate as error:
        raise _refused(path, str(error)) from error
    try:
        return LaneStart.model_validate_json(data)
    except ValidationError as error:
        raise _refused(path, str(error).splitlines()[0]) from error


def _refused(path: Path, why: str) -> Refused:
    return Refused(
        f"the lane cannot begin: {path} {why}",
        hint="start it anew from the driver: sweeptree resume NAME",
    )
