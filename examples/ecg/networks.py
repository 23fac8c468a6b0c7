"""The models of run_training.py that need nothing but numpy: each layer has its gradient written by
hand.

Shapes: n records, c channels, t samples. `forward` keeps what `backward` needs; `backward` takes
the gradient of the loss by the output, leaves the gradients of the parameters in `gradients` and
returns the gradient by the input.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class Layer(Protocol):
    """One step of a network."""

    parameters: list[Array]
    gradients: list[Array]

    def forward(self, x: Array) -> Array: ...
    def backward(self, g: Array) -> Array: ...


class Dense:
    """(n, i) to (n, o): x @ weight + bias."""

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator) -> None:
        weight = rng.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
        self.parameters = [weight, np.zeros(outputs, np.float32)]
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        self.x = x
        out: Array = x @ self.parameters[0] + self.parameters[1]
        return out

    def backward(self, g: Array) -> Array:
        self.gradients = [self.x.T @ g, g.sum(0)]
        return g @ self.parameters[0].T


class Conv:
    """(n, i, t) to (n, o, t / stride): convolution of width 7 and ReLU, by one matrix product over
    all windows."""

    WIDTH = 7

    def __init__(self, inputs: int, outputs: int, stride: int, rng: np.random.Generator) -> None:
        fan_in = inputs * self.WIDTH
        weight = rng.normal(0, (2 / fan_in) ** 0.5, (fan_in, outputs)).astype(np.float32)
        self.parameters = [weight, np.zeros(outputs, np.float32)]
        self.gradients: list[Array] = []
        self.stride = stride

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        padded = np.pad(x, ((0, 0), (0, 0), (3, 3)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.WIDTH, axis=2)[
            :, :, :: self.stride
        ]
        self.columns = windows.transpose(0, 2, 1, 3).reshape(len(x), windows.shape[2], -1)
        out = np.maximum(self.columns @ self.parameters[0] + self.parameters[1], 0)
        self.active = out > 0
        result: Array = out.transpose(0, 2, 1)
        return result

    def backward(self, g: Array) -> Array:
        g = g.transpose(0, 2, 1) * self.active
        flat = g.reshape(-1, g.shape[2])
        self.gradients = [self.columns.reshape(len(flat), -1).T @ flat, flat.sum(0)]
        n, channels, length = self.shape
        windows = (g @ self.parameters[0].T).reshape(n, -1, channels, self.WIDTH)
        padded = np.zeros((n, channels, length + 6), np.float32)
        for k in range(self.WIDTH):
            padded[:, :, k : k + length : self.stride][:, :, : windows.shape[1]] += windows[
                ..., k
            ].transpose(0, 2, 1)
        return padded[:, :, 3:-3]


def pool(x: Array) -> Array:
    """(n, c, t) to (n, 2c): mean and maximum over time."""
    return np.concatenate([x.mean(2), x.max(2)], axis=1)


def unpool(x: Array, g: Array) -> Array:
    """The gradient of `pool` at x, from the gradient g of its output."""
    channels = x.shape[1]
    spread = np.repeat(g[:, :channels, None] / x.shape[2], x.shape[2], axis=2)
    n, c = np.indices(x.shape[:2])
    spread[n, c, x.argmax(2)] += g[:, channels:]
    return spread


class Linear:
    """Logistic regression on the features."""

    def __init__(self, width: int, outputs: int, rng: np.random.Generator) -> None:
        self.head = Dense(width, outputs, rng)
        self.layers: list[Layer] = [self.head]

    def forward(self, x: Array) -> Array:
        return self.head.forward(x)

    def backward(self, g: Array) -> None:
        self.head.backward(g)


class ConvNet:
    """Two strided convolutions, pooled over time."""

    def __init__(self, channels: int, outputs: int, rng: np.random.Generator) -> None:
        self.a, self.b = Conv(channels, 16, 4, rng), Conv(16, 32, 4, rng)
        self.head = Dense(64, outputs, rng)
        self.layers: list[Layer] = [self.a, self.b, self.head]

    def forward(self, x: Array) -> Array:
        self.top = self.b.forward(self.a.forward(x))
        return self.head.forward(pool(self.top))

    def backward(self, g: Array) -> None:
        self.a.backward(self.b.backward(unpool(self.top, self.head.backward(g))))


Model = Linear | ConvNet
MODELS: dict[str, type[Model]] = {"linear": Linear, "conv": ConvNet}


class Adam:
    """Adam with a fixed learning rate over all parameters of the layers."""

    def __init__(self, layers: list[Layer], rate: float) -> None:
        self.layers, self.rate, self.step_number = layers, rate, 0
        self.mean = [np.zeros_like(p) for layer in layers for p in layer.parameters]
        self.square = [np.zeros_like(p) for layer in layers for p in layer.parameters]

    def step(self) -> None:
        """Move every parameter once along its gradient."""
        self.step_number += 1
        pairs = [
            pair
            for layer in self.layers
            for pair in zip(layer.parameters, layer.gradients, strict=True)
        ]
        for i, (parameter, gradient) in enumerate(pairs):
            self.mean[i] = 0.9 * self.mean[i] + 0.1 * gradient
            self.square[i] = 0.999 * self.square[i] + 0.001 * gradient**2
            unbiased = self.mean[i] / (1 - 0.9**self.step_number)
            scale = np.sqrt(self.square[i] / (1 - 0.999**self.step_number)) + 1e-8
            parameter -= (self.rate * unbiased / scale).astype(np.float32)  # noqa: PLW2901 - in place


def sigmoid(x: Array) -> Array:
    """Logits to probabilities."""
    return (1 / (1 + np.exp(-np.clip(x, -30, 30)))).astype(np.float32)


def loss(labels: Array, scores: Array) -> float:
    """Mean binary cross-entropy of probabilities."""
    p = np.clip(scores, 1e-7, 1 - 1e-7)
    return float(-(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean())


class NumpyLearner:
    """A model and its optimiser: `learn` takes one step, `scores` gives probabilities."""

    def __init__(self, model: str, channels: int, classes: int, *, rate: float, seed: int) -> None:
        self.net = MODELS[model](channels, classes, np.random.default_rng([seed, 0]))
        self.optimiser = Adam(self.net.layers, rate)

    def learn(self, x: Array, y: Array) -> float:
        """One step on a batch. Returns its loss before the step."""
        scores = self.scores(x)
        self.net.backward((scores - y) / np.float32(len(x)))
        self.optimiser.step()
        return loss(y, scores)

    def scores(self, x: Array) -> Array:
        """Probabilities (n, classes)."""
        return sigmoid(self.net.forward(x))
