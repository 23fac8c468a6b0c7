"""What the environment may set (SWEEPTREE_*). Read at the edges, passed inwards as values."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _state_home() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "sweeptree"


def _slot_dir() -> Path:
    """One folder for all users of the machine, so that their sweeps share one set of slots."""
    shared = Path("/var/lock")
    if shared.is_dir() and os.access(shared, os.W_OK):
        return shared / "sweeptree"
    return Path(tempfile.gettempdir()) / "sweeptree-slots"


class Settings(BaseSettings):
    """Each field is read from SWEEPTREE_ and its name: SWEEPTREE_HOME, SWEEPTREE_SLOT_DIR, ..."""

    model_config = SettingsConfigDict(env_prefix="SWEEPTREE_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=_state_home, description="The managed server's database and files."
    )
    slot_dir: Path = Field(
        default_factory=_slot_dir, description="Where the lock files of the GPU slots are kept."
    )
    server_port: int = Field(
        default=4210, ge=0, le=65535, description="First port the managed server tries."
    )
    ptbxl: Path | None = Field(
        default=None, description="A folder with PTB-XL, for the demo and the ECG agents."
    )
    slurm_python: str | None = Field(
        default=None,
        description="The Python (3.10 or newer) that nodes of a Slurm cluster start keepers with; "
        "default: the one that this runs on.",
    )
    ssh_config: Path | None = Field(
        default=None, description="The configuration that ssh reads instead of yours (ssh -F)."
    )
    log_cap: int = Field(
        default=0, ge=0, description="Most bytes kept of a job's log; 0: all of them."
    )
    artifacts_cap: int = Field(
        default=0,
        ge=0,
        description="Most bytes kept of a job's files, beyond which its worktree stays; 0: all.",
    )
    github_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/@]+(/[^\s@]*)?$",
        description="The API of your GitHub Enterprise, when the remote's URL does not lead there.",
    )
