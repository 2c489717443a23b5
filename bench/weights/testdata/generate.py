"""Writes the files that the tests of package weights read, and what they hold.

    pip install torch==2.15.0 safetensors==0.8.0 numpy==2.4.6
    python bench/weights/testdata/generate.py            # writes the files
    python bench/weights/testdata/generate.py --check    # opens go.safetensors, which Go wrote

want.json lists, for each file, the arrays as PyTorch holds them: floats as the
bits of their float32 conversion, integers as they are. Running this again gives
the same arrays; the legacy files' storage keys are memory addresses and change.
"""

import json
import pathlib
import pickle
import sys
import zipfile
from collections import OrderedDict

import safetensors.torch
import torch

HERE = pathlib.Path(__file__).parent
DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}


def described(arrays):
    """The arrays as want.json lists them."""
    out = []
    for name, t in arrays.items():
        t = t.detach()
        entry = {"name": name, "dtype": DTYPES[t.dtype], "shape": list(t.shape)}
        if t.dtype.is_floating_point:
            bits = t.float().contiguous().view(torch.int32).flatten().tolist()
            entry["bits"] = [b & 0xFFFFFFFF for b in bits]
        else:
            entry["ints"] = t.long().flatten().tolist()
        out.append(entry)
    return out


def net():
    torch.manual_seed(1)
    return torch.nn.Sequential(OrderedDict(
        conv=torch.nn.Conv2d(1, 2, 3, bias=False), bn=torch.nn.BatchNorm2d(2), fc=torch.nn.Linear(2, 3)))


def checkpoint():
    """What a training script saves: the weights are one entry of several."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model.fc(model.bn(model.conv(torch.ones(2, 1, 4, 4))).mean((2, 3))).sum().backward()
    optimizer.step()
    weights = model.state_dict()
    wrapped = OrderedDict(("module." + k, v) for k, v in weights.items())
    return weights, {
        "epoch": 200, "arch": "réseau", "best_prec1": 91.73, "ema": None, "done": True,
        "history": [0.1, 2, "three", (4, -5, 1 << 40, 1 << 80)], "state_dict": wrapped,
        "optimizer": optimizer.state_dict(),
    }


def dtypes():
    special = [0.0, -0.0, 1.5, -2.25, float("inf"), float("-inf"), float("nan"), 1e-40, 6e-8, 65504.0, 1e-3]
    arrays = OrderedDict()
    for t in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        arrays[str(t)[6:]] = torch.tensor(special).to(t)
    arrays["float64"][10] = 0.1
    arrays["huge"] = torch.tensor([1e300, -1e300, 1e-300], dtype=torch.float64)
    for t in (torch.int64, torch.int32, torch.int16, torch.int8):
        i = torch.iinfo(t)
        arrays[str(t)[6:]] = torch.tensor([i.min, -1, 0, 1, i.max], dtype=t)
    arrays["uint8"] = torch.tensor([0, 1, 255], dtype=torch.uint8)
    arrays["bool"] = torch.tensor([True, False, True])
    arrays["scalar"] = torch.tensor(3)
    arrays["empty"] = torch.zeros(0, 3)
    return arrays


def views():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return OrderedDict(
        transposed=base.t(), rows=base[1:3], column=base[:, 2], steps=base[::2, 1::3],
        permuted=base.reshape(2, 3, 4).permute(2, 0, 1), expanded=torch.tensor([[1.0], [2.0]]).expand(2, 3),
        overlapping=torch.arange(5, dtype=torch.float32).as_strided((3, 3), (1, 1)))


def hostile(path, legacy):
    """A file that runs a (harmless) command where pickle is trusted."""
    call = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."
    if legacy:
        header = [pickle.dumps(v, 2) for v in (torch.serialization.MAGIC_NUMBER, 1001, {"little_endian": True})]
        path.write_bytes(b"".join(header) + call + pickle.dumps([], 2))
        return
    with zipfile.ZipFile(path, "w") as z:
        z.writestr(zipfile.ZipInfo("archive/data.pkl"), call)
        z.writestr(zipfile.ZipInfo("archive/byteorder"), b"little")


def generate():
    want = {}

    def save(name, obj, arrays, legacy=False, skipped=(), prefix="", protocol=2):
        torch.save(obj, HERE / name, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
        want[name] = {"format": "legacy torch" if legacy else "zip torch", "prefix": prefix,
                      "skipped": list(skipped), "arrays": described(arrays)}

    state = net().state_dict()
    weights, full = checkpoint()
    others = [k for k in full if k != "state_dict"]
    for legacy, suffix in ((False, ""), (True, "-legacy")):
        save(f"state{suffix}.pt", state, state, legacy)
        save(f"checkpoint{suffix}.pth", full, weights, legacy, others, "module.")
        save(f"dtypes{suffix}.pt", dtypes(), dtypes(), legacy)
        save(f"views{suffix}.pt", views(), views(), legacy)
        save(f"protocol4{suffix}.pt", full, weights, legacy, others, "module.", protocol=4)
        hostile(HERE / f"hostile{suffix}.pt", legacy)
    parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    save("parameter.pt", {"model": {"_orig_mod.a": parameter, "_orig_mod.b": torch.ones(2)}},
         {"a": parameter, "b": torch.ones(2)}, prefix="_orig_mod.")

    # Three that cannot be read: a whole model, numbers that are no real ones, a foreign scalar.
    torch.save(torch.nn.Linear(1, 1), HERE / "module.pt")
    torch.save({"w": torch.zeros(2, dtype=torch.complex64)}, HERE / "complex.pt")
    torch.save({"state_dict": {"w": torch.zeros(2)}, "acc": torch.zeros(1).numpy()[0]}, HERE / "numpy.pt")

    some = {k: v for k, v in dtypes().items()}
    safetensors.torch.save_file(some, HERE / "python.safetensors", metadata={"format": "pt"})
    with safetensors.safe_open(HERE / "python.safetensors", "pt") as f:
        order = list(f.offset_keys())
    want["python.safetensors"] = {"format": "safetensors", "prefix": "", "skipped": [],
                                  "arrays": described({k: some[k] for k in order})}
    (HERE / "want.json").write_text(json.dumps(want, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


def check():
    """Holds go.safetensors, which has the arrays of dtypes.pt, to want.json."""
    want = json.loads((HERE / "want.json").read_text())["dtypes.pt"]["arrays"]
    got = safetensors.torch.load_file(HERE / "go.safetensors")
    assert sorted(got) == sorted(w["name"] for w in want), sorted(got)
    for w in want:
        t = got[w["name"]]
        (g,) = described({w["name"]: t})
        w["dtype"] = "F32" if "bits" in w else "I64"  # what Go holds and writes
        assert g == w, (g, w)
    with safetensors.safe_open(HERE / "go.safetensors", "pt") as f:
        assert f.metadata() == {"by": "trainbench"}, f.metadata()
    print(f"go.safetensors: {len(want)} arrays equal, bit for bit")


if __name__ == "__main__":
    check() if "--check" in sys.argv else generate()
