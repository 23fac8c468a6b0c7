"""The ECG example: its data in three ways, its gradients, and a training that really learns."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from sweeptree.examples.ecg import networks, prepare_data

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "ecg"
REAL = ROOT.parent / "shared" / "data" / "ptbxl-500"
pytestmark = pytest.mark.xdist_group("ecg")  # one process, so that the records are generated once
NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once


class Served(SimpleHTTPRequestHandler):
    """Static files over connections that stay open."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    for name in ("SWEEPTREE_PTBXL", "SWEEPTREE_METRICS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ecg") / "ptb-xl"
    folder.mkdir()
    prepare_data.generate(folder, 160)
    return folder


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    site = tmp_path / "site"
    site.mkdir()
    prepare_data.generate(site, 40)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Served, directory=site))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", site
    server.shutdown()
    server.server_close()
    thread.join()


def train(cwd: Path, *args: str, **extra: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(EXAMPLE / "run_training.py"), *args]
    return subprocess.run(argv, cwd=cwd, env=os.environ | extra, capture_output=True, text=True, timeout=120)


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, float]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_records_come_from_the_mirror(mirror: tuple[str, Path], tmp_path: Path) -> None:
    folder, sentence = prepare_data.get_data(tmp_path / "data", 40, mirror=mirror[0])
    assert "40 real records from the public mirror" in sentence
    for path in (folder / "records100").rglob("*.*"):
        assert path.read_bytes() == (mirror[1] / path.relative_to(folder)).read_bytes()
    assert len(list((folder / "records100").rglob("*.dat"))) == 40


def test_fetched_records_are_used_again_without_the_mirror(mirror: tuple[str, Path], tmp_path: Path) -> None:
    first = prepare_data.get_data(tmp_path / "data", 30, mirror=mirror[0])
    assert prepare_data.get_data(tmp_path / "data", 30, mirror=NOWHERE) == first


def test_without_a_mirror_records_are_generated_and_it_says_so(tmp_path: Path) -> None:
    folder, sentence = prepare_data.get_data(tmp_path / "data", 30, mirror=NOWHERE)
    assert "30 generated records" in sentence
    assert "not real" in sentence
    assert len(list(folder.rglob("*.dat"))) == 30


def test_generated_records_give_way_to_real_ones(mirror: tuple[str, Path], tmp_path: Path) -> None:
    prepare_data.get_data(tmp_path / "data", 30, mirror=NOWHERE)
    _, sentence = prepare_data.get_data(tmp_path / "data", 30, mirror=mirror[0])
    assert "real records" in sentence
    assert [p.name for p in tmp_path.iterdir() if p.name != "site"] == ["data"]


def truncate_a_record(site: Path) -> None:
    (site / "records100/00000/00007_lr.dat").write_bytes(b"\0" * 100)


def flip_a_bit(site: Path) -> None:
    path = site / "records100/00000/00007_lr.dat"
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


def lose_a_header(site: Path) -> None:
    (site / "records100/00000/00007_lr.hea").unlink()


def climb_out(site: Path) -> None:
    table = site / "ptbxl_database.csv"
    table.write_text(table.read_text().replace("records100/00000/00007_lr", "../../escape"))
    for suffix in (".hea", ".dat"):
        shutil.copy(site / f"records100/00000/00007_lr{suffix}", site / f"escape{suffix}")


@pytest.mark.parametrize("harm", [truncate_a_record, flip_a_bit, lose_a_header, climb_out])
def test_a_bad_mirror_is_not_used_at_all(
    harm: Callable[[Path], None], mirror: tuple[str, Path], tmp_path: Path
) -> None:
    harm(mirror[1])
    folder, sentence = prepare_data.get_data(tmp_path / "data", 30, mirror=mirror[0])
    assert "generated records" in sentence
    assert json.loads((folder / "SOURCE.json").read_text())["source"] == "generated"
    assert {p.name for p in tmp_path.iterdir()} == {"site", "data"}


def test_a_silent_mirror_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}"
        _, sentence = prepare_data.get_data(tmp_path / "data", 30, mirror=mirror, patience=0.05)
    assert "30 generated records" in sentence


def test_a_folder_named_by_the_user_wins(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPTREE_PTBXL", str(generated))
    folder, sentence = prepare_data.get_data(tmp_path / "data", 30, mirror=NOWHERE)
    assert folder == generated
    assert "SWEEPTREE_PTBXL" in sentence
    assert not (tmp_path / "data").exists()


def test_a_wrong_folder_named_by_the_user_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEPTREE_PTBXL", str(tmp_path))
    with pytest.raises(prepare_data.Unusable, match=r"lacks ptbxl_database\.csv"):
        prepare_data.get_data(tmp_path / "data", 30, mirror=NOWHERE)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="name another folder"):
        prepare_data.get_data(tmp_path, 30, mirror=NOWHERE)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_generator_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        prepare_data.generate(tmp_path / name, 12)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_generated_leads_obey_einthoven() -> None:
    signal = prepare_data.heartbeats(frozenset({"MI"}), np.random.default_rng(0)).astype(int)
    assert np.abs(signal[:, 1] - signal[:, 0] - signal[:, 2]).max() <= 1
    assert np.abs(signal[:, 3] + (signal[:, 0] + signal[:, 1]) / 2).max() <= 1


