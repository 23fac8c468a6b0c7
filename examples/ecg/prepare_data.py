#!/usr/bin/env python3
"""A folder of 100 Hz PTB-XL records to train on; stdlib and numpy only.

    python prepare_data.py DEST [--records 300]

Three sources, in this order: the folder that $SWEEPTREE_PTBXL names; the public mirror of PTB-XL 1.0.3 (CC BY 4.0), if
it answers within three seconds; else generated records of PTB-XL's shape. The last line of stdout says which. DEST
appears whole or not at all, and every fetched record is checked against the size and the checksum in its header.
"""

import argparse
import csv
import http.client
import io
import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MIRROR = "https://physionet-open.s3.amazonaws.com/ptb-xl/1.0.3"
PATIENCE = 3.0  # seconds for the mirror's first answer
FETCH_LIMIT = 90.0  # seconds for all of it
THREADS = 16
TABLES = ("ptbxl_database.csv", "scp_statements.csv")
LARGEST = 16 * 1024 * 1024  # bytes; the full table of 1.0.3 has 6.6 MB
LEADS = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
FS, SECONDS = 100, 10
Signal = NDArray[np.int16]


class Unusable(Exception):  # noqa: N818 - says what is the case
    """A source cannot be used; the text says why."""


# ---------------------------------------------------------------- which source
def get_data(dest: Path, records: int = 300, *, mirror: str = MIRROR, patience: float = PATIENCE) -> tuple[Path, str]:
    """A folder with PTB-XL's tables and records100/, and one sentence that says where it is from.

    A DEST of an earlier call is used again, unless it was generated and the mirror answers now. Raises
    FileExistsError for a DEST that holds something else, Unusable for a bad $SWEEPTREE_PTBXL.
    """
    if chosen := os.environ.get("SWEEPTREE_PTBXL"):
        return _chosen(Path(chosen).expanduser().resolve())
    dest = dest.expanduser().resolve()
    source = _earlier(dest, records)
    if source.get("source") == "mirror":
        return dest, source["sentence"]
    try:
        with _whole(dest) as part:
            _fetch(part.folder, records, mirror, patience)
            sentence = f"PTB-XL 1.0.3: {records} real records from the public mirror (CC BY 4.0), kept in {dest}."
            part.keep("mirror", records, sentence)
    except (OSError, http.client.HTTPException, Unusable, ValueError) as error:
        why = f"{type(error).__name__}: {error}" if not isinstance(error, Unusable) else str(error)
        return dest, source.get("sentence") or _generated(dest, records, why)
    return dest, sentence


def _chosen(folder: Path) -> tuple[Path, str]:
    missing = [name for name in (*TABLES, "records100") if not (folder / name).exists()]
    if missing:
        raise Unusable(f"$SWEEPTREE_PTBXL is {folder}, which lacks {', '.join(missing)}")
    return folder, f"PTB-XL records: the folder {folder} that $SWEEPTREE_PTBXL names."


