"""Writes testdata/, what PyTorch, NumPy and scikit-learn say of the parts of a recipe.

    pip install torch==2.15.0 numpy==2.4.6 scikit-learn==1.9.1 safetensors==0.8.0
    python bench/parity/generate.py

Nothing here reads the Go code: nets, augmentation and losses are written down a
second time, in PyTorch's terms. Everything is computed in 64-bit floats from
inputs that 32-bit floats hold, and rounded last, so that what a test finds is the
deviation of the Go side alone. What PyTorch itself deviates by in 32 bits is
printed, as a yardstick for tolerances.

Arrays are in the layout of packages layer and model: images [n, h, w, c], kernels
[h, w, in, out], fully connected [in, out].
"""

import json
import pathlib
import sys

import numpy as np
import sklearn.metrics
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from torch import nn

sys.dont_write_bytecode = True
import nets  # noqa: E402

OUT = pathlib.Path(__file__).parent / "testdata"
formula, formula_bytes, tensor = nets.formula, nets.formula_bytes, nets.tensor


def save(name, arrays):
    """Writes arrays: floats as float32, integers as int32."""
    def convert(a):
        a = a.detach().numpy() if isinstance(a, torch.Tensor) else np.asarray(a)
        return np.ascontiguousarray(a.astype(np.float32 if a.dtype.kind == "f" else np.int32))
    path = OUT / f"{name}.safetensors"
    save_file({k: convert(v) for k, v in arrays.items()}, path)
    path.chmod(0o644)


def save_json(name, value):
    (OUT / f"{name}.json").write_text(json.dumps(value, indent=None, separators=(",", ":")) + "\n")


def layers():
    """One layer at a time: inputs, output, a gradient dy of the output, and the gradients of inputs."""
    out = {}

    def case(name, function, **inputs):
        leaves = {k: tensor(formula(f"{name}/{k}", shape, centre, spread)).requires_grad_()
                  for k, (shape, centre, spread) in inputs.items()}
        if name == "relu":  # gradient at exactly 0
            leaves["x"].data[0, 0, 0, :2] = torch.tensor([0.0, -0.0])
        y = function(**leaves)
        dy = tensor(formula(f"{name}/dy", y.shape))
        y.backward(dy)
        out[f"{name}/y"], out[f"{name}/dy"] = y, dy
        for k, leaf in leaves.items():
            out[f"{name}/{k}"], out[f"{name}/d{k}"] = leaf, leaf.grad

    def conv(stride):
        def f(x, kernel):
            pad = kernel.shape[0] // 2
            return nets.nhwc(F.conv2d(nets.nchw(x), kernel.permute(3, 2, 0, 1), stride=stride, padding=pad))
        return f

    for name, x, kernel, stride in [
        ("conv-k3s1", (2, 6, 6, 3), (3, 3, 3, 4), 1),
        ("conv-k3s2", (2, 6, 6, 3), (3, 3, 3, 4), 2),
        ("conv-k3s2-odd", (2, 7, 5, 3), (3, 3, 3, 4), 2),
        ("conv-k3s1-odd", (2, 7, 5, 3), (3, 3, 3, 4), 1),
        ("conv-k3s3", (1, 8, 7, 2), (3, 3, 2, 3), 3),
        ("conv-k3s1-pixel", (3, 1, 1, 2), (3, 3, 2, 3), 1),
        ("conv-k3s2-two", (3, 2, 2, 2), (3, 3, 2, 3), 2),
        ("conv-k5s1", (1, 6, 7, 2), (5, 5, 2, 3), 1),
        ("conv-k1s1", (2, 5, 6, 3), (1, 1, 3, 4), 1),
        ("conv-k1s2", (2, 6, 6, 3), (1, 1, 3, 4), 2),
        ("conv-k1s2-odd", (2, 7, 5, 3), (1, 1, 3, 4), 2),
    ]:
        case(name, conv(stride), x=(x, 0, 1), kernel=(kernel, 0, 1))

    image, channel = (3, 4, 5, 3), (3,)
    mean, var = tensor(formula("norm/mean", channel)), tensor(formula("norm/variance", channel, 1, .5))
    out["norm/mean"], out["norm/variance"] = mean, var
    moved_mean, moved_var = mean.clone(), var.clone()
    case("norm", lambda x, gamma, beta: nets.nhwc(F.batch_norm(
        nets.nchw(x), moved_mean, moved_var, gamma, beta, training=True, momentum=.1, eps=1e-5)),
        x=(image, .7, 2), gamma=(channel, 1, .5), beta=(channel, 0, 1))
    out["norm/newmean"], out["norm/newvariance"] = moved_mean, moved_var
    case("fixednorm", lambda x, gamma, beta: nets.nhwc(F.batch_norm(
        nets.nchw(x), mean, var, gamma, beta, training=False, eps=1e-5)),
        x=(image, .7, 2), gamma=(channel, 1, .5), beta=(channel, 0, 1))

    case("relu", torch.relu, x=((2, 3, 3, 4), 0, 1))
    case("pool", lambda x: F.adaptive_avg_pool2d(nets.nchw(x), 1).flatten(1), x=((2, 3, 5, 4), 0, 1))
    case("dense", lambda x, w, b: F.linear(x, w.T, b), x=((3, 4), 0, 1), w=((4, 5), 0, 1), b=((5,), 0, 1))
    case("add", lambda a, b: a + b, a=((2, 2, 3, 2), 0, 1), b=((2, 2, 3, 2), 0, 1))
    for name, x, stride, channels in [
        ("subsample", (2, 6, 6, 4), 2, 8), ("subsample-odd", (2, 5, 7, 4), 2, 8), ("subsample-wide", (1, 3, 3, 2), 1, 8),
    ]:
        case(name, lambda x: nets.nhwc(nets.option_a(nets.nchw(x), stride, channels)), x=(x, 0, 1))
    save("layers", out)


