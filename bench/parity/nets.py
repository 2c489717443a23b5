"""The nets of the fixtures in PyTorch, and what they compute; see generate.py."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def hashes(name, n):
    """n 64-bit numbers that depend on the name: SplitMix64 seeded with FNV-1a. parity.go has the same."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return z ^ z >> np.uint64(31)


def formula(name, shape, centre=0.0, spread=1.0):
    """32-bit floats in centre +- spread."""
    u = (hashes(name, math.prod(shape)) >> np.uint64(40)).astype(np.float64) / 2**24
    return (centre + (2 * u - 1) * spread).astype(np.float32).reshape(shape)


def formula_bytes(name, shape):
    return (hashes(name, math.prod(shape)) >> np.uint64(56)).astype(np.uint8).reshape(shape)


def tensor(a):
    return torch.from_numpy(np.array(a)).double()


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def ours(name, t):
    """A state_dict's tensor in the layout of package model."""
    t = t.detach()
    if t.dim() == 4:
        return t.permute(2, 3, 1, 0)
    return t.T if name == "fc.weight" else t


def option_a(x, stride, channels):
    before = (channels - x.shape[1]) // 2
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, before, channels - x.shape[1] - before))


class Kinks:
    """The ReLU of all nets, which keeps how near to 0 an input came: on either side of 0 the gradient
    differs, so that inputs within rounding of it make gradients that no tolerance can compare."""
    nearest = math.inf

    @classmethod
    def relu(cls, x):
        cls.nearest = min(cls.nearest, float(x.detach().abs().min()))
        return torch.relu(x)


def away_from_kinks(margin, compute):
    """The first of compute(0), compute(1), ... in which no ReLU's input is nearer to 0 than margin, and its number."""
    for choice in range(100):
        Kinks.nearest = math.inf
        result = compute(choice)
        if Kinks.nearest > margin:
            return choice, result
    raise RuntimeError("every choice of inputs has a ReLU near its kink")


class Block(nn.Module):
    def __init__(self, kind, shortcut, inputs, channels, stride):
        super().__init__()
        self.shortcut, self.stride = shortcut, stride
        if kind == "bottleneck":
            self.outputs = 4 * channels
            sizes = [(inputs, channels, 1, 1), (channels, channels, 3, stride), (channels, self.outputs, 1, 1)]
        else:
            self.outputs = channels
            sizes = [(inputs, channels, 3, stride), (channels, channels, 3, 1)]
        for i, (a, b, k, s) in enumerate(sizes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, k, s, k // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        self.count = len(sizes)
        self.changes = stride != 1 or inputs != self.outputs
        if shortcut == "projection" and self.changes:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, self.outputs, 1, stride, bias=False), nn.BatchNorm2d(self.outputs))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.count:
                y = Kinks.relu(y)
        if self.shortcut == "projection":
            y = y + (self.downsample(x) if self.changes else x)
        elif self.shortcut == "zero-pad":
            y = y + (option_a(x, self.stride, self.outputs) if self.changes else x)
        return Kinks.relu(y)


class Net(nn.Module):
    def __init__(self, kind, shortcut, blocks, width, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        inputs = width
        for stage in range(3):
            layer = nn.Sequential()
            for i in range(blocks):
                layer.append(Block(kind, shortcut, inputs, width << stage, 2 if stage and not i else 1))
                inputs = layer[-1].outputs
            setattr(self, f"layer{stage + 1}", layer)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):  # [n, h, w, c]
        x = Kinks.relu(self.bn1(self.conv1(nchw(x))))
        for stage in (self.layer1, self.layer2, self.layer3):
            x = stage(x)
        return self.fc(x.mean((2, 3)))


# Name: kind, shortcut, blocks of a stage, width, classes; mixup and Nesterov momentum in the ten steps.
NETS = {
    "resnet20-b": (("basic", "projection", 3, 4, 10), False, False),
    "resnet20-a": (("basic", "zero-pad", 3, 2, 10), False, True),
    "plain20": (("basic", "none", 3, 2, 10), True, False),
    "bottleneck11": (("bottleneck", "projection", 1, 4, 10), True, False),
}


def build(arguments):
    """A net whose values are formulas of their names, in package model's layout."""
    net = Net(*arguments).double()
    state = net.state_dict()
    for name, t in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        shape = ours(name, t).shape
        if len(shape) == 4:
            centre, spread = 0, math.sqrt(6 / math.prod(shape[:3]))
        elif name.startswith("fc."):
            centre, spread = 0, 1 / math.sqrt(state["fc.weight"].shape[1])
        else:
            centre, spread = {"weight": (1, .25), "running_var": (1, .5)}.get(name.split(".")[-1], (0, .25))
        value = tensor(formula(name, shape, centre, spread))
        state[name] = value.permute(3, 2, 0, 1) if len(shape) == 4 else value.T if name == "fc.weight" else value
    net.load_state_dict(state)
    return net


def deviation(got, want):
    return float((got.double() - want).abs().max() / want.abs().max())


def passes(arguments, images, labels, dtype):
    """Logits in both modes, the loss, gradients and running statistics after one training pass."""
    net = build(arguments).to(dtype)
    images = tensor(images).to(dtype)
    out = {"evaluation": net.eval()(images).detach()}
    logits = net.train()(images)
    loss = F.cross_entropy(logits, torch.from_numpy(labels).long())
    loss.backward()
    out |= {"training": logits.detach(), "loss": loss.detach().reshape(1)}
    out |= {f"gradient/{name}": ours(name, p.grad) for name, p in net.named_parameters()}
    out |= {name: b for name, b in net.named_buffers() if "running" in name}
    return out


