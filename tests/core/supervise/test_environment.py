"""What a job sees of the driver's environment."""

from pathlib import Path
from typing import Any

import pytest

from sweeptree.supervise import JobVariables, job_environment

FACTS: dict[str, Any] = {
    "exp": "e",
    "job": 3,
    "attempt": 2,
    "seed": 7,
    "commit": "abc",
    "worktree": Path("/w"),
    "out": Path("/o"),
    "metrics": Path("/m"),
}
OURS = Path("/ours")


def made(
    base: dict[str, str], *, keep: tuple[str, ...] = (), venv: Path = OURS, **more: Any
) -> dict[str, str]:
    return job_environment(base, JobVariables(**{**FACTS, **more}), keep=keep, venv=venv)


def test_the_names_of_the_contract() -> None:
    assert made({}) == {
        "SWEEPTREE_EXP": "e",
        "SWEEPTREE_JOB": "3",
        "SWEEPTREE_ATTEMPT": "2",
        "SWEEPTREE_SEED": "7",
        "SWEEPTREE_COMMIT": "abc",
        "SWEEPTREE_WORKTREE": "/w",
        "SWEEPTREE_OUT": "/o",
        "SWEEPTREE_METRICS": "/m",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "PYTHONUNBUFFERED": "1",
    }


def test_no_seed_no_variable() -> None:
    assert "SWEEPTREE_SEED" not in made({}, seed=None)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "GITHUB_TOKEN",
            "HF_TOKEN",
            "TOKEN",
            "my_token",
            "TOKEN_FILE",
            "OPENAI_API_KEY",
            "WANDB_APIKEY",
            "PGPASSWORD",
        ),
        *(
            "DB_PASSWD",
            "CLIENT_SECRET",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "SSH_PRIVATE_KEY",
            "AWS_PROFILE",
            "GH_HOST",
        ),
        *(
            "AZURE_ACCESS_KEY_ID",
            "MYSQL_PWD",
            "PREFECT_API_KEY",
            "PREFECT_API_URL",
            "PREFECT_API_AUTH_STRING",
            "PREFECT_CLIENT_CUSTOM_HEADERS",
            "OTHER_AUTH_STRING",
            "GIT_DIR",
            "GIT_AUTHOR_NAME",
        ),
    ],
)
def test_secrets_and_gits_variables_go_unless_kept(name: str) -> None:
    assert name not in made({name: "x"})
    assert made({name: "x"}, keep=(name,))[name] == "x"


@pytest.mark.parametrize(
    "name",
    [
        "TOKENIZERS_PARALLELISM",
        "MAX_TOKENS",
        "HOME",
        "PWD",
        "KEYBOARD",
        "LD_LIBRARY_PATH",
        "CUDA_VISIBLE_DEVICES",
    ],
)
def test_the_rest_stays(name: str) -> None:
    assert made({name: "x"})[name] == "x"


@pytest.mark.parametrize("value", ["ghp_abc123", "github_pat_11A", "glpat-x1", "xoxb-12"])
def test_a_well_known_token_goes_whatever_its_name(value: str) -> None:
    assert "INNOCENT" not in made({"INNOCENT": value})


@pytest.mark.parametrize(
    "name", ["SWEEPTREE_HOME", "SWEEPTREE_SLOT_DIR", "SWEEPTREE_COOKIE", "SWEEPTREE_SEED"]
)
def test_our_own_variables_never_leak(name: str) -> None:
    assert made({name: "leak"}, keep=(name,), seed=None).get(name) is None


def test_our_venv_leaves_the_path() -> None:
    base = {"PATH": "/ours/bin:/theirs/bin:/ours/bin/:/usr/bin", "VIRTUAL_ENV": "/theirs"}
    assert made(base)["PATH"] == "/theirs/bin:/usr/bin"
    assert made(base)["VIRTUAL_ENV"] == "/theirs"


def test_our_venv_stays_when_the_user_activated_it() -> None:
    base = {"PATH": "/ours/bin:/usr/bin", "VIRTUAL_ENV": "/ours"}
    assert made(base)["PATH"] == "/ours/bin:/usr/bin"


def test_the_given_environment_is_not_changed() -> None:
    base = {"PATH": "/ours/bin:/usr/bin", "GIT_DIR": "x"}
    made(base)
    assert base == {"PATH": "/ours/bin:/usr/bin", "GIT_DIR": "x"}
