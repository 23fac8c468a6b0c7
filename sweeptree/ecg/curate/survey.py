"""What the tables of a PTB-XL copy say: records, labels, folds, digests, and everything odd about
them.

Hides: the oddities of copies in the wild (BOM, spreadsheet headers, CRLF, joined lines) and how
they are told from damage. Reads only the small files; no signal.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate.confined import Store, Unreadable, is_safe
from sweeptree.ecg.curate.findings import Finding
from sweeptree.errors import UsageError

MAX_TABLE_BYTES = 128 * 1024 * 1024
MAX_ROWS = 1_000_000
_WHOLE = re.compile(r"\s*(-?\d{1,12})(?:\.0*)?\s*", re.ASCII)
_SUM = re.compile(r"([0-9a-fA-F]{64}) [ *]?(.+)")
_NEEDED = ("ecg_id", "patient_id", "scp_codes", "strat_fold")
_KEPT = (
    *(
        "sex",
        "height",
        "weight",
        "nurse",
        "site",
        "device",
        "recording_date",
        "heart_axis",
        "infarction_stadium1",
    ),
    *(
        "infarction_stadium2",
        "validated_by_human",
        "extra_beats",
        "pacemaker",
        *ptbxl.NOISE_COLUMNS,
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the table. `age` in years (90 stands for all above 89), None when not known."""

    ecg_id: int
    patient: str
    age: float | None
    over_89: bool
    fold: int
    codes: Mapping[str, float]
    codes_text: str
    stems: Mapping[int, str]
    other: Mapping[str, str]

    @property
    def split(self) -> str:
        """train, val or test."""
        return ptbxl.split_of(self.fold)

    @property
    def noisy(self) -> bool:
        """True when the annotators noted noise or electrode problems."""
        return bool("".join([self.other.get(name, "") for name in ptbxl.NOISE_COLUMNS]).strip(" ,"))


@dataclass(slots=True)
class Survey:
    """The content of the tables. `rows` holds only the records whose row can be used, by ecg_id.

    `bad` are the ids whose row cannot be used, `known` all ids of the table, also those beyond a
    limit.
    """

    rows: list[Row] = field(default_factory=list)
    families: ptbxl.Families = field(default_factory=lambda: ptbxl.families(()))
    sums: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)
    known: frozenset[int] = frozenset()
    parsed: dict[str, dict[str, float]] = field(default_factory=dict)
    table_sha256: dict[str, str] = field(default_factory=dict)
    version: str = "unknown"
    official: bool = False

    def note(self, check: str, ecg_id: int, file: str, detail: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(check, ecg_id, file, detail))


def survey(store: Store, rates: Sequence[int], limit: int | None = None) -> Survey:
    """Read the tables of a copy. Raises UsageError when it is no PTB-XL at all."""
    found = Survey()
    table = _required(store, ptbxl.TABLE)
    statements = _required(store, ptbxl.STATEMENTS)
    found.table_sha256 = {
        ptbxl.TABLE: hashlib.sha256(table).hexdigest(),
        ptbxl.STATEMENTS: hashlib.sha256(statements).hexdigest(),
    }
    found.families = ptbxl.families(_statements(statements))
    _read_sums(store, found)
    _check_table_sums(found)
    _read_table(table, found, rates)
    if limit is not None:
        _cut(found, limit)
    _check_patients(found)
    _name_version(found)
    _check_records_file(store, found)
    return found


def _required(store: Store, name: str) -> bytes:
    try:
        return store.read(name, MAX_TABLE_BYTES)
    except Unreadable as error:
        raise UsageError(
            f"this is no PTB-XL copy that can be curated: {error}",
            hint="give the folder or zip that holds ptbxl_database.csv: sweeptree curate --source PATH",
        ) from error


def _statements(data: bytes) -> list[ptbxl.Statement]:
    rows = _cells(data, ptbxl.STATEMENTS)
    names = [name.strip() for name in next(rows, [])]
    wanted = ("diagnostic", "form", "rhythm", "diagnostic_class", "diagnostic_subclass")
    if not set(wanted) <= set(names):
        raise UsageError(
            f"{ptbxl.STATEMENTS} lacks the columns {', '.join(wanted)}", hint="fetch the file anew"
        )
    at = [names.index(name) for name in wanted]
    return [_statement(row, at) for row in rows if len(row) > max(at) and row[0].strip()]


def _statement(row: Sequence[str], at: Sequence[int]) -> ptbxl.Statement:
    diagnostic, form, rhythm, superclass, subclass = (row[i].strip() for i in at)
    is_set = [value in ("1", "1.0") for value in (diagnostic, form, rhythm)]
    return ptbxl.Statement(row[0].strip(), is_set[0], is_set[1], is_set[2], superclass, subclass)