def _earlier(dest: Path, records: int) -> dict[str, str]:
    """What an earlier call noted in DEST: empty when there is no DEST or it holds another number of records."""
    if not dest.exists():
        return {}
    try:
        noted = dict[str, str](json.loads((dest / "SOURCE.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise FileExistsError(f"{dest} exists and was not made by prepare_data.py; name another folder") from None
    return noted if noted.get("records") == str(records) else {}


def _generated(dest: Path, records: int, why: str) -> str:
    sentence = (
        f"PTB-XL's mirror cannot be used ({why}): {records} generated records of PTB-XL's shape instead. "
        "They are not real ECGs; set SWEEPTREE_PTBXL to use your own copy."
    )
    with _whole(dest) as part:
        generate(part.folder, records)
        part.keep("generated", records, sentence)
    return sentence


class _whole:  # noqa: N801 - reads as a verb where it is used
    """A folder beside DEST that becomes DEST by `keep`, or is removed."""

    def __init__(self, dest: Path) -> None:
        self.dest = dest

    def __enter__(self) -> "_whole":
        self.dest.parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=f".{self.dest.name}.part-", dir=self.dest.parent))
        self.older = self.folder.with_name(f"{self.folder.name}-older")
        return self

    def keep(self, source: str, records: int, sentence: str) -> None:
        """Note the source, then put the folder in DEST's place (an older DEST of ours gives way)."""
        noted = {"source": source, "records": str(records), "sentence": sentence}
        (self.folder / "SOURCE.json").write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")
        self.folder.chmod(0o755)
        if self.dest.exists():
            self.dest.rename(self.older)
        self.folder.rename(self.dest)

    def __exit__(self, *exc: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.older, ignore_errors=True)


# ---------------------------------------------------------------- the mirror
class _Client:
    """GET over connections that each thread keeps open; the system's proxy is used when one is set."""

    def __init__(self, base: str, patience: float) -> None:
        parts = urllib.parse.urlsplit(base)
        self.scheme, self.root, self.patience = parts.scheme, parts.path.rstrip("/"), patience
        self.host, self.port = parts.hostname or "", parts.port
        proxies = {} if urllib.request.proxy_bypass(self.host) else urllib.request.getproxies()
        self.proxy = urllib.parse.urlsplit(proxies.get(parts.scheme, ""))
        self.local = threading.local()
        self.opened: list[http.client.HTTPConnection] = []

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.scheme == "https" else http.client.HTTPConnection
        if self.proxy.hostname:
            connection = kind(self.proxy.hostname, self.proxy.port, timeout=self.patience)
            connection.set_tunnel(self.host, self.port)
        else:
            connection = kind(self.host, self.port, timeout=self.patience)
        self.opened.append(connection)
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self.opened:
            connection.close()

    def get(self, name: str, limit: int = LARGEST) -> bytes:
        """The body of one file; one more try on a new connection. Unusable when it is not there or too long."""
        for last in (False, True):
            connection = getattr(self.local, "connection", None) or self._connect()
            self.local.connection = connection
            try:
                connection.request("GET", f"{self.root}/{name}")
                answer = connection.getresponse()
                body = answer.read(limit + 1)
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                if last:
                    raise
        if answer.status != http.client.OK or len(body) > limit:
            connection.close()
            raise Unusable(f"{name}: HTTP {answer.status}, {len(body)} bytes")
        return body


def _within(seconds: float, call: Callable[[], bytes]) -> bytes:
    """The call's result, or Unusable after so many seconds: a name look-up has no time limit of its own."""
    box: list[bytes | BaseException] = []

    def work() -> None:
        try:
            box.append(call())
        except BaseException as error:
            box.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not box:
        raise Unusable(f"no answer within {seconds:g} s")
    if isinstance(box[0], BaseException):
        raise box[0]
    return box[0]


def _fetch(folder: Path, records: int, mirror: str, patience: float) -> None:
    """The tables, then the first records of the table, in parallel. Any failure is raised: all or nothing."""
    with closing(_Client(mirror, patience)) as client:
        statements = _within(patience, lambda: client.get(TABLES[1]))
    until = time.monotonic() + FETCH_LIMIT
    with closing(_Client(mirror, 15)) as client:
        table = client.get(TABLES[0]).decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(table, newline="")))[:records]
        names = [row["filename_lr"] for row in rows]
        if len(rows) < records or not all(re.fullmatch(r"records100/\d{5}/\d{5}_lr", name) for name in names):
            raise Unusable(f"its table holds {len(rows)} of {records} records, or strange file names")
        _write_table(folder / TABLES[0], list(rows[0]), rows)
        (folder / TABLES[1]).write_bytes(statements)
        with ThreadPoolExecutor(THREADS) as threads:
            for _ in threads.map(lambda name: _fetch_record(client, folder / name, name, until), names):
                pass


def _fetch_record(client: _Client, path: Path, name: str, until: float) -> None:
    if time.monotonic() > until:
        raise Unusable(f"the mirror took more than {FETCH_LIMIT:g} s")
    header = client.get(f"{name}.hea", 8192)
    raw = client.get(f"{name}.dat", 2 * len(LEADS) * FS * SECONDS)
    signal = np.frombuffer(raw, "<i2")
    if len(signal) != len(LEADS) * FS * SECONDS:
        raise Unusable(f"{name}.dat has {len(raw)} bytes")
    listed = [int(line.split()[6]) % 65536 for line in header.decode("ascii").splitlines()[1:13]]
    if listed != list(signal.reshape(-1, 12).sum(0, dtype=np.int64) % 65536):
        raise Unusable(f"{name}.dat differs from its checksum")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".dat").write_bytes(raw)
    path.with_suffix(".hea").write_bytes(header)


