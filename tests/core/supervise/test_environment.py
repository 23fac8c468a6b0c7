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


@pytest.mark.parametrize("name", ["KAGGLE_KEY", "COMET_KEY", "HF_PAT", "NPM_AUTH", "SENTRY_DSN"])
def test_further_names_of_secrets(name: str) -> None:
    assert name not in made({name: "x"})
    assert made({name: "x"}, keep=(name,))[name] == "x"


SECRETS = (
    "ghp_abc123",
    "github_pat_11A",
    "glpat-x1",
    "xoxb-12",
    "hf_" + "a" * 34,
    "npm_" + "a" * 36,
    "sk-" + "proj-" + "a" * 32,
    "sk_live_" + "a" * 24,
    "AKIA" + "A1" * 8,
    "AIza" + "a" * 35,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig",
    "Bearer ghp_abc123",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "postgres://u:password@db/x",
    "redis://:password@host:6379/0",
    "mysql+pymysql://u:p%40ss@host/db",
    "http://user:pw@proxy:3128",
)


@pytest.mark.parametrize("value", SECRETS)
def test_a_secret_goes_by_its_value_whatever_its_name(value: str) -> None:
    assert "INNOCENT" not in made({"INNOCENT": value})
    assert made({"INNOCENT": value}, keep=("INNOCENT",))["INNOCENT"] == value


ORDINARY = (
    "/data/hf_cache/models",
    "hf",
    "sk-learn",
    "sk-small",
    "task-1",
    "resnet50",
    "postgres://db.example.com/x",
    "postgres://u@db:5432/x",
    "https://host:8080/path",
    "http://proxy:3128",
    "git@github.com:owner/name.git",
    "/usr/lib:/opt/lib",
    "file:///data/a:b@c",
    "user@host:/path",
    "1e-3",
    "eyJ",
    "AKIA",
    "0123456789abcdef0123456789abcdef01234567",
)


@pytest.mark.parametrize("value", ORDINARY)
def test_an_ordinary_value_stays(value: str) -> None:
    assert made({"INNOCENT": value})["INNOCENT"] == value


@pytest.mark.parametrize("name", ["PATH", "KEY_COLUMN", "SSH_AUTH_SOCK", "XAUTHORITY", "PATIENCE"])
def test_a_name_that_only_resembles_a_secrets_stays(name: str) -> None:
    assert made({name: "x"})[name] == "x"


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