COUNTS = [500, 50, 40, 7, 1]


def losses():
    """Each loss with its gradient, for plain labels and for mixed ones."""
    prior = tensor(np.array(COUNTS)) / sum(COUNTS)
    weights = sum(COUNTS) / (len(COUNTS) * tensor(np.array(COUNTS)))

    def focal(gamma):
        def f(logits, labels):
            log_p = F.log_softmax(logits, 1).gather(1, labels[:, None])[:, 0]
            return -((1 - log_p.exp()) ** gamma * log_p).mean()
        return f

    kinds = {
        "cross-entropy": F.cross_entropy,
        "weighted": lambda z, y: F.cross_entropy(z, y, weight=weights),
        "balanced": lambda z, y: F.cross_entropy(z + tensor(np.array(COUNTS)).log(), y),
    }
    kinds |= {f"focal-{g}": focal(g) for g in (0, .5, 1, 2, 5)}
    kinds |= {f"adjusted-{t}": (lambda t: lambda z, y: F.cross_entropy(z + t * prior.log(), y))(t) for t in (0, .5, 1, 1.5)}

    logits = formula("losses/logits", (7, 5), 0, 4)
    labels, partners, lam = torch.tensor([0, 1, 2, 3, 4, 0, 3]), torch.tensor([4, 1, 0, 2, 2, 3, 0]), float(np.float32(.3))
    extreme = np.float32([[300, -300, 0, 5, 1], [-1000, 0, 1000, 3, 3], [1e4, 1e4, 0, 0, 0]])
    extreme_labels = torch.tensor([1, 2, 0])
    out = {"logits": logits, "labels": labels, "partners": partners, "lambda": np.float32([lam]), "counts": np.array(COUNTS),
           "extreme/logits": extreme, "extreme/labels": extreme_labels, "logprior-1.5": 1.5 * prior.log()}
    for name, f in kinds.items():
        for form, z, loss in [
            ("plain", logits, lambda z: f(z, labels)),
            ("mixed", logits, lambda z: lam * f(z, labels) + (1 - lam) * f(z, partners)),
            ("extreme", extreme, lambda z: f(z, extreme_labels)),
        ]:
            if form == "extreme" and name == "focal-0.5":
                continue  # PyTorch's gradient is NaN where p is 1
            z = tensor(z).requires_grad_()
            value = loss(z)
            value.backward()
            out[f"{name}/{form}/value"], out[f"{name}/{form}/gradient"] = value.reshape(1), z.grad
    for tau in (1, 1.5):
        out[f"posthoc-{tau}"] = (tensor(logits) - tau * prior.log()).argmax(1)
    save("losses", out)


def optimizers():
    """SGD on a vector: its value after each of five steps, with a lower rate from the fourth on."""
    start, gradients = formula("optim/start", (6,)), formula("optim/gradients", (5, 6))
    out = {"start": start, "gradients": gradients}
    for name, options in {
        "plain": {}, "decay": {"weight_decay": .05}, "momentum": {"momentum": .9},
        "momentum-decay": {"momentum": .9, "weight_decay": .05},
        "nesterov-decay": {"momentum": .9, "weight_decay": .05, "nesterov": True},
    }.items():
        p = nn.Parameter(tensor(start))
        sgd = torch.optim.SGD([p], lr=.5, **options)
        rates = torch.optim.lr_scheduler.MultiStepLR(sgd, [3], .1)
        values = []
        for g in gradients:
            p.grad = tensor(g)
            sgd.step()
            rates.step()
            values.append(p.detach().clone())
        out[name] = torch.stack(values)
    save("optim", out)


