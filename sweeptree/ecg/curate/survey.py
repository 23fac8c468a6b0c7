"""What the tables of a PTB-XL copy say: records, labels, folds, and everything odd about them.

Hides: the oddities of copies in the wild (BOM, spreadsheet headers) and how they are told from
damage. Reads only the small files; no signal.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sweeptree.ecg import ptbxl
from sweeptree.ecg.curate.confined import Store, Unreadable, is_safe
from sweeptree.ecg.curate.findings import Finding
from sweeptree.ecg.curate.lists import MAX_TABLE_BYTES, read_records, read_sums, text_of
from sweeptree.errors import UsageError

MAX_ROWS = 1_000_000
_WHOLE = re.compile(r"\s*(-?\d{1,12})(?:\.0*)?\s*", re.ASCII)
_NEEDED = ("ecg_id", "patient_id", "scp_codes", "strat_fold")
_KEPT = (
    "sex",
    "height",
    "weight",
    "nurse",
    "site",
    "device",
    "recording_date",
    "heart_axis",
    "infarction_stadium1",
    "infarction_stadium2",
    "validated_by_human",
    "extra_beats",
    "pacemaker",
    *ptbxl.NOISE_COLUMNS,
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
        notes = "".join(self.other.get(name, "") for name in ptbxl.NOISE_COLUMNS)
        return bool(notes.strip(" ,"))


@dataclass(slots=True)
class Survey:
    """The content of the tables. `rows` holds only the records whose row can be used, by ecg_id.

    `bad` are the ids whose row cannot be used, `known` all ids of the table, also those beyond a
    limit, `listed` the paths that RECORDS lists.
    """

    rows: list[Row] = field(default_factory=list)
    families: ptbxl.Families = field(default_factory=lambda: ptbxl.families(()))
    sums: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)
    known: frozenset[int] = frozenset()
    listed: frozenset[str] = frozenset()
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
    sums = read_sums(store)
    found.sums = sums.digests
    found.findings += sums.findings
    _check_table_sums(found)
    _read_table(table, found, rates)
    if limit is not None:
        _cut(found, limit)
    _check_patients(found)
    _name_version(found)
    records = read_records(store)
    found.listed = records.paths
    found.findings += records.findings
    return found


def _required(store: Store, name: str) -> bytes:
    try:
        return store.read(name, MAX_TABLE_BYTES)
    except Unreadable as error:
        raise UsageError(
            f"this is no PTB-XL copy that can be curated: {error}",
            hint="give the folder or zip that holds ptbxl_database.csv: "
            "sweeptree curate --source PATH",
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
        yield from csv.reader(io.StringIO(text_of(data), newline=""))
    except csv.Error as error:
        raise UsageError(
            f"{name} is no readable CSV: {error}", hint="fetch the file anew"
        ) from error


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
    names = _column_names(next(reader, []), found, rates)
    seen: dict[int, Row | None] = {}
    for number, cells in enumerate(reader, 2):
        if any(cells) and number <= MAX_ROWS:
            _read_row(dict(zip(names, cells, strict=False)), number, found, seen)
    _check_dates(found, seen)
    found.known = frozenset(seen)
    found.rows = _usable(seen, found.bad)


def _column_names(raw: Sequence[str], found: Survey, rates: Sequence[int]) -> list[str]:
    """The names without spaces around them. Raises UsageError when needed ones are missing."""
    names = [name.strip() for name in raw]
    if names != list(raw):
        found.note(
            "table_resaved", 0, ptbxl.TABLE, "column names have spaces: re-saved by a spreadsheet"
        )
    needed = (*_NEEDED, *(ptbxl.FILENAME_COLUMN[rate] for rate in rates))
    missing = [name for name in needed if name not in names]
    if missing:
        raise UsageError(
            f"{ptbxl.TABLE} lacks the columns {', '.join(missing)}", hint="fetch the file anew"
        )
    return names


def _usable(seen: Mapping[int, Row | None], bad: Collection[int]) -> list[Row]:
    """The rows to use, by ecg_id."""
    rows = [row for row in seen.values() if row is not None and row.ecg_id not in bad]
    return sorted(rows, key=lambda row: row.ecg_id)


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
        is_here = is_safe(name)
        check = "path_of_record" if is_here else "unsafe_path"
        why = f"not {expected}" if is_here else "outside the dataset"
        found.note(check, ecg_id, ptbxl.TABLE, f"{column} is {name[:80]!r}, {why}")
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
    folds: dict[str, set[int]] = defaultdict(set)
    for row in found.rows:
        folds[row.patient].add(row.fold)
    for row in found.rows:
        own = folds[row.patient]
        if row.patient and len(own) > 1:
            named = ", ".join(map(str, sorted(own)))
            detail = f"patient {row.patient} is in folds {named}"
            found.note("patient_folds", row.ecg_id, ptbxl.TABLE, detail)


def _name_version(found: Survey) -> None:
    ids = [row.ecg_id for row in found.rows] + sorted(found.bad)
    found.version, found.official = ptbxl.version_of(found.table_sha256[ptbxl.TABLE], ids)
    dropped = sorted(set(ids) & ptbxl.DROPPED_IN_103)
    if dropped and not found.official:
        what = "is a duplicate" if len(dropped) == 1 else "are duplicates"
        detail = (
            f"version {found.version}: {len(dropped)} of these records {what} that 1.0.3 dropped"
        )
        found.note("version_old", 0, ptbxl.TABLE, detail)
