"""What the tests of the Diagnostic Evaluator share."""

import csv
import json

from sweeptree.ecg import EvaluateSpec
from sweeptree.ecg.evaluate import evaluate


def judge(*paths, **options):
    return evaluate(
        EvaluateSpec(predictions=paths, **({"bootstrap": 50, "figures": False} | options))
    )


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def table(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))
