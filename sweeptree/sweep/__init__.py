"""A job's life and a sweep's run, without Prefect."""