# ---------------------------------------------------------------- the generator
COLUMNS = """ecg_id patient_id age sex height weight nurse site device recording_date report scp_codes heart_axis
infarction_stadium1 infarction_stadium2 validated_by second_opinion initial_autogenerated_report validated_by_human
baseline_drift static_noise burst_noise electrodes_problems extra_beats pacemaker strat_fold filename_lr filename_hr"""
STATEMENT_COLUMNS = """,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass,Statement Category,\
SCP-ECG Statement Description,AHA code,aECG REFID,CDISC Code,DICOM Code"""
CODES = {
    "NORM": ("NORM",),
    "MI": ("IMI", "ASMI", "AMI", "ILMI"),
    "STTC": ("NDT", "ISC_", "NST_"),
    "CD": ("LAFB", "IRBBB", "1AVB", "CLBBB"),
    "HYP": ("LVH", "LAO/LAE", "RVH"),
}
SHARE = {"MI": 0.3, "STTC": 0.3, "CD": 0.27, "HYP": 0.13}
# A beat is a sum of Gaussian waves P Q R S ST T: offset and width in seconds, amplitude in mV per independent lead.
OFFSET = np.array([-0.18, -0.035, 0.0, 0.035, 0.09, 0.28])
WIDTH = np.array([0.025, 0.010, 0.012, 0.012, 0.04, 0.05])
AMPLITUDE = np.array(
    [
        [0.08, -0.04, 0.60, -0.10, 0.00, 0.20],  # I
        [0.12, -0.05, 1.00, -0.15, 0.00, 0.28],  # II
        [0.05, 0.00, 0.20, -0.80, 0.02, -0.05],  # V1
        [0.06, 0.00, 0.40, -1.10, 0.04, 0.35],
        [0.06, -0.02, 0.80, -0.80, 0.03, 0.40],
        [0.06, -0.05, 1.20, -0.40, 0.02, 0.38],
        [0.06, -0.06, 1.10, -0.20, 0.01, 0.30],
        [0.06, -0.06, 0.90, -0.10, 0.00, 0.25],  # V6
    ]
)


def generate(folder: Path, records: int, seed: int = 0) -> None:
    """PTB-XL's tables and `records` generated 100 Hz records; the same arguments give the same bytes."""
    rng = np.random.default_rng([seed, 1])
    rows = [_row(number, rng) for number in range(1, records + 1)]
    for row, classes in rows:
        path = folder / row["filename_lr"]
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_record(path, heartbeats(classes, np.random.default_rng([seed, 2, int(row["ecg_id"])])))
    _write_table(folder / TABLES[0], COLUMNS.split(), [row for row, _ in rows])
    _write_table(folder / TABLES[1], STATEMENT_COLUMNS.split(","), list(_statements()))


def heartbeats(classes: frozenset[str], rng: np.random.Generator) -> Signal:
    """Ten seconds of 12 leads at 100 Hz, (1000, 12) in microvolts, with the signs of the superclasses."""
    amplitude, offset, width = _waves(classes, rng)
    times = np.arange(FS * SECONDS) / FS
    period = 60 / rng.uniform(52, 98)
    beats = np.cumsum(rng.normal(period, 0.04 * period, int(SECONDS / period) + 3)) - period
    distance = times - beats[:, None, None] - offset[:, None]  # (beat, wave, time)
    leads = amplitude @ np.exp(-0.5 * (distance / width[:, None]) ** 2).sum(0)
    drift = np.sin(2 * np.pi * (rng.uniform(0.05, 0.4, (8, 1)) * times + rng.uniform(0, 1, (8, 1))))
    leads += rng.uniform(0.01, 0.1, (8, 1)) * drift + rng.normal(0, rng.uniform(0.005, 0.03), leads.shape)
    one, two = np.round(leads[0] * 1000), np.round(leads[1] * 1000)
    limbs = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]  # Einthoven and Goldberger
    microvolts = np.stack([*limbs, *(leads[2:] * 1000)], axis=1)
    return np.clip(np.round(microvolts), -32767, 32767).astype("<i2")