def schedules():
    """Rates of 200 epochs."""
    out = []
    for rate, drops, factor in [(.1, [50, 75], .1), (.1, [100, 150], .1), (.05, [60, 120, 160], .2), (.1, [], .1), (.3, [1, 2, 199], .5)]:
        sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=rate)
        scheduler = torch.optim.lr_scheduler.MultiStepLR(sgd, drops, factor)
        rates = []
        for _ in range(200):
            rates.append(scheduler.get_last_lr()[0])
            sgd.step()
            scheduler.step()
        out.append({"rate": rate, "drops": drops, "factor": factor, "rates": rates})
    save_json("schedules", out)


def initial():
    """Distributions of PyTorch's initial weights, for layers of ResNet-20, from many draws."""
    torch.manual_seed(0)
    modules = {
        "conv1.weight": lambda: nn.Conv2d(3, 16, 3, bias=False).weight,
        "layer2.0.conv1.weight": lambda: nn.Conv2d(16, 32, 3, 2, bias=False).weight,
        "layer3.0.downsample.0.weight": lambda: nn.Conv2d(32, 64, 1, 2, bias=False).weight,
        "layer3.2.conv2.weight": lambda: nn.Conv2d(64, 64, 3, bias=False).weight,
        "fc.weight": lambda: nn.Linear(64, 100).weight,
        "fc.bias": lambda: nn.Linear(64, 100).bias,
    }

    def he(make):
        def f():
            w = make()
            if w.dim() == 4:  # as torchvision's ResNet does
                nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu")
            return w
        return f

    out = {}
    for kind, change in {"pytorch": lambda m: m, "he-normal": he}.items():
        for name, make in modules.items():
            make, draws = change(make), []
            while sum(map(len, draws)) < 400_000:
                draws.append(make().detach().double().flatten().numpy())
            w = np.concatenate(draws)
            out.setdefault(kind, {})[name] = {
                "std": w.std(), "max": np.abs(w).max(), "quantiles": np.quantile(w, np.arange(1, 20) / 20).tolist()}
    save_json("init", out)


def images():
    """Crop with padding, flip and normalisation of a few images."""
    pixels = formula_bytes("images/pixels", (3, 5, 6, 3))
    mean, std, pad = np.array([.4914, .4822, .4465]), np.array([.247, .2435, .2616]), 2
    index = np.array([0, 1, 2, 2, 1, 0, 0, 2, 1])
    crops = [(2, 2, 0), (2, 2, 1), (0, 0, 0), (4, 4, 0), (0, 4, 1), (4, 0, 1), (1, 3, 0), (3, 2, 1), (2, 0, 1)]
    want = nets.augmented(pixels, index, crops, pad, mean, std)
    save("images", {"pixels": pixels.astype(np.int32), "index": index, "want": want,
                    "augment": np.array([top | left << 8 | mirror << 16 for top, left, mirror in crops]),
                    "normalised": nets.augmented(pixels, index, [(pad, pad, 0)] * len(index), pad, mean, std)})


def scores():
    """Accuracy and F1 by scikit-learn."""
    rng, out = np.random.default_rng(7), []

    def case(why, classes, labels, predictions):
        labels, predictions = [int(v) for v in labels], [int(v) for v in predictions]
        p, r, f, n = sklearn.metrics.precision_recall_fscore_support(
            labels, predictions, labels=range(classes), zero_division=0)
        macro = sklearn.metrics.f1_score(labels, predictions, labels=range(classes), average="macro", zero_division=0)
        out.append({"why": why, "classes": classes, "labels": labels, "predictions": predictions,
                    "top1": sklearn.metrics.accuracy_score(labels, predictions), "macro_f1": macro,
                    "precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist(), "support": n.tolist()})

    def noisy(labels, classes, right):
        return np.where(rng.random(len(labels)) < right, labels, rng.integers(0, classes, len(labels)))

    labels = rng.integers(0, 10, 200)
    case("balanced classes", 10, labels, noisy(labels, 10, .7))
    labels = rng.choice(5, 200, p=[.9, .04, .03, .02, .01])
    case("a long tail", 5, labels, noisy(labels, 5, .8))
    case("everything predicted as the first class", 5, labels, np.zeros(200))
    case("classes 1 and 3 have no images and are not predicted", 4, [0, 2, 2, 0, 2], [0, 2, 0, 0, 2])
    case("class 3 has no images and is predicted", 4, [0, 1, 2, 2], [0, 3, 2, 3])
    case("class 2 is never predicted", 3, [0, 1, 2, 2], [0, 1, 1, 0])
    labels = rng.integers(0, 100, 300)
    case("a hundred classes and few images", 100, labels, noisy(labels, 100, .4))
    save_json("metrics", out)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    for make in (layers, losses, optimizers, schedules, initial, images, scores):
        make()
    save("nets", nets.whole())
    save("steps", nets.steps())
