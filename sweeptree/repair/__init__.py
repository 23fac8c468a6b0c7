"""The CI Fixer: from failing tests to a patch that a gate accepted."""
