"""The verbs: each task is one call of the core with a name, tags and retries."""