@pytest.mark.parametrize(("model", "shape"), [("linear", (3, 20)), ("conv", (3, 2, 96)), ("unet", (3, 2, 96))])
def test_gradients_are_those_of_the_loss(model: str, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    net, x = networks.MODELS[model](shape[1], 4, rng), rng.normal(size=shape)
    direction = rng.normal(size=net.forward(x).shape)
    net.backward(direction)
    for layer in net.layers:
        for i, gradient in enumerate(layer.gradients):
            layer.parameters[i] = parameter = layer.parameters[i].astype(np.float64)
            index = np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)
            values = []
            for step in (1e-5, -2e-5):
                parameter[index] += step
                values.append(float((net.forward(x) * direction).sum()))
            parameter[index] += 1e-5
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(gradient[index], rel=1e-3)


def test_a_run_tells_its_metrics_and_leaves_its_files(generated: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    args = ("--exp", "linear_lr_3e-3", "--seed", "1", "--epochs", "3", "--data", str(generated))
    report = report_of(train(tmp_path, *args, SWEEPTREE_METRICS=str(metrics)))
    points = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [sorted(p) for p in points] == [["step", "train_loss", "val_auc", "val_loss"]] * 3
    assert points[-1]["val_auc"] == report["val_auc"]
    assert (report["exp"], report["seed"], report["lr"]) == ("linear_lr_3e-3", 1, 0.003)
    folder = tmp_path / "results/linear_lr_3e-3/seed1"
    assert sorted(p.name for p in folder.iterdir()) == ["history.json", "metrics.json", "predictions.npz"]
    with np.load(folder / "predictions.npz", allow_pickle=False) as saved:
        assert saved["test_pred"].shape == saved["test_true"].shape == (16, 5)


@pytest.mark.parametrize("model", ["linear", "unet"])
def test_the_same_arguments_give_the_same_bytes(model: str, generated: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        report_of(train(tmp_path / name, "--exp", f"{model}_lr_1e-3", "--epochs", "1", "--data", str(generated)))
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_the_learning_rate_matters(generated: Path, tmp_path: Path) -> None:
    slow, right = (
        report_of(train(tmp_path, "--exp", f"conv_lr_{rate}", "--data", str(generated))) for rate in ("3e-4", "3e-3")
    )
    assert right["val_auc"] > slow["val_auc"] + 0.05
    assert right["test_auc"] > 0.7


def test_the_seed_changes_the_run(generated: Path, tmp_path: Path) -> None:
    args = ("--exp", "linear_lr_3e-3", "--epochs", "2", "--data", str(generated), "--seed")
    assert report_of(train(tmp_path, *args, "1"))["train_loss"] != report_of(train(tmp_path, *args, "2"))["train_loss"]


def test_a_broken_record_and_a_hostile_label_are_left_out(generated: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(generated, data)
    truncate_a_record(data)
    table = data / "ptbxl_database.csv"
    table.write_text(re.sub(r"{.*?}", "__import__('pathlib').Path('PWNED').touch()", table.read_text(), count=1))
    done = train(tmp_path, "--exp", "linear_lr_3e-3", "--epochs", "1", "--data", str(data))
    assert report_of(done)["records"] == 158
    assert "record 1 left out" in done.stderr
    assert "record 7 left out: 00007_lr.dat: 100 bytes" in done.stderr
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [(["--exp", "resnet_lr_1"], "with a model of: linear, conv, unet"), (["--exp", "conv_lr_1e-3"], "prepare_data.py")],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(args: list[str], said: str, tmp_path: Path) -> None:
    done = train(tmp_path, *args)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.realdata
@pytest.mark.skipif(not REAL.is_dir(), reason="no real PTB-XL records beside the project")
def test_it_learns_on_real_records(tmp_path: Path) -> None:
    for name in prepare_data.TABLES:
        shutil.copy(REAL / name, tmp_path)
    with tarfile.open(REAL / "records100.tar.xz", "r:xz") as archive:
        archive.extractall(tmp_path, filter="data")
    report = report_of(train(tmp_path, "--exp", "linear_lr_3e-3", "--seed", "1", "--data", str(tmp_path)))
    assert report["records"] == 500
    assert report["val_auc"] > 0.78
    assert report["test_auc"] > 0.78
