"""Data Curator: PTB-XL from its source to data/processed, verified, all or nothing.

Hides: the order of steps, the temporary folder beside the old one, and how a second run knows that
nothing changed. A reader never sees half a dataset, whatever is killed and when.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
from sweeptree.ecg.curate.source import Source, open_source
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
from sweeptree.ecg.wording import counted
from sweeptree.errors import Refused, UsageError

_SPARE_BYTES = 64 * 1024 * 1024
_FETCH_OR_LEAVE_OUT = (
    "fetch the damaged files anew, or leave such records out: "
    "sweeptree curate --on_bad_record quarantine"
)


@dataclass(slots=True)
class _Work:
    """What one run of the curator knows."""

    spec: CurateSpec
    source: Source
    places: swap.Places
    report: Reporter
    found: Survey
    findings: list[Finding] = field(default_factory=list)
    ledgers: dict[int, Ledger] = field(default_factory=dict)


def curate(spec: CurateSpec, report: Reporter | None = None) -> Manifest:
    """Make `spec.out` from the source; a run that finds nothing changed writes nothing.

    Raises UsageError (no such source, not PTB-XL), Refused (errors found and the policy is to stop,
    files of somebody else in the folder, no space, another run is at work) and SweeptreeError (the
    network). The old dataset then stands untouched.
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
        swap.refuse_strangers(places)
        work = _Work(spec, source, places, report, survey(source.store, spec.rates, spec.limit))
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
    options = spec.model_dump_json(exclude={"recheck", "out"})
    digest = hashlib.sha256(f"{FORMAT} {__version__} {options}".encode())
    for line in store.fingerprint(ptbxl.folders(spec.rates)):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def _unchanged(places: swap.Places, inputs: str) -> Manifest | None:
    """The manifest of the dataset when it was made from these inputs and is still whole."""
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
        work.ledgers[rate], more = verify(work.source.store, work.found, rate, out, progress)
    work.findings += more


def _find_copies(work: _Work, outs: dict[int, NpyRows]) -> None:
    rate = max(outs)
    store = work.source.store
    work.findings += copies(work.found, work.ledgers[rate], outs[rate].row)
    work.findings += work.found.findings
    work.findings += stray_files(store, work.found, work.spec.rates)
    if isinstance(store, ZipStore):
        work.findings += [_unsafe_member(name) for name in store.unsafe]
    work.findings = found_things.ordered(work.findings)


def _unsafe_member(name: str) -> Finding:
    detail = f"the zip holds {name[:80]!r}, outside the dataset; ignored"
    return Finding("unsafe_path", 0, "", detail)


def _decide(work: _Work) -> dict[int, tuple[str, ...]]:
    """The records to leave out; under the policy `stop`, any error ends the run here."""
    errors = [f for f in work.findings if f.severity == "error"]
    if errors and work.spec.on_bad_record == "stop":
        where = work.places.refused_findings(found_things.to_csv(work.findings))
        headline = f"{counted(len(errors), 'error')} in the source; nothing was made"
        raise Refused(
            "\n".join([headline, *found_things.summary(errors)]),
            hint=(f"all findings are in {where}", _FETCH_OR_LEAVE_OUT),
        )
    return found_things.left_out(work.findings)


def _keep(work: _Work, left_out: dict[int, tuple[str, ...]]) -> layout.Kept:
    rows = work.found.rows
    good = np.array([row.ecg_id not in left_out for row in rows], np.bool_)
    for ledger in work.ledgers.values():
        good &= ledger.good
    numbers = np.flatnonzero(good)
    if not len(numbers):
        raise _nothing_left(work)
    return layout.Kept([rows[n] for n in numbers], numbers, work.ledgers, work.found.families)


def _nothing_left(work: _Work) -> Refused:
    worse = [f for f in work.findings if f.severity != "note"]
    headline = "no record is left: every one has an error"
    return Refused(
        "\n".join([headline, *found_things.summary(worse)[:5]]),
        hint="is --source the right folder, and has it this --rate?",
    )


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
    summary = found_things.summary(work.findings)
    (new / "DATASET_CARD.md").write_bytes(card(manifest, _superclass_counts(kept), summary))
    sealed = manifest.model_copy(update={"outputs": _outputs(new)}).sealed()
    (new / "manifest.json").write_bytes(sealed.to_bytes())
    return sealed


def _superclass_counts(kept: layout.Kept) -> dict[str, int]:
    counts = layout.targets(kept, "super").sum(axis=0)
    return dict(zip(kept.families.classes["super"], counts.tolist(), strict=True))


def _describe(work: _Work, kept: layout.Kept, left_out: dict[int, tuple[str, ...]]) -> Manifest:
    splits = {name: len(rows) for name, rows in kept.splits.items()}
    unlabelled = int((layout.targets(kept, "super").sum(axis=1) == 0).sum())
    return Manifest(
        version=work.found.version,
        official_table=work.found.official,
        source=work.source.origin,
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
    count = manifest.counts
    records, patients = counted(count["records"], "record"), counted(count["patients"], "patient")
    splits = ", ".join(f"{count[name]:,} {name}" for name in layout.SPLITS)
    megabytes = sum(entry.bytes for entry in manifest.outputs.values()) / 1e6
    lines = [
        f"PTB-XL {manifest.version}: {records} of {patients}",
        f"{splits}; {count['left out']:,} left out",
        f"{out}: {megabytes:,.1f} MB, digest {manifest.digest[:12]}",
    ]
    if manifest.findings:
        found = ", ".join(f"{number} {check}" for check, number in manifest.findings.items())
        lines += [f"findings: {found}", f"details: {out / 'validation.csv'}"]
    return lines