def whole():
    """A forward and a backward pass of every net, and of ResNet-20 at its real size, thinned out."""
    out = {}
    nets = {name: (arguments, (8, 16, 16, 3), np.arange(8) % 5, 1e-5) for name, (arguments, _, _) in NETS.items()}
    nets["full"] = (("basic", "projection", 3, 16, 100), (2, 32, 32, 3), np.array([3, 97]), 4e-6)
    for name, (arguments, shape, labels, margin) in nets.items():
        def compute(choice, dtype=torch.float64):
            return passes(arguments, formula(f"{name}/images{choice}", shape, 0, 1.7), labels, dtype)
        choice, want = away_from_kinks(margin, compute)
        report(name, compute(choice, torch.float32), want)
        for k, v in want.items():
            if name == "full" and k.startswith("gradient/"):
                v = v.reshape(-1)[::max(1, v.numel() // 64)]
            out[f"{name}/{k}"] = v
        out |= {f"{name}/labels": labels, f"{name}/choice": np.array([choice])}
    return out


def report(name, got, want):
    groups = {}
    for k in want:
        group = "gradients" if k.startswith("gradient/") else "statistics" if "running" in k else k
        groups[group] = max(groups.get(group, 0), deviation(got[k], want[k]))
    print(f"PyTorch in float32, {name}:", ", ".join(f"{k} {v:.1e}" for k, v in groups.items()))


def augmented(pixels, index, crops, pad, mean, std):
    """As torchvision: RandomCrop with padding, RandomHorizontalFlip, ToTensor, Normalize."""
    out = []
    for i, (top, left, mirror) in zip(index, crops):
        image = np.pad(pixels[i], ((pad, pad), (pad, pad), (0, 0)))
        image = image[top:top + pixels.shape[1], left:left + pixels.shape[2]]
        image = image[:, ::-1] if mirror else image
        out.append((image / 255 - mean) / std)
    return np.stack(out)


# The ten steps.
IMAGES, STEPS, BATCH, PAD, DROP, RATE, DECAY = 24, 10, 8, 2, 6, .01, 5e-3
MEAN, STD = np.array([.5, .45, .4]), np.array([.25, .3, .2])


def plan():
    draw = lambda use, limit: (hashes(f"steps/{use}", STEPS * BATCH) >> np.uint64(33)).astype(np.int64) % limit
    return {
        "index": draw("index", IMAGES), "top": draw("top", 2 * PAD + 1), "left": draw("left", 2 * PAD + 1),
        "mirror": draw("mirror", 2), "partner": draw("partner", BATCH),
        "lambda": formula("steps/lambda", (STEPS,), .5, .5),
    }


def train(arguments, mixup, nesterov, choice, dtype=torch.float64):
    net = build(arguments).to(dtype).train()
    sgd = torch.optim.SGD(net.parameters(), lr=RATE, momentum=.9, weight_decay=DECAY, nesterov=nesterov)
    rates = torch.optim.lr_scheduler.MultiStepLR(sgd, [DROP], .1)
    pixels, labels, p = formula_bytes(f"steps/pixels{choice}", (IMAGES, 16, 16, 3)), np.arange(IMAGES) % 10, plan()
    losses = []
    for step in range(STEPS):
        part = {k: v[step * BATCH:(step + 1) * BATCH] for k, v in p.items()}
        crops = list(zip(part["top"], part["left"], part["mirror"]))
        x = tensor(augmented(pixels, part["index"], crops, PAD, MEAN, STD)).to(dtype)
        y = torch.from_numpy(labels[part["index"]]).long()
        lam, partner = 1.0, torch.from_numpy(part["partner"])
        if mixup:
            lam = float(p["lambda"][step])
            x = lam * x + (1 - lam) * x[partner]
        logits = net(x)
        loss = lam * F.cross_entropy(logits, y) + (1 - lam) * F.cross_entropy(logits, y[partner])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        rates.step()
        losses.append(loss.detach())
    out = {"losses": torch.stack(losses)}
    out |= {k: ours(k, v) for k, v in net.state_dict().items() if "num_batches" not in k}
    return out


def steps():
    p = plan()
    out = {"index": p["index"].reshape(STEPS, BATCH), "partner": p["partner"].reshape(STEPS, BATCH), "lambda": p["lambda"],
           "augment": (p["top"] | p["left"] << 8 | p["mirror"] << 16).reshape(STEPS, BATCH)}
    for name, (arguments, mixup, nesterov) in NETS.items():
        margin = 1e-5 if name == "plain20" else 2e-6  # nothing holds its rounding errors down
        choice, want = away_from_kinks(margin, lambda choice: train(arguments, mixup, nesterov, choice))
        got = train(arguments, mixup, nesterov, choice, torch.float32)
        worst = max((deviation(got[k], v), k) for k, v in want.items() if k != "losses")
        print(f"PyTorch in float32, ten steps of {name}: losses {deviation(got['losses'], want['losses']):.1e}, "
              f"weights and statistics {worst[0]:.1e} ({worst[1]})")
        out[f"{name}/choice"] = np.array([choice])
        out |= {f"{name}/{k}": v for k, v in want.items()}
    return out
