"""Opens weights that trainbench wrote, in PyTorch: python open.py NET WEIGHTS.safetensors IMAGES.safetensors

NET is a name of nets.py. Prints the logits of the array "images" [n, h, w, c] in evaluation mode, as JSON."""

import json
import sys

import torch
from safetensors.torch import load_file

from nets import NETS, Net

name, weights, images = sys.argv[1:]
net = Net(*NETS[name][0])
net.load_state_dict(load_file(weights))  # strict: an array that is missing, extra or misshapen is an error
with torch.no_grad():
    json.dump(net.eval()(load_file(images)["images"]).tolist(), sys.stdout)
