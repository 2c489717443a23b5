"""Trains a small net on scikit-learn's digits, once a seed, and writes a CSV.

    python train.py --seeds 0-9 > accepted.csv
    python train.py --seeds 10-19 > unchanged.csv
    python train.py --seeds 10-19 --forget-momentum > regressed.csv

made the files beside it, with torch 2.15 and scikit-learn on a CPU. The last one
is the mistake of a change that drops an argument of the optimizer.
"""
import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from torch import nn


def train(seed, rate, epochs, momentum):
    pixels, labels = load_digits(return_X_y=True)
    split = train_test_split(pixels, labels, test_size=597, random_state=0, stratify=labels)
    x, x_test, y, y_test = (torch.tensor(part) for part in split)
    x, x_test = x.float() / 16, x_test.float() / 16
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=momentum)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        logits = net(x_test)
    predicted = logits.argmax(1)
    accuracy = (predicted == y_test).float().mean().item()
    macro_f1 = f1_score(y_test, predicted, average="macro")
    return accuracy, macro_f1, nn.functional.cross_entropy(logits, y_test).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="0-9")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--forget-momentum", action="store_true")
    args = parser.parse_args()
    first, last = map(int, args.seeds.split("-"))
    print("seed,model,lr,epochs,val_acc,val_f1,val_loss")
    for seed in range(first, last + 1):
        accuracy, macro_f1, loss = train(seed, args.lr, args.epochs, 0 if args.forget_momentum else 0.9)
        print(f"{seed},MLP 64,{args.lr},{args.epochs},{accuracy:.6f},{macro_f1:.6f},{loss:.6f}", flush=True)


if __name__ == "__main__":
    main()
