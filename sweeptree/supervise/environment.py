"""The environment that a job's command sees. Pure: values in, a new mapping out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

_OWN = re.compile(r"SWEEPTREE_|PREFECT_|GIT_")
# Not followed by a letter: TOKENIZERS_PARALLELISM and MAX_TOKENS are no secrets.
_SECRET_NAME = re.compile(
    r"TOKEN(?![A-Z])|SECRET|PASSWORD|PASSWD|PASSPHRASE|AUTH_STRING|CUSTOM_HEADERS|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|^AWS_|^GH_|^MYSQL_PWD$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"(gh[opsru]_|github_pat_|glpat-|xox[abprs]-)\w")


def is_secret(name: str, value: str = "") -> bool:
    """Whether a variable looks like a secret, by its name or by a well-known beginning of its
    value."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.match(value))


def own_venv() -> Path | None:
    """The virtual environment that sweeptree itself runs in, or None when it runs in none."""
    return Path(sys.prefix) if sys.prefix != sys.base_prefix else None


def job_environment(  # noqa: PLR0913 - one name per variable of the contract
    base: Mapping[str, str],
    *,
    exp: str,
    job: int,
    attempt: int,
    seed: int | None,
    commit: str,
    worktree: Path,
    out: Path,
    metrics: Path,
    keep: Collection[str] = (),
    venv: Path | None = None,
) -> dict[str, str]:
    """The environment of a job: `base` without secrets (but those in `keep`), git's and our own
    variables.

    `venv` is sweeptree's own environment (default: the one we run in). It leaves PATH unless the
    user activated it, because a job runs in the experiment's environment, not in ours.
    """
    env = {name: value for name, value in base.items() if _passes(name, value, keep)}
    _leave_venv(env, venv or own_venv())
    env |= {
        "SWEEPTREE_EXP": exp,
        "SWEEPTREE_JOB": str(job),
        "SWEEPTREE_ATTEMPT": str(attempt),
        "SWEEPTREE_OUT": str(out),
        "SWEEPTREE_METRICS": str(metrics),
        "SWEEPTREE_COMMIT": commit,
        "SWEEPTREE_WORKTREE": str(worktree),
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "PYTHONUNBUFFERED": "1",
    }
    if seed is not None:
        env["SWEEPTREE_SEED"] = str(seed)
    return env


def _passes(name: str, value: str, keep: Collection[str]) -> bool:
    if name.startswith("SWEEPTREE_"):
        return False
    return name in keep or not (_OWN.match(name) or is_secret(name, value))


def _leave_venv(env: dict[str, str], venv: Path | None) -> None:
    if venv is None or env.get("VIRTUAL_ENV") == str(venv):
        return
    if "PATH" in env:
        ours = str(venv / "bin")
        env["PATH"] = os.pathsep.join(
            part for part in env["PATH"].split(os.pathsep) if part.rstrip("/") != ours
        )
