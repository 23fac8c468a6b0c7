"""The environment that a job's command sees. Pure: values in, a new mapping out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

_OWN = re.compile(r"SWEEPTREE_|PREFECT_|GIT_")
# Not followed by a letter: TOKENIZERS_PARALLELISM and MAX_TOKENS are no secrets.
_SECRET_NAME = re.compile(
    r"TOKEN(?![A-Z])|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL"
    r"|AUTH_STRING|CUSTOM_HEADERS|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|^AWS_|^GH_|^MYSQL_PWD$"
    r"|^(KAGGLE|COMET|NEPTUNE|DATADOG|DD|STRIPE|SENDGRID|FERNET|ENCRYPTION|SIGNING)_KEY$"
    r"|(^|_)PAT$|_AUTH$|_DSN$",
    re.IGNORECASE,
)
_FIXED = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "PYTHONUNBUFFERED": "1"}
# Tokens of well-known makers by how they begin (a pipe of such may follow other text, as in
# "Bearer ..."), and passwords in URLs of any kind.
_SECRET_VALUE = re.compile(
    r"(?:^|(?<=[\s:=,;\"']))(?:"
    r"(?:gh[opsru]_|github_pat_|glpat-|gl[a-z]{2,5}t-|xox[abeprs]-|hf_|npm_|pypi-|dop_v1_)\w"
    r"|(?:sk|rk|pk)_(?:live|test)_\w"
    r"|sk-[\w-]{16,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|AIza[\w-]{35}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\."
    r")"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b[a-z][a-z0-9+.-]*://[^\s/@:]*:[^\s/@]+@",
    re.IGNORECASE,
)


def is_secret(name: str, value: str = "") -> bool:
    """Whether it looks like a secret, by its name or by the shape of its value."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def own_venv() -> Path | None:
    """The virtual environment that sweeptree itself runs in, or None when it runs in none."""
    return Path(sys.prefix) if sys.prefix != sys.base_prefix else None


@dataclass(frozen=True, slots=True)
class JobVariables:
    """What a job learns about itself, a variable each."""

    exp: str
    job: int
    attempt: int
    seed: int | None
    commit: str
    worktree: Path
    out: Path
    metrics: Path

    def as_environment(self) -> dict[str, str]:
        """The variables by their names; no seed, no SWEEPTREE_SEED."""
        seed = {} if self.seed is None else {"SWEEPTREE_SEED": str(self.seed)}
        return {
            "SWEEPTREE_EXP": self.exp,
            "SWEEPTREE_JOB": str(self.job),
            "SWEEPTREE_ATTEMPT": str(self.attempt),
            "SWEEPTREE_OUT": str(self.out),
            "SWEEPTREE_METRICS": str(self.metrics),
            "SWEEPTREE_COMMIT": self.commit,
            "SWEEPTREE_WORKTREE": str(self.worktree),
            **seed,
        }


def job_environment(
    base: Mapping[str, str],
    variables: JobVariables,
    *,
    keep: Collection[str] = (),
    venv: Path | None = None,
) -> dict[str, str]:
    """The environment of a job: `base` without secrets and git's variables, and the job's own.

    `keep` names what stays all the same. `venv` is sweeptree's own environment (default: the one we
    run in). It leaves PATH unless the user activated it, because a job runs in the experiment's
    environment, not in ours.
    """
    return {**shared_environment(base, keep=keep, venv=venv), **variables.as_environment()}


def shared_environment(
    base: Mapping[str, str], *, keep: Collection[str] = (), venv: Path | None = None
) -> dict[str, str]:
    """The part of it that all jobs have in common; see `job_environment`."""
    env = {name: value for name, value in base.items() if _passes(name, value, keep)}
    _leave_venv(env, venv or own_venv())
    return {**env, **_FIXED}


def without_own_venv(base: Mapping[str, str]) -> dict[str, str]:
    """The variables with the PATH that jobs have."""
    env = dict(base)
    _leave_venv(env, own_venv())
    return env


def _passes(name: str, value: str, keep: Collection[str]) -> bool:
    if name.startswith("SWEEPTREE_"):
        return False
    return name in keep or not (_OWN.match(name) or is_secret(name, value))


def _leave_venv(env: dict[str, str], venv: Path | None) -> None:
    if venv is None or "PATH" not in env or env.get("VIRTUAL_ENV") == str(venv):
        return
    ours = str(venv / "bin")
    folders = env["PATH"].split(os.pathsep)
    env["PATH"] = os.pathsep.join(folder for folder in folders if folder.rstrip("/") != ours)