def _waves(
    classes: frozenset[str], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Amplitudes (8, 6), offsets (6,) and widths (6,) of one person's waves."""
    amplitude = AMPLITUDE * rng.lognormal(0, 0.18, (1, 6)) * rng.lognormal(0, 0.12, (8, 1))
    amplitude += rng.normal(0, 0.06, (8, 6))
    offset = OFFSET + rng.normal(0, 0.006, 6)
    width = WIDTH * rng.lognormal(0, 0.15, 6)
    severity = rng.uniform(0.1, 0.9)
    if "MI" in classes:
        leads = [1] if rng.random() < 0.5 else [2, 3, 4, 5]
        amplitude[leads, 1] -= 0.45 * severity
        amplitude[leads, 2] *= 1 - 0.55 * severity
        amplitude[leads, 5] -= 0.3 * severity
    if "STTC" in classes:
        amplitude[[0, 1, 5, 6, 7], 4] -= 0.12 * severity
        amplitude[[0, 1, 4, 5, 6, 7], 5] *= 1 - 1.6 * severity
    if "CD" in classes:
        width[1:4] *= 1 + severity
        offset[3:] += 0.03 * severity
    if "HYP" in classes:
        amplitude[[5, 6, 7], 2] *= 1 + 0.9 * severity
        amplitude[[2, 3], 3] *= 1 + 0.9 * severity
    return amplitude, offset, width


def _row(number: int, rng: np.random.Generator) -> tuple[dict[str, str], frozenset[str]]:
    """One line of ptbxl_database.csv and the record's superclasses. One record per patient."""
    classes = ["NORM"]
    if rng.random() > 0.42:
        names = list(SHARE)
        classes = list(rng.choice(names, size=int(rng.integers(1, 3)), replace=False, p=list(SHARE.values())))
    codes = {str(rng.choice(CODES[name])): 100.0 for name in classes} | {"SR": 0.0}
    name = f"{number // 1000 * 1000:05d}/{number:05d}"
    row = dict.fromkeys(COLUMNS.split(), "") | {
        "ecg_id": str(number),
        "patient_id": f"{10000 + number}.0",
        "age": f"{int(np.clip(rng.normal(60, 17), 18, 89))}.0",
        "sex": str(int(rng.integers(0, 2))),
        "device": "generated",
        "recording_date": f"1990-01-01 {number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}",
        "report": "generated, no patient",
        "scp_codes": repr(codes),
        "validated_by_human": "False",
        "strat_fold": str(number % 10 + 1),
        "filename_lr": f"records100/{name}_lr",
        "filename_hr": f"records500/{name}_hr",
    }
    return row, frozenset(classes)


def _statements() -> Iterator[dict[str, str]]:
    """The lines of scp_statements.csv for the codes that are generated."""
    empty = dict.fromkeys(STATEMENT_COLUMNS.split(","), "")
    for name, codes in CODES.items():
        for code in codes:
            line = {"": code, "description": f"{code} (generated)", "diagnostic": "1.0", "diagnostic_class": name}
            yield empty | line | {"diagnostic_subclass": code}
    yield empty | {"": "SR", "description": "sinus rhythm", "rhythm": "1.0"}


def _write_record(path: Path, signal: Signal) -> None:
    """One WFDB record in format 16: interleaved little-endian int16, 1000 units per mV."""
    checksums = signal.sum(0, dtype=np.int64) % 65536
    lines = [f"{path.name} {len(LEADS)} {FS} {len(signal)}"]
    for lead, first, checksum in zip(LEADS, signal[0], checksums, strict=True):
        lines.append(f"{path.name}.dat 16 1000.0(0)/mV 16 0 {first} {checksum} 0 {lead}")
    path.with_suffix(".dat").write_bytes(signal.tobytes())
    path.with_suffix(".hea").write_text("\n".join(lines) + "\n", encoding="ascii")


def _write_table(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> int:
    """Make DEST and say where its records are from: the folder, then the sentence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dest", type=Path)
    parser.add_argument("--records", type=int, default=300)
    options = parser.parse_args()
    if options.records < 30:
        parser.error("--records must be 30 or more: each of the ten folds needs some")
    try:
        folder, sentence = get_data(options.dest, options.records)
    except (OSError, Unusable) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{folder}\n{sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
