"""Tables and reports: metrics.json, the CSV files, report.md and one self-contained report.html.

Hides: how a number is printed. A value that does not exist is "n/a" everywhere and null in JSON.
"""

from __future__ import annotations

import csv
import html
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from sweeptree.ecg.evaluate import waves
from sweeptree.ecg.evaluate.compare import Config, Difference
from sweeptree.ecg.evaluate.judge import Verdict

NAMES = {
    "auc_macro": "macro ROC-AUC",
    "auc_micro": "micro ROC-AUC",
    "ap_macro": "macro AP",
    "ap_micro": "micro AP",
    "f1_macro": "macro F1",
    "f1_micro": "micro F1",
    "f1_weighted": "weighted F1",
    "exact_match": "exact match",
    "brier": "Brier score",
    "ece": "ECE",
    "mae": "MAE",
    "rmse": "RMSE",
    "r": "Pearson r",
    "snr_db": "SNR (dB)",
}
_MD = str.maketrans({"|": "\\|", "\n": " ", "<": "&lt;", ">": "&gt;", "*": "\\*", "`": "'"})


def _md(text: str) -> str:
    """Text that Markdown shows as it is: no table cell, tag or link can be made with it."""
    return text.translate(_MD).replace("](", "]\\(")


def clean(value: Any) -> Any:
    """The same value for JSON: NaN becomes null, numpy numbers and arrays become plain ones."""
    if isinstance(value, Mapping):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean(v) for v in value]
    if hasattr(value, "tolist"):
        return clean(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A CSV with the columns of the first row; full precision, n/a for what does not exist."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["empty"], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: _cell(v) for k, v in row.items()})
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "n/a" if math.isnan(value) else f"{value:.10g}"
    if isinstance(value, str) and value[:1] in ("=", "+", "@", "-", "\t", "\r"):
        return f"'{value}"  # a spreadsheet would run it
    return value


def per_class_rows(v: Verdict) -> list[dict[str, Any]]:
    """per_class.csv."""
    rows = []
    for c, name in enumerate(v.run.classes):
        row: dict[str, Any] = {"class": name}
        for column, values in v.per_class.items():
            row[column] = float(values[c])
            if column in v.class_intervals:
                row[f"{column}_low"], row[f"{column}_high"] = map(
                    float, v.class_intervals[column][c]
                )
        rows.append(row)
    return rows


def lead_rows(v: waves.WaveVerdict) -> list[dict[str, Any]]:
    """per_lead.csv."""
    rows = []
    for lead, name in enumerate(v.leads):
        row: dict[str, Any] = {"lead": name}
        for score in waves.SCORES:
            row[score] = float(v.per_lead[score][lead])
            if score in v.lead_intervals:
                row[f"{score}_low"], row[f"{score}_high"] = map(
                    float, v.lead_intervals[score][lead]
                )
        rows.append(row)
    return rows


def comparison_rows(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    """comparison.csv."""
    return [
        {
            "a": d.a,
            "b": d.b,
            "score": d.what,
            "a_value": d.value_a,
            "b_value": d.value_b,
            "difference": d.difference,
            "low": d.low,
            "high": d.high,
            "method": d.method,
            "p": d.p,
            "p_holm": d.p_holm,
        }
        for d in differences
    ]


def config_rows(configs: Sequence[Config]) -> list[dict[str, Any]]:
    """seeds.csv: one row per config."""
    return [
        {
            "config": c.name,
            "n": len(c.runs),
            **{
                f"{score}_{kind}": table[score]
                for score in c.mean
                for kind, table in (("mean", c.mean), ("std", c.std))
            },
        }
        for c in configs
    ]


def score_name(name: str, unit: str = "") -> str:
    """A score's name for people, with the unit of errors where one is given."""
    plain = name.removesuffix(waves.ONLY_PREDICTED)
    shown = f" ({unit})" if unit and plain in ("mae", "rmse") else ""
    return (
        NAMES.get(plain, plain) + shown + (", leads other than I, II, V4" if plain != name else "")
    )


def with_interval(value: float, interval: tuple[float, float] | None) -> str:
    """`0.912 [0.901, 0.922]`."""
    if math.isnan(value):
        return "n/a"
    if interval is None or math.isnan(interval[0]):
        return f"{value:.3f}"
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


Section = tuple[str, Sequence[str], Sequence[Sequence[str]], Sequence[str]]
"""Title, columns, rows, notes."""


def overall_section(v: Verdict | waves.WaveVerdict) -> Section:
    """The overall scores of one run."""
    unit = "" if isinstance(v, Verdict) else v.unit.replace("uV", "µV")
    rows = [
        [score_name(name, unit), with_interval(value, v.intervals.get(name))]
        for name, value in v.overall.items()
    ]
    return "Overall", ("score", "value"), rows, list(v.notes) if isinstance(v, Verdict) else []


def class_section(v: Verdict) -> Section:
    """The scores per class of one run."""
    table = v.per_class
    rows = []
    for c, name in enumerate(v.run.classes):
        cells = [
            _interval_of(v, "auc", c), _interval_of(v, "ap", c),
            *(f"{table[f'sensitivity_at_{s}'][c]:.3f}" for s in (90, 95)),
            *(f"{table[k][c]:.3f}" for k in ("threshold", "sensitivity", "specificity", "f1", "brier", "ece")),
        ]  # fmt: skip
        rows.append(
            [name, f"{table['positives'][c]:.0f}", *(cell.replace("nan", "n/a") for cell in cells)]
        )
    head = ("class", "positives", "ROC-AUC", "AP", "sens. at 90 % spec.", "sens. at 95 % spec.", "threshold",
            "sensitivity", "specificity", "F1", "Brier", "ECE")  # fmt: skip
    chosen = {
        "validation": "Thresholds: the best F1 of each class on the validation records.",
        "0.5": "Thresholds: 0.5.",
        "none": "No thresholds.",
    }
    return "Per class", head, rows, [chosen[v.threshold_source]]


def _interval_of(v: Verdict, name: str, c: int) -> str:
    bounds = v.class_intervals.get(name)
    pair = (float(bounds[c][0]), float(bounds[c][1])) if bounds is not None else None
    return with_interval(float(v.per_class[name][c]), pair)


def lead_section(v: waves.WaveVerdict) -> Section:
    """The scores per lead of one run."""
    rows = []
    for lead, name in enumerate(v.leads):
        cells = []
        for score in waves.SCORES:
            bounds = v.lead_intervals.get(score)
            pair = (float(bounds[lead][0]), float(bounds[lead][1])) if bounds is not None else None
            cells.append(with_interval(float(v.per_lead[score][lead]), pair))
        rows.append([name, *cells])
    unit = v.unit.replace("uV", "µV")
    notes = [
        "Means over records. SNR = 10 log10(power of the truth about its mean / power of the error)."
    ]
    return "Per lead", ("lead", *(score_name(s, unit) for s in waves.SCORES)), rows, notes


def subgroup_section(v: Verdict) -> Section:
    """The subgroups of one run."""
    rows = [
        [
            s["group"],
            s["value"],
            str(s["n"]),
            with_interval(s["auc_macro"], (s["low"], s["high"])),
            str(s["classes"]),
        ]
        for s in v.subgroups
    ]
    head = ("group", "value", "records", "macro ROC-AUC", "classes scored")
    return "Subgroups", head, rows, ["Groups of fewer than 10 records are not scored."]


def config_section(configs: Sequence[Config]) -> Section:
    """Configs with mean and standard deviation over seeds."""
    chosen = [s for s in ("auc_macro", "ap_macro", "f1_macro", "brier") if s in configs[0].mean]
    rows = [
        [c.name, str(len(c.runs)), *(_plus_minus(c.mean[s], c.std[s]) for s in chosen)]
        for c in configs
    ]
    notes = ["Mean ± standard deviation (n - 1) over the seeds of a config."]
    return "Configs", ("config", "seeds", *(NAMES[s] for s in chosen)), rows, notes


def _plus_minus(mean: float, std: float) -> str:
    if math.isnan(mean):
        return "n/a"
    return f"{mean:.4f}" if math.isnan(std) else f"{mean:.4f} ± {std:.4f}"


def difference_section(differences: Sequence[Difference]) -> Section:
    """Paired differences: the overall ones, and the classes that stay significant after Holm's
    correction."""
    shown = [d for d in differences if d.method != "DeLong" or d.p_holm < 0.05]
    rows = [
        [
            d.a,
            d.b,
            score_name(d.what),
            with_interval(d.difference, (d.low, d.high)),
            d.method,
            _p(d.p),
            _p(d.p_holm),
        ]
        for d in shown
    ]
    hidden = len(differences) - len(shown)
    notes = [
        "Holm's correction: over the pairs for an overall score, over the classes of a pair for DeLong's test."
    ]
    if hidden:
        notes.append(
            f"{hidden} class comparisons with p (Holm) >= 0.05 are in comparison.csv only."
        )
    return "Paired comparison", ("a", "b", "score", "a - b", "method", "p", "p (Holm)"), rows, notes


def wave_difference_section(rows: Sequence[Mapping[str, Any]]) -> Section:
    """Paired differences of predicted signals."""
    cells = [
        [
            r["a"],
            r["b"],
            score_name(r["score"]),
            with_interval(r["difference"], (r["low"], r["high"])),
        ]
        for r in rows
    ]
    return (
        "Paired comparison",
        ("a", "b", "score", "a - b"),
        cells,
        ["On the same resamples."],
    )


def _p(value: float) -> str:
    if math.isnan(value):
        return "n/a"
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def markdown(
    title: str, lead: Sequence[str], sections: Sequence[Section], figures: Sequence[str]
) -> bytes:
    """report.md; `figures` are names of PNG files beside it."""
    parts = [f"# {_md(title)}", "\n".join(f"* {_md(line)}" for line in lead)]
    for name, head, rows, notes in sections:
        table = [head, ["---"] * len(head), *rows]
        lines = "\n".join("| " + " | ".join(_md(c) for c in row) + " |" for row in table)
        parts += [f"## {name}", lines, *(_md(note) for note in notes)]
    parts += [f"![{name}]({name}.png)" for name in figures]
    return ("\n\n".join(parts) + "\n").encode()


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title><style>
body{{font:15px/1.45 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;
background:#fff}}
table{{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}}
div.t{{overflow-x:auto;margin:.5rem 0 1rem}}
th,td{{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}}
th{{white-space:normal;vertical-align:bottom}}
th:first-child,td:first-child{{text-align:left}}
figure{{margin:1.2rem 0}}img{{max-width:100%;height:auto}}p.n{{color:#555;font-size:13px}}
@media print{{body{{margin:0;max-width:none}}figure{{break-inside:avoid}}}}
</style></head><body>
{body}
</body></html>
"""


def page(
    title: str, lead: Sequence[str], sections: Sequence[Section], figures: Mapping[str, str]
) -> bytes:
    """report.html: one file without links to others; `figures` are data URIs by name."""
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        "<ul>" + "".join(f"<li>{html.escape(t)}</li>" for t in lead) + "</ul>",
    ]
    for name, head, rows, notes in sections:
        cells = "".join(f'<th scope="col">{html.escape(c)}</th>' for c in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows
        )
        parts.append(f"<h2>{html.escape(name)}</h2>")
        parts.append(
            f'<div class="t"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'
        )
        parts += [f'<p class="n">{html.escape(note)}</p>' for note in notes]
    parts += [
        f'<figure><img alt="{html.escape(name)}" src="{uri}"></figure>'
        for name, uri in figures.items()
    ]
    return _PAGE.format(title=html.escape(title), body="\n".join(parts)).encode()
