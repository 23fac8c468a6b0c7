"""`sweeptree export`: a sweep for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sweeptree.analysis.aggregate import look
from sweeptree.analysis.document import Document
from sweeptree.analysis.export import exported, to_csv, to_mlflow, to_parquet, to_wandb
from sweeptree.cli.find import find_readable
from sweeptree.cli.screens.terminal import counted, say, write_out
from sweeptree.errors import SweeptreeError, UsageError
from sweeptree.records import SweepPaths

Target = Literal["csv", "parquet", "mlflow", "wandb"]


def export(
    exp: str,
    /,
    *,
    to: Target,
    out: Path | None = None,
    uri: str | None = None,
    results_dir: Path | None = None,
) -> int:
    """Write the jobs of a sweep as CSV or Parquet, or as runs of MLflow or Weights & Biases.

    Parameters
    ----------
    exp
        Name of a sweep, or a path to its folder.
    to
        csv and parquet: one row per job; mlflow: a run per job, those that are there already stay;
        wandb: offline runs, which `wandb sync` sends.
    out
        csv, parquet: the file, default NAME.csv here; wandb: the folder, default here.
    uri
        mlflow: the tracking server or store, such as sqlite:///mlflow.db; default: as MLflow is
        configured.
    results_dir
        Where results stand; default: results/ at the top of the repository.
    """
    _check(to, out, uri)
    paths = find_readable(exp, results_dir)
    document = look(paths)
    if to == "mlflow":
        added = to_mlflow(document.exp_name, list(exported(paths, document)), uri)
        say(f"added {counted(added, 'run')} to the experiment {document.exp_name}")
    elif to == "wandb":
        _to_wandb(paths, document, out or Path.cwd())
    else:
        _to_file(document, to, out or Path(f"{paths.root.name}.{to}"))
    return 0


def _check(to: Target, out: Path | None, uri: str | None) -> None:
    if uri is not None and to != "mlflow":
        raise UsageError(f"--uri goes with --to mlflow, not with --to {to}", hint="--out PATH")
    if out is not None and to == "mlflow":
        raise UsageError(
            "--out does not go with --to mlflow", hint="--uri sqlite:///mlflow.db, or a server's"
        )


def _to_wandb(paths: SweepPaths, document: Document, folder: Path) -> None:
    written = to_wandb(document.exp_name, list(exported(paths, document)), folder)
    say(f"wrote {counted(written, 'offline run')} of {document.exp_name}")
    write_out(f"wandb sync {folder / 'wandb'}/offline-run-*\n")


def _to_file(document: Document, to: Target, file: Path) -> None:
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise UsageError(
            f"{file} cannot be written: it is a folder, or has none", hint="give --out a file"
        )
    write = to_csv if to == "csv" else to_parquet
    try:
        rows = write(document, file.absolute())
    except OSError as error:
        raise SweeptreeError(f"{file} cannot be written: {error.strerror}") from error
    say(counted(rows, "job"))
    write_out(f"wrote {file}\n")
