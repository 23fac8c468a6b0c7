"""`sweeptree aggregate`: make the aggregates of a sweep anew from its records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sweeptree.cli.find import find_sweep
from sweeptree.cli.options import FLAG
from sweeptree.cli.screens.terminal import counted, printable, say, write_out
from sweeptree.errors import UsageError
from sweeptree.model.checks import check_metric, check_metric_regex
from sweeptree.model.text import parse_words
from sweeptree.records import SweepPaths

_SHOWN_TROUBLES = 10


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Finding:
    """How metrics are found anew.

    Parameters
    ----------
    reread
        Find the metrics of the jobs that have ended anew, in their logs and what they made.
    metric
        With --reread, or for a multirun of Hydra: the metric to find, as NAME, NAME:max or
        NAME:min.
    metrics_file
        With --reread, or for a multirun of Hydra: files that hold the metrics, as patterns
        separated by commas.
    metric_regex
        With --reread, or for a multirun of Hydra: a regular expression for lines of the log whose
        group is the metric.
    """

    reread: Annotated[bool, FLAG] = False
    metric: str | None = None
    metrics_file: str | None = None
    metric_regex: str | None = None


def aggregate(
    exp: str | None = None,
    /,
    *,
    exp_dir: Annotated[Path | None, Parameter(name="--exp_dir")] = None,
    results_dir: Path | None = None,
    mix_data: Annotated[bool, FLAG] = False,
    finding: Finding | None = None,
) -> int:
    """Write aggregated.json, aggregated.csv, groups.csv and report.html from a sweep's records.

    The folder of a multirun of Hydra gets records first: parameters from its overrides, metrics as
    they are found in a sweep.

    Parameters
    ----------
    exp
        Name of a sweep, or a path to its folder.
    exp_dir
        The sweep's folder, for example results/unet_lr; in place of the name.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    mix_data
        Rank and compare also jobs that ran on different versions of the dataset.
    """
    paths = _chosen(exp, exp_dir, results_dir)
    _find_metrics_anew(paths, finding or Finding())
    from sweeptree.analysis.aggregate import aggregate as rebuild
    from sweeptree.report import try_report

    document = rebuild(paths, mix_data=mix_data)
    trouble = try_report(paths, document)
    written = [paths.aggregated_json, paths.aggregated_csv, paths.groups_csv]
    warnings = list(document.warnings)
    if trouble is None:
        written.append(paths.report)
    else:
        warnings.append(trouble)
    for path in written:
        write_out(f"wrote {path}\n")
    for warning in warnings:
        say(f"! {printable(warning)}")
    return 0


def _find_metrics_anew(paths: SweepPaths, finding: Finding) -> None:
    from sweeptree.analysis.hydra_runs import import_multirun, is_multirun
    from sweeptree.analysis.metrics import Wanted
    from sweeptree.analysis.reread import reread

    wanted = Wanted(
        _checked("--metric", finding.metric, check_metric),
        parse_words(finding.metrics_file) if finding.metrics_file else (),
        _checked("--metric_regex", finding.metric_regex, check_metric_regex),
    )
    if is_multirun(paths.root):
        say(f"{counted(import_multirun(paths, wanted), 'run')} of Hydra")
        return
    if finding.reread:
        anew = reread(paths, wanted)
        for trouble in anew.troubles[:_SHOWN_TROUBLES]:
            say(f"! {printable(trouble)}")
        if (more := len(anew.troubles) - _SHOWN_TROUBLES) > 0:
            say(f"! and {more} more like these")
        say(f"{counted(anew.changed, 'record')} changed")
    elif wanted != Wanted():
        raise UsageError("--metric, --metrics_file and --metric_regex go with --reread")


def _checked(option: str, text: str | None, check: Callable[[str], str]) -> str | None:
    try:
        return None if text is None else check(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from error


def _chosen(exp: str | None, exp_dir: Path | None, results_dir: Path | None) -> SweepPaths:
    if (exp is None) == (exp_dir is None):
        raise UsageError(
            "give the sweep once, as EXP or as --exp_dir",
            hint=("sweeptree aggregate unet_lr", "sweeptree aggregate --exp_dir results/unet_lr"),
        )
    if exp is not None:
        return find_sweep(exp, results_dir)
    assert exp_dir is not None
    if not exp_dir.is_dir():
        raise UsageError(f"{exp_dir} is not a folder", hint="sweeptree status   lists the sweeps")
    return SweepPaths(exp_dir.absolute())
