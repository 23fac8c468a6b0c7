"""The one home of Prefect below tasks, agents and flows: the server, the way to it, and what it is
shown."""
