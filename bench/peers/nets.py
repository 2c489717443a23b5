"""ResNet-20 (option B, 100 classes, 278,324 parameters) in PyTorch and in JAX, as their users write it.

python nets.py pytorch|pytorch-compiled|jax [STEPS]

trains on noise with SGD (rate .1, momentum .9, weight decay 1e-4), batches of 128. A run of STEPS steps follows each
line of the standard input, and writes its images per second. The first run compiles, needs no line, and writes
versions. Batches are normalised floats that lie ready: trainbench also crops, flips and normalises within its step.
"""

import sys
import time

import numpy as np

BATCH, CLASSES = 128, 100
WIDTHS = [(16, 16, 1)] * 3 + [(16, 32, 2)] + [(32, 32, 1)] * 2 + [(32, 64, 2)] + [(64, 64, 1)] * 2


def batches(steps):
    rng = np.random.default_rng(1)
    images = rng.standard_normal((steps, BATCH, 32, 32, 3), dtype=np.float32)
    return images, rng.integers(0, CLASSES, (steps, BATCH), dtype=np.int32)


def pytorch(steps, compiled):
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
            self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
            self.short = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)) if a != b else nn.Identity()

        def forward(self, x):
            y = F.relu(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(y)) + self.short(x))

    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        *(Block(*w) for w in WIDTHS), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))
    parameters = sum(p.numel() for p in net.parameters())
    net = net.to(memory_format=torch.channels_last).train()
    call = torch.compile(net) if compiled else net
    sgd = torch.optim.SGD(net.parameters(), .1, momentum=.9, weight_decay=1e-4)
    images, labels = batches(steps)
    images = torch.from_numpy(images).permute(0, 1, 4, 2, 3)  # channels last in memory
    labels = torch.from_numpy(labels).long()

    def run():
        for x, y in zip(images, labels):
            sgd.zero_grad()
            F.cross_entropy(call(x), y).backward()
            sgd.step()

    return run, f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", parameters


def with_jax(steps):
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(2)
    params = {}

    def conv_norm(name, k, a, b):
        params[name] = rng.standard_normal((k, k, a, b), dtype=np.float32) * np.float32(np.sqrt(2 / (k * k * a)))
        params[name + ".scale"], params[name + ".shift"] = np.ones(b, np.float32), np.zeros(b, np.float32)

    conv_norm("stem", 3, 3, 16)
    for i, (a, b, _) in enumerate(WIDTHS):
        conv_norm(f"{i}.1", 3, a, b)
        conv_norm(f"{i}.2", 3, b, b)
        if a != b:
            conv_norm(f"{i}.short", 1, a, b)
    params["fc"], params["fc.bias"] = rng.standard_normal((64, CLASSES), dtype=np.float32) / 8, np.zeros(CLASSES, np.float32)
    stats = {f"{n}.{s}": np.full(params[n].shape[-1], v, np.float32)
             for n in params if params[n].ndim == 4 for s, v in (("mean", 0), ("variance", 1))}

    def unit(p, old, new, name, x, stride):
        pad = params[name].shape[0] // 2
        x = jax.lax.conv_general_dilated(x, p[name], (stride, stride), ((pad, pad), (pad, pad)), dimension_numbers=("NHWC", "HWIO", "NHWC"))
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        new[name + ".mean"] = .9 * old[name + ".mean"] + .1 * mean
        new[name + ".variance"] = .9 * old[name + ".variance"] + .1 * variance
        return (x - mean) * (p[name + ".scale"] * jax.lax.rsqrt(variance + 1e-5)) + p[name + ".shift"]

    def loss(p, old, x, y):
        new = {}
        x = jax.nn.relu(unit(p, old, new, "stem", x, 1))
        for i, (a, b, stride) in enumerate(WIDTHS):
            z = jax.nn.relu(unit(p, old, new, f"{i}.1", x, stride))
            z = unit(p, old, new, f"{i}.2", z, 1)
            x = jax.nn.relu(z + (unit(p, old, new, f"{i}.short", x, stride) if a != b else x))
        logits = x.mean((1, 2)) @ p["fc"] + p["fc.bias"]
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1).mean(), new

    def step(p, v, s, x, y):
        g, s = jax.grad(loss, has_aux=True)(p, s, x, y)
        v = jax.tree.map(lambda v, g, p: .9 * v + g + 1e-4 * p, v, g, p)
        return jax.tree.map(lambda p, v: p - .1 * v, p, v), v, s

    step = jax.jit(step, donate_argnums=(0, 1, 2))
    images, labels = map(jax.device_put, batches(steps))
    state = jax.device_put((params, jax.tree.map(np.zeros_like, params), stats))
    parameters = sum(p.size for p in params.values())

    def run():
        nonlocal state
        for x, y in zip(images, labels):
            state = step(*state, x, y)
        jax.block_until_ready(state)

    return run, f"JAX {jax.__version__} on {jax.devices()[0].platform}", parameters


def main():
    name, steps = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8
    run, versions, parameters = with_jax(steps) if name == "jax" else pytorch(steps, name == "pytorch-compiled")
    if parameters != 278_324:
        sys.exit(f"{name}: {parameters} parameters, want 278324")
    run()
    print(versions, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print(f"{steps * BATCH / (time.perf_counter() - start):.2f}", flush=True)


main()
