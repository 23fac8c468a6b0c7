"""Data Curator: PTB-XL from its source to data/processed, verified, all or nothing.

Hides: the order of steps, the temporary sibling folder and its exchange with the old one, and how a
second run knows that nothing changed. A reader never sees half a dataset, whatever is killed and
when.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sweeptree import __version__
from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate import findings as found_things
from sweeptree.ecg.curate import layout, swap
from sweeptree.ecg.curate.card import card
from sweeptree.ecg.curate.confined import Store, ZipStore
from sweeptree.ecg.curate.findings import Finding
from sweeptree.ecg.curate.npyfile import NpyRows
from sweeptree.ecg.curate.source import open_source
from sweeptree.ecg.curate.survey import Survey, survey
from sweeptree.ecg.curate.verify import Ledger, copies, stray_files, verify
from sweeptree.ecg.manifest import (
    FORMAT,
    CurateSpec,
    FileEntry,
    Manifest,
    file_entry,
    fold_digest,
    is_intact,
)
from sweeptree.ecg.progress import Reporter
from sweeptree.errors import Refused, UsageError

_SPARE_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class _Work:
    """What one run of the curator knows."""

    spec: CurateSpec
    store: Store
    origin: str
    places: swap.Places
    report: Reporter
    found: Survey
    findings: list[Finding]
    ledgers: dict[int, Ledger]


def curate(spec: CurateSpec, report: Reporter | None = None) -> Manifest:
    """Make `spec.out` from the source and return its manifest; a run that finds nothing changed
    writes nothing.

    Raises UsageError (no such source, not PTB-XL), Refused (errors found and the policy is to stop,
    no space, another run is at work) and SweeptreeError (the network). The old dataset then stands
    untouched.
    """
    report = report or Reporter()
    _check(spec)
    places = swap.Places(spec.out.absolute())
    with swap.locked(places), contextlib.closing(open_source(spec, report)) as source:
        state = _fingerprint(source.store, spec)
        old = None if spec.recheck else _unchanged(places, state)
        if old:
            report.say(f"{spec.out}: nothing has changed since it was verified")
            return old
        work = _Work(spec, source.store, source.origin, places, report, survey(source.store, spec.rates, spec.limit),
                     [], {})  # fmt: skip
        with swap.building(places):
            manifest = _make(work)
            swap.freeze(places.new)
            swap.promote(places)
    places.save_state({"inputs": state, "outputs": places.output_fingerprint()})
    return manifest


def _check(spec: CurateSpec) -> None:
    if spec.task == "reconstruction" and 500 not in spec.rates:
        raise UsageError(
            "reconstruction needs signals at 500 Hz",
            hint="--rate 500, --rate both or no --rate at all",
        )


def _fingerprint(store: Store, spec: CurateSpec) -> str:
    """Changes whenever an input file, the options or this program may have changed.

    No content is read.
    """
    digest = hashlib.sha256(
        f"{FORMAT} {__version__} {spec.model_dump_json(exclude={'recheck', 'out'})}".encode()
    )
    for line in store.fingerprint(ptbxl.folders(spec.rates)):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _unchanged(places: swap.Places, inputs: str) -> Manifest | None:
    """The manifest of the standing dataset when it was made from these inputs and is still what was
    written."""
    state = places.read_state()
    manifest = places.read_manifest()
    if manifest is None or state.get("inputs") != inputs:
        return None
    if state.get("outputs") == places.output_fingerprint():
        return manifest
    if not is_intact(places.out, manifest):
        return None
    places.save_state({"inputs": inputs, "outputs": places.output_fingerprint()})
    return manifest


def _make(work: _Work) -> Manifest:
    """Verify, write and describe everything in the temporary folder."""
    _check_space(work)
    with contextlib.ExitStack() as files:
        outs = {rate: files.enter_context(_signal_file(work, rate)) for rate in work.spec.rates}
        for rate, out in outs.items():
            _verify(work, rate, out)
        _find_copies(work, outs)
        left_out = _decide(work)
        kept = _keep(work, left_out)
        for out in outs.values():
            out.keep([int(number) for number in kept.numbers])
    return _write(work, kept, left_out)


def _signal_file(work: _Work, rate: int) -> NpyRows:
    shape = (ptbxl.samples(rate), 12)
    return NpyRows(work.places.new / f"signals_{rate}.npy", len(work.found.rows), shape, "<i2")


def _check_space(work: _Work) -> None:
    needed = needed_bytes(work.spec, len(work.found.rows))
    free = shutil.disk_usage(work.places.new).free
    if free < needed:
        raise Refused(
            f"{work.spec.out} needs {needed / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free",
            hint="choose another place with --out, or fewer records with --limit",
        )


def needed_bytes(spec: CurateSpec, records: int) -> int:
    """The size of the outputs, with some to spare."""
    per_record = sum(24 * ptbxl.samples(rate) for rate in spec.rates) + 4096
    if spec.task == "reconstruction":
        per_record += 15 * 5000 * 4
    return records * per_record + _SPARE_BYTES


def _verify(work: _Work, rate: int, out: NpyRows) -> None:
    with work.report.stage(f"verify {rate} Hz", "records") as progress:
        work.ledgers[rate], more = verify(work.store, work.found, rate, out, progress)
    work.findings += more


def _find_copies(work: _Work, outs: dict[int, NpyRows]) -> None:
    rate = max(outs)
    work.findings += copies(work.found, work.ledgers[rate], outs[rate].row)
    work.findings += work.found.findings + stray_files(work.store, work.found, work.spec.rates)
    if isinstance(work.store, ZipStore):
        work.findings += [
            Finding(
                "unsafe_path", 0, "", f"the zip holds {name[:80]!r}, outside the dataset; ignored"
            )
            for name in work.store.unsafe
        ]
    work.findings = found_things.ordered(work.findings)


def _decide(work: _Work) -> dict[int, tuple[str, ...]]:
    """The records to leave out; under the policy `stop`, any error ends the run here."""
    errors = [f for f in work.findings if f.severity == "error"]
    if errors and work.spec.on_bad_record == "stop":
        where = work.places.refused_findings(found_things.to_csv(work.findings))
        raise Refused(
            f"{len(errors)} errors in the source; nothing was made\n"
            + "\n".join(found_things.summary(errors)),
            hint=(
                f"all findings are in {where}",
                "fetch the damaged files anew, or leave such records out: sweeptree curate --on_bad_record quarantine",
            ),
        )
    return found_things.left_out(work.findings)


def _keep(work: _Work, left_out: dict[int, tuple[str, ...]]) -> layout.Kept:
    numbers = [
        number
        for number, row in enumerate(work.found.rows)
        if row.ecg_id not in left_out
        and all(ledger.good[number] for ledger in work.ledgers.values())
    ]
    if not numbers:
        worst = found_things.summary([f for f in work.findings if f.severity != "note"])[:5]
        raise Refused(
            "\n".join(["no record is left: every one has an error", *worst]),
            hint="is --source the right folder, and has it this --rate?",
        )
    rows = [work.found.rows[number] for number in numbers]
    return layout.Kept(rows, np.array(numbers, np.int64), work.ledgers, work.found.families)


def _write(work: _Work, kept: layout.Kept, left_out: dict[int, tuple[str, ...]]) -> Manifest:
    new = work.places.new
    (new / "records.csv").write_bytes(layout.records_csv(kept))
    (new / "splits.json").write_bytes(layout.splits_json(kept))
    (new / "stats.json").write_bytes(layout.stats_json(kept))
    (new / "validation.csv").write_bytes(found_things.to_csv(work.findings))
    np.savez(new / "labels.npz", allow_pickle=False, **layout.label_arrays(kept))
    with work.report.stage(f"lay out for {work.spec.task}", "steps"):
        if work.spec.task == "reconstruction":
            layout.write_reconstruction(new, kept)
        else:
            layout.write_classification(new, kept, work.spec.task)
    manifest = _describe(work, kept, left_out)
    supers = dict(
        zip(
            kept.families.classes["super"],
            layout.targets(kept, "super").sum(axis=0).tolist(),
            strict=True,
        )
    )
    (new / "DATASET_CARD.md").write_bytes(
        card(manifest, supers, found_things.summary(work.findings))
    )
    sealed = manifest.model_copy(update={"outputs": _outputs(new)}).sealed()
    (new / "manifest.json").write_bytes(sealed.to_bytes())
    return sealed


def _describe(work: _Work, kept: layout.Kept, left_out: dict[int, tuple[str, ...]]) -> Manifest:
    splits = {name: len(rows) for name, rows in kept.splits.items()}
    unlabelled = int((layout.targets(kept, "super").sum(axis=1) == 0).sum())
    return Manifest(
        version=work.found.version,
        official_table=work.found.official,
        source=work.origin,
        tool=f"sweeptree {__version__}",
        rates=work.spec.rates,
        task=work.spec.task,
        limit=work.spec.limit,
        on_bad_record=work.spec.on_bad_record,
        inputs={**work.found.table_sha256, "record files": _input_digest(work)},
        counts={
            "records": len(kept.rows),
            "patients": len({row.patient for row in kept.rows}),
            **splits,
            "left out": len(left_out),
            "without a diagnostic superclass": unlabelled,
        },
        findings=dict(sorted(Counter(f.check for f in work.findings).items())),
        fold_digest=fold_digest((row.ecg_id, row.fold) for row in kept.rows),
        quarantine={str(ecg_id): checks for ecg_id, checks in left_out.items()},
        outputs={},
    )


def _input_digest(work: _Work) -> str:
    digest = hashlib.sha256()
    for rate, ledger in sorted(work.ledgers.items()):
        for row, sha in zip(work.found.rows, ledger.digests, strict=True):
            digest.update(f"{row.stems[rate]}.dat {sha}\n".encode())
    return digest.hexdigest()


def _outputs(folder: Path) -> dict[str, FileEntry]:
    return {path.relative_to(folder).as_posix(): file_entry(path) for path in _files(folder)}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def describe(manifest: Manifest, out: Path) -> Sequence[str]:
    """A few lines for a person about what was made."""
    c = manifest.counts
    lines = [
        f"PTB-XL {manifest.version}: {c['records']:,} records of {c['patients']:,} patients",
        f"{c['train']:,} train, {c['val']:,} val, {c['test']:,} test; {c['left out']:,} left out",
        f"{out}: {sum(e.bytes for e in manifest.outputs.values()) / 1e6:,.1f} MB, digest {manifest.digest[:12]}",
    ]
    if manifest.findings:
        lines.append(
            "findings: "
            + ", ".join(f"{count} {check}" for check, count in manifest.findings.items())
        )
        lines.append(f"details: {out / 'validation.csv'}")
    return lines
