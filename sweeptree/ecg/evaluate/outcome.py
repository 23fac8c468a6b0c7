"""What judging the runs of one kind came to: verdicts, the best run, and the files to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sweeptree.ecg.dataset import Dataset
from sweeptree.ecg.evaluate.judge import Verdict
from sweeptree.ecg.evaluate.report import clean
from sweeptree.ecg.evaluate.spec import EvaluationReport
from sweeptree.ecg.evaluate.waves import WaveVerdict

V = TypeVar("V", Verdict, WaveVerdict)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[V]):
    """`kind` is classification or reconstruction; `files` are contents by path below the folder."""

    kind: str
    verdicts: Sequence[V]
    best: str
    files: Mapping[str, bytes]
    warnings: tuple[str, ...] = ()

    def report(self, out: Path, data: Dataset | None) -> EvaluationReport:
        """The report of an evaluation whose files stand in `out`."""
        return EvaluationReport(
            reason=f"best: {self.best}; report: {out / 'report.html'}",
            out=out,
            kind=self.kind,
            data_digest=data.digest if data else None,
            runs={v.run.name: clean(v.overall) for v in self.verdicts},
            intervals={v.run.name: clean(v.intervals) for v in self.verdicts},
            best=self.best,
            files=tuple(sorted(self.files)),
            warnings=self.warnings,
            markdown=self.files["report.md"].decode(),
        )
