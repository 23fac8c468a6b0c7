"""The peer `hydra_joblib`: a multirun that runs commands[i] in its output folder, without any
isolation."""

import json
import os
import subprocess
from pathlib import Path

import hydra
from hydra.core.config_store import ConfigStore

ConfigStore.instance().store(name="job", node={"i": 0})


@hydra.main(config_path=None, config_name="job", version_base="1.3")
def main(config) -> None:
    index, out = int(config.i), Path(os.environ["BENCH_OUT"])
    command = json.loads(Path(os.environ["BENCH_COMMANDS"]).read_text())[index]
    with (out / f"job_{index}.log").open("wb") as log:
        code = subprocess.run(command, shell=True, stdout=log, stderr=subprocess.STDOUT).returncode
    (out / f"job_{index}.meta.json").write_text(
        json.dumps({"id": index, "cmd": command, "exit_code": code})
    )


main()