def _cells(data: bytes, name: str) -> Iterator[list[str]]:
    """The rows of a table. Raises UsageError where it is no CSV."""
    try:
        yield from csv.reader(io.StringIO(_text(data), newline=""))
    except csv.Error as error:
        raise UsageError(
            f"{name} is no readable CSV: {error}", hint="fetch the file anew"
        ) from error


def _text(data: bytes) -> str:
    """The text of a table; a byte that is not UTF-8 becomes a mark, as in the reports' broken
    umlauts."""
    return data.decode("utf-8-sig", errors="replace")


def _read_sums(store: Store, found: Survey) -> None:
    try:
        data = store.read(ptbxl.SUMS, MAX_TABLE_BYTES)
    except Unreadable as error:
        found.note(
            "sha256_missing",
            0,
            ptbxl.SUMS,
            f"no list of digests ({error}); files cannot be compared with it",
        )
        return
    if b"\r" in data:
        found.note("sums_crlf", 0, ptbxl.SUMS, "lines end in CR LF; read all the same")
    for number, line in enumerate(_text(data).splitlines(), 1):
        if line.strip():
            _read_sum(line, number, found)


def _read_sum(line: str, number: int, found: Survey) -> None:
    match = _SUM.fullmatch(line.rstrip())
    if not match:
        found.note(
            "sums_syntax", 0, ptbxl.SUMS, f"line {number} is not a digest and a path: {line[:60]!r}"
        )
        return
    digest, name = match[1].lower(), match[2].removeprefix("./")
    if not is_safe(name):
        found.note(
            "unsafe_path",
            0,
            ptbxl.SUMS,
            f"line {number} lists {name[:80]!r}, outside the dataset; ignored",
        )
    elif found.sums.setdefault(name, digest) != digest:
        found.note("sums_syntax", 0, ptbxl.SUMS, f"line {number} gives {name} a second digest")


def _check_table_sums(found: Survey) -> None:
    for name, digest in found.table_sha256.items():
        listed = found.sums.get(name)
        if listed and listed != digest:
            found.note(
                "sha256_table",
                0,
                name,
                "differs from its line in SHA256SUMS.txt: cut, edited or re-saved",
            )


def _read_table(data: bytes, found: Survey, rates: Sequence[int]) -> None:
    if data.startswith(b"\xef\xbb\xbf"):
        found.note("table_bom", 0, ptbxl.TABLE, "begins with a byte order mark; read all the same")
    reader = _cells(data, ptbxl.TABLE)
    raw = next(reader, [])
    names = [name.strip() for name in raw]
    if names != raw:
        found.note(
            "table_resaved", 0, ptbxl.TABLE, "column names have spaces: re-saved by a spreadsheet"
        )
    missing = [n for n in (*_NEEDED, *(ptbxl.FILENAME_COLUMN[r] for r in rates)) if n not in names]
    if missing:
        raise UsageError(
            f"{ptbxl.TABLE} lacks the columns {', '.join(missing)}", hint="fetch the file anew"
        )
    seen: dict[int, Row | None] = {}
    for number, cells in enumerate(reader, 2):
        if any(cells) and number <= MAX_ROWS:
            _read_row(dict(zip(names, cells, strict=False)), number, found, seen)
    _check_dates(found, seen)
    found.known = frozenset(seen)
    found.rows = [
        row for ecg_id, row in sorted(seen.items()) if row is not None and ecg_id not in found.bad
    ]


def _read_row(
    cells: Mapping[str, str], number: int, found: Survey, seen: dict[int, Row | None]
) -> None:
    ecg_id = _whole(cells.get("ecg_id", ""))
    if ecg_id is None or ecg_id <= 0:
        found.note(
            "id_syntax",
            0,
            ptbxl.TABLE,
            f"row {number}: ecg_id {cells.get('ecg_id', '')[:20]!r} is no number",
        )
        return
    if ecg_id in seen:
        found.bad.add(ecg_id)
        found.note(
            "id_duplicate", ecg_id, ptbxl.TABLE, f"ecg_id {ecg_id} stands in more than one row"
        )
        return
    seen[ecg_id] = _parse_row(ecg_id, cells, found)


def _parse_row(ecg_id: int, cells: Mapping[str, str], found: Survey) -> Row | None:
    codes: Mapping[str, float]
    try:
        codes = _codes(cells.get("scp_codes", ""), found)
    except ptbxl.LabelError as error:
        found.note(error.check, ecg_id, ptbxl.TABLE, str(error))
        codes = {}
    fold = _fold(ecg_id, cells.get("strat_fold", ""), found)
    stems = _stems(ecg_id, cells, found)
    age, over = _age(ecg_id, cells.get("age", ""), found)
    if not codes or fold is None or stems is None:
        found.bad.add(ecg_id)
        return None
    patient = _whole(cells["patient_id"])
    other = {name: cells.get(name, "").strip() for name in _KEPT}
    name = f"{patient}" if patient is not None else cells["patient_id"].strip()
    return Row(ecg_id, name, age, over, fold, codes, cells["scp_codes"], stems, other)


