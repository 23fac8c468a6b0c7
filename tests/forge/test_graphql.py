"""What sweeptree says in GraphQL, and what the test forge answers, held against GitHub's schema."""

import fcntl
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import graphql
import pytest

from forge.hub import Hub
from sweeptree.publish.delivery import Context, Options, deliver
from sweeptree.publish.forge.reviews import DOCUMENTS, READ

PACKAGE = "@octokit/graphql-schema@15.26.1"  # MIT licence
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def schema(request: pytest.FixtureRequest) -> Any:
    """GitHub's schema; fetched once by npm and kept in pytest's cache."""
    folder = request.config.cache.mkdir("sweeptree-graphql")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(folder.glob("*.tgz")):
            words = ("npm", "pack", PACKAGE, "--silent", "--pack-destination", str(folder))
            try:
                subprocess.run(words, check=True, capture_output=True, timeout=240, cwd=folder)
            except (OSError, subprocess.SubprocessError) as error:
                pytest.skip(f"GitHub's GraphQL schema cannot be fetched by npm: {error}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        member = archive.extractfile("package/schema.graphql")
        assert member is not None
        return graphql.build_schema(member.read().decode(), assume_valid=True)


@pytest.mark.parametrize("words", DOCUMENTS)
def test_github_would_take_it(schema: Any, words: str) -> None:
    assert graphql.validate(schema, graphql.parse(words)) == []


def test_the_test_forge_answers_as_the_schema_says(
    schema: Any, hub: Hub, worktree: Path, context: Context
) -> None:
    from forge.graphql import graphql as answer
    from forge.graphql import open_thread

    deliver(worktree, "wider", Options(title="Wider", is_draft=False), context)
    hub.refresh()
    open_thread(hub, hub.pulls[1], {"path": "notes.md", "line": 1, "body": "text"})
    variables = {"owner": "ada", "name": "ecg", "number": 1}
    data = answer(hub, READ, variables).data["data"]
    again = graphql.execute_sync(
        schema, graphql.parse(READ), root_value=data, variable_values=variables
    )
    assert (again.errors, again.data) == (None, data)
