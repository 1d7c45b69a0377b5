"""A small neural network library in numpy: what the digit models need and no more.

Pictures are [batch, height, width, channels]. Each layer has `forward`, which keeps what
`backward` needs, and `backward`, which takes the loss's gradient by the layer's output, fills
`grads` (one per entry of `params`) and returns the gradient by its input.
"""

import numpy as np


class Layer:
    params: list[np.ndarray] = []
    grads: list[np.ndarray] = []


class Dense(Layer):
    def __init__(self, rng: np.random.Generator, n_in: int, n_out: int):
        weight = rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out)).astype(np.float32)
        self.params = [weight, np.zeros(n_out, np.float32)]

    def forward(self, x, training):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dy):
        self.grads = [self.x.T @ dy, dy.sum(0)]
        return dy @ self.params[0].T


class Conv(Layer):
    """Convolution that keeps the size ("same", zeros around), by im2col. The first layer needs no
    gradient by its input, and leaving it out saves much time."""

    def __init__(self, rng: np.random.Generator, side: int, n_in: int, n_out: int, first=False):
        self.side, self.first = side, first
        weight = rng.normal(0, np.sqrt(2 / (side * side * n_in)), (side * side * n_in, n_out))
        self.params = [weight.astype(np.float32), np.zeros(n_out, np.float32)]

    def forward(self, x, training):
        n, h, w, c = self.shape = x.shape
        k, pad = self.side, self.side // 2
        around = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        cols = np.empty((n, h, w, k, k, c), np.float32)
        for i in range(k):
            for j in range(k):
                cols[:, :, :, i, j] = around[:, i:i + h, j:j + w]
        self.cols = cols.reshape(n * h * w, k * k * c)
        return (self.cols @ self.params[0] + self.params[1]).reshape(n, h, w, -1)

    def backward(self, dy):
        n, h, w, c = self.shape
        k, pad = self.side, self.side // 2
        flat = dy.reshape(n * h * w, -1)
        self.grads = [self.cols.T @ flat, flat.sum(0)]
        if self.first:
            return None
        cols = (flat @ self.params[0].T).reshape(n, h, w, k, k, c)
        around = np.zeros((n, h + 2 * pad, w + 2 * pad, c), np.float32)
        for i in range(k):
            for j in range(k):
                around[:, i:i + h, j:j + w] += cols[:, :, :, i, j]
        return around[:, pad:pad + h, pad:pad + w]


class Relu(Layer):
    def forward(self, x, training):
        self.y = np.maximum(x, 0)
        return self.y

    def backward(self, dy):
        return dy * (self.y > 0)


class MaxPool(Layer):
    """The largest of each 2 x 2 square; an odd last row or column is left out."""

    def corners(self, x):
        h, w = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
        return [x[:, i:h:2, j:w:2] for i in (0, 1) for j in (0, 1)]

    def forward(self, x, training):
        self.x = x
        a, b, c, d = self.corners(x)
        self.y = np.maximum(np.maximum(a, b), np.maximum(c, d))
        return self.y

    def backward(self, dy):
        dx = np.zeros_like(self.x)
        for corner, value in zip(self.corners(dx), self.corners(self.x)):
            np.multiply(dy, value == self.y, out=corner)
        return dx


class Flatten(Layer):
    def forward(self, x, training):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape)


class Dropout(Layer):
    """Forgets a share of the values while training, so that no single one is relied on."""

    def __init__(self, rng: np.random.Generator, share: float):
        self.rng, self.share = rng, share

    def forward(self, x, training):
        if not training:
            return x
        keep = self.rng.random(x.shape, np.float32) >= self.share
        self.mask = keep / np.float32(1 - self.share)
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


class Network:
    def __init__(self, layers: list[Layer]):
        self.layers = layers

    def forward(self, x, training=False):
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def learn(self, x, labels) -> float:
        """Fills every layer's gradients from one batch; the batch's mean loss."""
        p = softmax(self.forward(x, training=True))
        rows = np.arange(len(x))
        loss = -np.log(p[rows, labels] + 1e-9).mean()
        p[rows, labels] -= 1
        gradient = p / np.float32(len(x))
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return float(loss)

    def predict(self, x) -> np.ndarray:
        """The most likely class of each picture."""
        return np.concatenate([self.forward(x[i:i + 500]).argmax(1) for i in range(0, len(x), 500)])

    def params(self) -> list[np.ndarray]:
        return [p for layer in self.layers for p in layer.params]

    def grads(self) -> list[np.ndarray]:
        return [g for layer in self.layers for g in layer.grads]


class Adam:
    """Adam with decoupled weight decay, and a running mean of the weights: the mean is better
    than where the last step happened to land."""

    def __init__(self, network: Network, decay: float, mean_over: int):
        self.network, self.decay, self.keep = network, decay, 1 - 1 / mean_over
        self.steps = 0
        self.first = [np.zeros_like(p) for p in network.params()]
        self.second = [np.zeros_like(p) for p in network.params()]
        self.mean = [p.copy() for p in network.params()]

    def step(self, rate: float):
        self.steps += 1
        fix1, fix2 = 1 - 0.9 ** self.steps, 1 - 0.999 ** self.steps
        keep = min(self.keep, (1 + self.steps) / (10 + self.steps))
        state = zip(self.network.params(), self.network.grads(), self.first, self.second, self.mean)
        for p, g, first, second, mean in state:
            first += np.float32(0.1) * (g - first)
            second += np.float32(0.001) * (g * g - second)
            p -= np.float32(rate) * (first / np.float32(fix1)
                                     / (np.sqrt(second / np.float32(fix2)) + np.float32(1e-8))
                                     + np.float32(self.decay) * p)
            mean += np.float32(1 - keep) * (p - mean)

    def finish(self):
        """Gives the network the mean weights."""
        for p, mean in zip(self.network.params(), self.mean):
            p[...] = mean
