"""The models of run_training.py that need torch: a 1-D U-Net and a 1-D ResNet, small enough for one
core.

Both take signals (n, 12, t) and give logits (n, classes). One thread and torch's deterministic
algorithms: the same seed gives the same bytes on one machine.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

Array = NDArray[np.float32]


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Convolution of width 7, batch norm, ReLU."""
    convolution = nn.Conv1d(inputs, outputs, 7, stride, padding=3, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(outputs), nn.ReLU())


def pooled(*levels: torch.Tensor) -> torch.Tensor:
    """Mean and maximum over time of every level, side by side."""
    return torch.cat([part for x in levels for part in (x.mean(-1), x.amax(-1))], dim=1)


class UNet(nn.Module):
    """Three levels down, two up again beside the level's own output; the lowest and the last are
    pooled."""

    def __init__(self, channels: int, classes: int, width: int = 16) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            [block(channels, width, 2), block(width, 2 * width, 4), block(2 * width, 4 * width, 4)]
        )
        self.up = nn.ModuleList([block(6 * width, 2 * width), block(3 * width, width)])
        self.head = nn.Linear(10 * width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        levels = []
        for down in self.down:
            x = down(x)
            levels.append(x)
        low = x
        for up, skip in zip(self.up, levels[-2::-1], strict=True):
            x = up(torch.cat([functional.interpolate(x, skip.shape[-1]), skip], dim=1))
        return self.head(pooled(low, x))


class ResNet(nn.Module):
    """A stem, two residual blocks that halve the length each, one more convolution; pooled over
    time."""

    def __init__(self, channels: int, classes: int, width: int = 16) -> None:
        super().__init__()
        self.stem = block(channels, width, 2)
        self.residual = nn.ModuleList(
            [nn.Sequential(block(width, width), block(width, width)) for _ in range(2)]
        )
        self.last = block(width, 4 * width, 4)
        self.head = nn.Linear(8 * width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for residual in self.residual:
            x = functional.max_pool1d(x + residual(x), 2)
        return self.head(pooled(self.last(x)))


MODELS: dict[str, type[UNet | ResNet]] = {"unet": UNet, "resnet": ResNet}


class TorchLearner:
    """A network and its optimiser (AdamW): `learn` takes one step, `scores` gives probabilities."""

    def __init__(self, model: str, channels: int, classes: int, *, rate: float, seed: int) -> None:
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(seed)
        self.net = MODELS[model](channels, classes)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=rate, weight_decay=1e-2)

    def learn(self, x: Array, y: Array) -> float:
        """One step on a batch. Returns its loss before the step."""
        self.net.train()
        self.optimiser.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(
            self.net(torch.from_numpy(x)), torch.from_numpy(y)
        )
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())

    def scores(self, x: Array) -> Array:
        """Probabilities (n, classes)."""
        self.net.eval()
        with torch.no_grad():
            scores: Array = torch.sigmoid(self.net(torch.from_numpy(x))).numpy()
        return scores
