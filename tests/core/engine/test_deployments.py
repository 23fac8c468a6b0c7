"""Prefect's own command line and profiles, as far as they need no server."""

from __future__ import annotations

from sweeptree.engine.deployments import default_profiles


def test_prefect_brings_profiles_that_are_not_the_users() -> None:
    assert {"ephemeral", "local"} <= set(default_profiles())
