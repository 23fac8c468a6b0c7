"""A small project and the wheels of its lock, which requirements/install.sh installs without any
network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

UV_SETTINGS = "sweeptree/hosts/setting_up/uv_settings.py"
UV_SETTINGS = "sweeptree/hosts/setting_up/uv_settings.py"
ROOT = Path(__file__).resolve().parents[2]
# What install.sh imports to have it compiled.
IMPORTED = ("cyclopts", "git", "github", "pandas", "pynvml", "uvicorn")
PACKAGES = ("prefect", "prefect/server", "prefect/server/api", "sweeptree", "sweeptree/flows")
FILES = [
    *(f"{name}.py" for name in IMPORTED),
    *(f"{name}/__init__.py" for name in PACKAGES),
    "prefect/server/api/server.py",
    "sweeptree/flows/sweep.py",
]
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "sweeptree"
version = "0.1.0"
"""
BACKEND = """
import zipfile
ABOUT = "sweeptree-0.1.0.dist-info"
FILES = {
    f"{ABOUT}/entry_points.txt": "[console_scripts]\\nsweeptree = entry:main\\n",
    f"{ABOUT}/METADATA": "Metadata-Version: 2.1\\nName: sweeptree\\nVersion: 0.1.0\\n",
    f"{ABOUT}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    f"{ABOUT}/RECORD": "",
}
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "sweeptree-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        for path, text in FILES.items():
            wheel.writestr(path, text)
    return name
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A checkout with a space in its name, beside the folder of wheels that stands for an index."""

    folder: Path
    index: Path

    def lock(self, name: str, requirement: str, wheel: Path) -> None:
        """Write requirements/`name`: one package, with the wheel's hash."""
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        path = self.folder / "requirements" / name
        path.write_text(f"{requirement} \\\n    --hash=sha256:{digest}\n")

    def install(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run install.sh as on a machine whose pip knows the one folder of wheels."""
        ours = ("PIP_", "UV_", "PYTHON", "SWEEPTREE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        pip = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.index),
            "PIP_CONFIG_FILE": os.devnull,
        }
        env = kept | pip | {"PYTHON": sys.executable} | environment
        argv = [self.folder / "requirements" / "install.sh", "run"]
        return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120)

    def runs(self) -> bool:
        """True when the installed command does."""
        command = self.folder / ".venv" / "bin" / "sweeptree"
        return command.exists() and subprocess.check_output([command], text=True) == "it runs\n"


def project(folder: Path) -> Project:
    """The project, whose lock holds one wheel with empty modules; an index that has no uv."""
    made = Project(folder / "a checkout", folder / "index")
    made.index.mkdir()
    shutil.copytree(ROOT / "requirements", made.folder / "requirements")
    translator = made.folder / UV_SETTINGS
    translator.parent.mkdir(parents=True)
    shutil.copy(ROOT / UV_SETTINGS, translator)
    (made.folder / "pyproject.toml").write_text(PYPROJECT)
    (made.folder / "backend.py").write_text(BACKEND)
    for name in ("sweeptree", "flows", "agents", "tasks"):
        (made.folder / name).mkdir(exist_ok=True)
    command = {"entry.py": "def main():\n    print('it runs')\n"}
    parts = wheel(made.index, "parts", "1.0", dict.fromkeys(FILES, "") | command)
    made.lock("run.txt", "parts==1.0", parts)
    return made


def wheel(index: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel for any platform; names under `{name}-{version}.data/scripts/` become commands."""
    about = f"{name}-{version}.dist-info"
    tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files[f"{about}/WHEEL"] = tags
    files[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    path = index / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            info = zipfile.ZipInfo(inside)
            info.external_attr = 0o100755 << 16  # a regular file that runs
            archive.writestr(info, text)
    return path


def offer_uv(made: Project, script: str) -> None:
    """Put a uv into the index: this shell script."""
    version = "0.0.1"
    files = {f"uv-{version}.data/scripts/uv": f"#!/bin/sh\n{script}\n"}
    uv = wheel(made.index, "uv", version, files)
    made.lock("uv.txt", f"uv=={version}", uv)
