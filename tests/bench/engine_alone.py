"""What `auto-run` is measured against: the same start of the engine, and a flow that does nothing
with the same parameter."""

from pathlib import Path

from sweeptree.engine import connect
from sweeptree.settings import Settings


def main() -> None:
    with connect.connected_or_not(Settings()):
        from sweeptree.engine.agent_runs import agent
        from sweeptree.model.report import Report
        from sweeptree.sweep.one import AutoRunSpec

        @agent("nothing", page=False)
        def nothing(spec: AutoRunSpec) -> Report:
            return Report(reason=spec.command)

        nothing(AutoRunSpec(command="true", repo=Path.cwd()))


main()
