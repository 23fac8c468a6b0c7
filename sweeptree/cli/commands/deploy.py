"""`sweeptree deploy`: server, work pool, deployments, worker and Prefect profile in one step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import sweeptree
from sweeptree import repository
from sweeptree.agents import AGENTS
from sweeptree.cli.options import FLAG
from sweeptree.cli.screens.terminal import counted, printable, say, write_out
from sweeptree.engine.connect import Engine, connected
from sweeptree.engine.definition import (
    PLACEHOLDER,
    SWEEP,
    Definition,
    Tenant,
    commands_of,
    define,
    read_definition,
)
from sweeptree.engine.deployments import default_profiles, make_pool, registered, run_prefect
from sweeptree.engine.deployments import remove as remove_deployments
from sweeptree.engine.server import facts, profile
from sweeptree.engine.server.service import Units, write_units
from sweeptree.engine.server.worker import ensure_worker
from sweeptree.model import ExitCode
from sweeptree.repository import Repository
from sweeptree.repository.repository import short_name
from sweeptree.settings import Settings
from sweeptree.system.files import write_bytes

POOL = "local"
_SHOWN_COMMANDS = 5
_FLOWS = {SWEEP: "sweep", **{agent.entrypoint: agent.name for agent in AGENTS}}


def deploy(
    *,
    worker: Annotated[bool, Parameter(negative="--no_worker")] = True,
    replace: Annotated[bool, FLAG] = False,
    listing: Annotated[bool, Parameter(name="--list", negative=())] = False,
    remove: Annotated[bool, FLAG] = False,
    service: Annotated[bool, FLAG] = False,
) -> int:
    """Register the deployments of this repository and start a worker for them.

    They come from prefect.yaml at the top of the repository, or from the one that is part of
    sweeptree. Prefect's own commands find the private server by the Prefect profile `sweeptree`.

    Parameters
    ----------
    worker
        Start a worker in the background if none runs yet.
    replace
        Take over names that deployments of another repository have.
    listing
        Show the deployments of all repositories, and change nothing.
    remove
        Remove the deployments of this repository.
    service
        Write units for systemd that bring server and worker back after a reboot.
    """
    settings = Settings()
    repo = repository.find_repository(Path.cwd())
    if listing:
        return _list(settings)
    if remove:
        return _remove(settings, repo.start)
    _deploy(settings, repo, with_worker=worker, replace=replace)
    if service:
        _show_service(write_units(settings.home))
    return ExitCode.OK


def _deploy(settings: Settings, repo: Repository, *, with_worker: bool, replace: bool) -> None:
    top = repo.start
    profiles = profile.read_profiles(profile.profiles_path())  # before Prefect's home becomes ours
    source = _source(top)
    read_definition(source)
    with connected(settings, quiet=False) as engine:
        environment = {**os.environ, "PREFECT_API_URL": engine.api_url, "PWD": str(top)}
        make_pool(POOL)
        known = registered()
        tenant = Tenant(top, short_name(repo), _FLOWS)
        definition = define(source, tenant, known, replace=replace)
        _register(definition, settings.home, top, environment)
        pid = ensure_worker(settings.home, POOL, environment) if with_worker else None
        program = _write_profile(engine, profiles)
    _print_end(definition, engine, pid, _next(definition, program))
    _print_night(definition, top)


def _register(
    definition: Definition, home: Path, top: Path, environment: Mapping[str, str]
) -> None:
    """Hand the deployments to Prefect's own command, in a file of its own."""
    file = home / f"deploy-{os.getpid()}.yaml"
    write_bytes(file, definition.text().encode())
    words = ["--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    try:
        run_prefect(words, top, dict(environment))
    finally:
        file.unlink(missing_ok=True)


def _source(top: Path) -> Path:
    own = top / "prefect.yaml"
    return own if own.is_file() else Path(sweeptree.__file__).with_name("prefect.yaml")


def _write_profile(engine: Engine, profiles: profile.Profiles) -> str:
    """Let Prefect's own commands find our server; returns how they are called then."""
    if engine.managed is None:
        return "prefect"
    if profiles.active != profile.NAME and profiles.has_own(default_profiles()):
        profile.write_profile(profiles, engine.managed, activate=False)
        return f"prefect --profile {profile.NAME}"
    profile.write_profile(profiles, engine.managed, activate=True)
    return "prefect"


def _next(definition: Definition, program: str) -> str:
    night = definition.night
    name = f"sweep/{night['name']}" if night else "FLOW/NAME"
    return f"{program} deployment run {name} --watch"


def _print_end(definition: Definition, engine: Engine, pid: int | None, next_command: str) -> None:
    lines = [f"deployments of {definition.source}: {engine.ui_url}/deployments"]
    lines += [
        f"{each.wanted} belongs to {each.owner}: here it is {each.name} (--replace takes it over)"
        for each in definition.renamed
    ]
    if pid:
        lines.append(f"a worker runs them (process {pid}); `sweeptree server stop` ends both")
    else:
        lines.append(f"to run them: prefect worker start --pool {POOL}")
    lines.append(f"Next:  {next_command}")
    if engine.managed is not None:
        lines.append("       sweeptree server open")
    write_out("\n".join(map(printable, lines)) + "\n")


def _print_night(definition: Definition, top: Path) -> None:
    """Say what the night will run: it is easily forgotten that a placeholder stands there."""
    night = definition.night
    if night is None:
        return
    commands = commands_of(night, top)
    shown = [f"  {printable(command)}" for command in commands[:_SHOWN_COMMANDS]]
    more = len(commands) - len(shown)
    say(f"sweep/{night['name']} runs {counted(len(commands), 'command')}:")
    say("\n".join([*shown, *([f"  and {more} more"] if more > 0 else [])]))
    if any(command.startswith(PLACEHOLDER) for command in commands):
        say("that is a harmless placeholder: put your own commands in its place, then deploy again")


def _list(settings: Settings) -> int:
    with connected(settings) as engine:
        found = registered()
        runs = engine.managed and facts.look(settings.home).next_runs
    following = {run.deployment: run.at for run in runs or ()}
    for each in found:
        at = following.get(each.title)
        when = f"   next {at[:16].replace('T', ' ')} UTC" if at else ""
        write_out(f"{printable(f'{each.title}   {each.folder}{when}')}\n")
    if not found:
        say("there are no deployments\nNext:  sweeptree deploy")
    return ExitCode.OK


def _remove(settings: Settings, top: Path) -> int:
    with connected(settings):
        own = [each for each in registered() if each.folder == top]
        remove_deployments(own)
    for each in own:
        write_out(f"removed {printable(each.title)}\n")
    if not own:
        say(f"there are no deployments of {top}\nNext:  sweeptree deploy --list")
    return ExitCode.OK


def _show_service(units: Units) -> None:
    write_out(f"wrote {units.file}\n")
    say("\n".join(units.commands))
    say(f"without systemd, a line of `crontab -e` does the same:\n  {units.crontab}")
