"""A sweep for other tools: tables in files, runs in MLflow and Weights & Biases.

Hides: the libraries that write them, which are loaded when they are needed, and what to install
where one is missing.
"""

from sweeptree.analysis.export.jobs import Curve, Exported, exported
from sweeptree.analysis.export.mlflow_store import to_mlflow
from sweeptree.analysis.export.tables import to_csv, to_parquet
from sweeptree.analysis.export.wandb_folder import to_wandb

__all__ = ["Curve", "Exported", "exported", "to_csv", "to_mlflow", "to_parquet", "to_wandb"]