def _codes(text: str, found: Survey) -> Mapping[str, float]:
    """Parsed once per distinct text: the same few combinations stand in most rows."""
    if text not in found.parsed:
        found.parsed[text] = ptbxl.parse_codes(text, found.families.members["all"])
    return found.parsed[text]


def _whole(text: str) -> int | None:
    """`15709` or `15709.0` as a whole number, else None."""
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else None


def _fold(ecg_id: int, text: str, found: Survey) -> int | None:
    fold = _whole(text)
    if fold is None:
        found.note("fold_missing", ecg_id, ptbxl.TABLE, f"strat_fold is {text[:20]!r}")
        return None
    if not 1 <= fold <= 10:
        found.note("fold_range", ecg_id, ptbxl.TABLE, f"strat_fold is {fold}, not 1 to 10")
        return None
    return fold


def _stems(ecg_id: int, cells: Mapping[str, str], found: Survey) -> dict[int, str] | None:
    """The path per rate, without suffix; only the path that this ecg_id must have is taken."""
    stems: dict[int, str] = {}
    good = True
    for rate, column in ptbxl.FILENAME_COLUMN.items():
        name = cells.get(column, "").strip()
        stems[rate] = expected = ptbxl.stem(ecg_id, rate)
        if not name or name == expected:
            continue
        good = False
        if not is_safe(name):
            found.note(
                "unsafe_path",
                ecg_id,
                ptbxl.TABLE,
                f"{column} is {name[:80]!r}, outside the dataset",
            )
        else:
            found.note(
                "path_of_record", ecg_id, ptbxl.TABLE, f"{column} is {name[:80]!r}, not {expected}"
            )
    return stems if good else None


def _age(ecg_id: int, text: str, found: Survey) -> tuple[float | None, bool]:
    if not text.strip():
        return None, False
    age = _whole(text)
    if age == 300:
        found.note(
            "age_over_89",
            ecg_id,
            ptbxl.TABLE,
            "age 300 stands for more than 89 years; written as 90",
        )
        return 90.0, True
    if age is None or not 0 <= age <= 120:
        found.note(
            "age_invalid",
            ecg_id,
            ptbxl.TABLE,
            f"age {text[:20]!r} makes no sense; written as not known",
        )
        return None, False
    return float(min(age, 90)), age > 89


def _check_dates(found: Survey, seen: Mapping[int, Row | None]) -> None:
    dates = [row.other["recording_date"] for row in seen.values() if row]
    odd = sum(1 for text in dates if text and not re.match(r"\d{4}-\d\d-\d\d", text))
    if odd:
        found.note(
            "table_resaved",
            0,
            ptbxl.TABLE,
            f"{odd} dates are not year-month-day: re-saved by a spreadsheet",
        )


def _cut(found: Survey, limit: int) -> None:
    """Keep the first `limit` records by ecg_id and what was found about them."""
    everything = sorted({row.ecg_id for row in found.rows} | found.bad)[:limit]
    last = everything[-1] if everything else 0
    found.rows = [row for row in found.rows if row.ecg_id <= last]
    found.findings = [f for f in found.findings if f.ecg_id <= last]


def _check_patients(found: Survey) -> None:
    by_patient: dict[str, list[Row]] = defaultdict(list)
    for row in found.rows:
        if row.patient:
            by_patient[row.patient].append(row)
    for patient, rows in by_patient.items():
        folds = sorted({row.fold for row in rows})
        if len(folds) > 1:
            for row in rows:
                detail = f"patient {patient} is in folds {', '.join(map(str, folds))}"
                found.note("patient_folds", row.ecg_id, ptbxl.TABLE, detail)


def _name_version(found: Survey) -> None:
    ids = [row.ecg_id for row in found.rows] + sorted(found.bad)
    found.version, found.official = ptbxl.version_of(found.table_sha256[ptbxl.TABLE], ids)
    dropped = sorted(set(ids) & ptbxl.DROPPED_IN_103)
    if dropped and not found.official:
        detail = f"version {found.version}: {len(dropped)} of these records are duplicates that 1.0.3 dropped"
        found.note("version_old", 0, ptbxl.TABLE, detail)


def _check_records_file(store: Store, found: Survey) -> None:
    """RECORDS is broken in the official 1.0.3 and therefore never used; what is wrong in it is a
    note."""
    try:
        lines = _text(store.read(ptbxl.RECORDS, MAX_TABLE_BYTES)).splitlines()
    except Unreadable:
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if line.count("records100/") + line.count("records500/") > 1:
            detail = f"line {number} runs two paths together (a known defect of 1.0.3); the file is not used"
            found.note("records_joined", 0, ptbxl.RECORDS, detail)
        elif not is_safe(line):
            found.note(
                "records_unsafe",
                0,
                ptbxl.RECORDS,
                f"line {number} is {line[:80]!r}; the file is not used",
            )
