"""The networks of run_training.py in plain numpy: each layer has its gradient written by hand.

Shapes: n records, c channels, t samples. `forward` keeps what `backward` needs; `backward` takes the gradient of the
loss by the output, leaves the gradients of the parameters in `gradients` and returns the gradient by the input.
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
    """(n, i, t) to (n, o, t / stride): convolution of width 7 and ReLU, by one matrix product over all windows."""

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
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.WIDTH, axis=2)[:, :, :: self.stride]
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
            padded[:, :, k : k + length : self.stride][:, :, : windows.shape[1]] += windows[..., k].transpose(0, 2, 1)
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


class UNet:
    """Down, down, up again beside the first level's output; both levels are pooled."""

    def __init__(self, channels: int, outputs: int, rng: np.random.Generator) -> None:
        self.a, self.b, self.up = Conv(channels, 12, 4, rng), Conv(12, 24, 4, rng), Conv(36, 12, 1, rng)
        self.head = Dense(72, outputs, rng)
        self.layers: list[Layer] = [self.a, self.b, self.up, self.head]

    def forward(self, x: Array) -> Array:
        skip = self.a.forward(x)
        self.low = self.b.forward(skip)
        wide = np.repeat(self.low, 4, axis=2)[:, :, : skip.shape[2]]
        self.high = self.up.forward(np.concatenate([wide, skip], axis=1))
        return self.head.forward(np.concatenate([pool(self.low), pool(self.high)], axis=1))

    def backward(self, g: Array) -> None:
        g = self.head.backward(g)
        joined = self.up.backward(unpool(self.high, g[:, 48:]))
        n, channels, length = self.low.shape
        wide = np.zeros((n, channels, 4 * length), np.float32)
        wide[:, :, : joined.shape[2]] = joined[:, :channels]
        low = unpool(self.low, g[:, :48]) + wide.reshape(n, channels, length, 4).sum(3)
        self.a.backward(self.b.backward(low) + joined[:, channels:])


Model = Linear | ConvNet | UNet
MODELS: dict[str, type[Model]] = {"linear": Linear, "conv": ConvNet, "unet": UNet}


class Adam:
    """Adam with a fixed learning rate over all parameters of the layers."""

    def __init__(self, layers: list[Layer], rate: float) -> None:
        self.layers, self.rate, self.step_number = layers, rate, 0
        self.mean = [np.zeros_like(p) for layer in layers for p in layer.parameters]
        self.square = [np.zeros_like(p) for layer in layers for p in layer.parameters]

    def step(self) -> None:
        """Move every parameter once along its gradient."""
        self.step_number += 1
        pairs = [pair for layer in self.layers for pair in zip(layer.parameters, layer.gradients, strict=True)]
        for i, (parameter, gradient) in enumerate(pairs):
            self.mean[i] = 0.9 * self.mean[i] + 0.1 * gradient
            self.square[i] = 0.999 * self.square[i] + 0.001 * gradient**2
            unbiased = self.mean[i] / (1 - 0.9**self.step_number)
            scale = np.sqrt(self.square[i] / (1 - 0.999**self.step_number)) + 1e-8
            parameter -= (self.rate * unbiased / scale).astype(np.float32)  # noqa: PLW2901 - in place
