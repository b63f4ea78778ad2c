"""One training work done by one other library; prints one line of JSON, of the form of `caviar bench --json`.

Works: `moons`, 300 points, net 2-5-2-2, batch 64, Adam 0.0007; the others, rows generated around as many centers as classes:
`fashion`, 60,000 of 784 numbers, 784-256-128-10, batch 128, Adam 0.001; `signs`, 1,080 of 12,288, 12288-25-12-6, batch 32,
Adam 0.0001; `rows`, five million of 30, 30-64-32-2, batch 1000, Adam 0.001. ReLU, softmax cross entropy, rows shuffled anew
each epoch, last batch smaller, float32. Data is made and code compiled before the clock starts.

Or a network by the widths of its layers, on `--rows` rows in batches of `--batch-size` for `--epochs`, Adam 0.001.

usage: peers.py moons|fashion|signs|rows|64-128-128-10 torch|torch-compile|jax|sklearn [--threads 2]
"""

import argparse
import json
import math
import os
import time
import warnings
from dataclasses import dataclass

import numpy as np


@dataclass
class Work:
    name: str
    sizes: list
    batch_size: int
    learning_rate: float
    epochs: int
    rows: int

    def steps_per_epoch(self):
        return math.ceil(len(self.data()[0]) / self.batch_size)

    def data(self):
        if not hasattr(self, "_data"):
            self._data = moons() if self.name == "moons" else blobs(self.rows, self.sizes[0], self.sizes[-1])
        return self._data


def moons():
    """Two half circles with noise."""
    random = np.random.default_rng(3)
    labels = np.repeat([0, 1], 150)
    angle = np.tile(np.linspace(0, np.pi, 150), 2)
    x = np.where(labels == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(labels == 0, np.sin(angle), 0.5 - np.sin(angle))
    points = np.stack([x, y], axis=1) + random.normal(scale=0.2, size=(300, 2))
    return points.astype(np.float32), labels.astype(np.int64)


def blobs(rows, features, classes):
    random = np.random.default_rng(0)
    centers = random.normal(size=(classes, features)).astype(np.float32)
    labels = random.integers(0, classes, rows)
    values = random.standard_normal((rows, features), dtype=np.float32)
    values *= 2
    for start in range(0, rows, 100_000):
        part = slice(start, start + 100_000)
        values[part] += centers[labels[part]]
    return values, labels.astype(np.int64)


def works(peer):
    # The slow peers get fewer epochs of the small work: what counts is the time of a step.
    moons_epochs = 10_000 if peer == "jax" else 500
    return {
        "moons": Work("moons", [2, 5, 2, 2], 64, 7e-4, moons_epochs, 300),
        "fashion": Work("fashion", [784, 256, 128, 10], 128, 1e-3, 3, 60_000),
        "signs": Work("signs", [12288, 25, 12, 6], 32, 1e-4, 20, 1080),
        "rows": Work("rows", [30, 64, 32, 2], 1000, 1e-3, 1, 5_000_000),
    }


def work_of(options):
    fixed = works(options.peer)
    if options.work in fixed:
        return fixed[options.work]
    sizes = [int(width) for width in options.work.split("-")]
    return Work(options.work, sizes, options.batch_size, 1e-3, options.epochs, options.rows)


def with_torch(work, threads, compiled):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    inputs, labels = (torch.from_numpy(array) for array in work.data())
    layers = []
    for fan_in, fan_out in zip(work.sizes, work.sizes[1:]):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(network.parameters(), lr=work.learning_rate, fused=True)

    def loss_of(x, t):
        return torch.nn.functional.cross_entropy(network(x), t)

    if compiled:
        loss_of = torch.compile(loss_of)

    def epoch():
        order = torch.randperm(len(inputs))
        for batch in order.split(work.batch_size):
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(inputs[batch], labels[batch])
            loss.backward()
            optimizer.step()
        return loss

    warm_up = time.perf_counter()
    for rows in {work.batch_size, len(inputs) % work.batch_size or work.batch_size}:
        loss_of(inputs[:rows], labels[:rows]).backward()
    start = time.perf_counter()
    for _ in range(work.epochs):
        loss = epoch()
    final_loss = loss.item()
    return start - warm_up, time.perf_counter() - start, final_loss


def with_jax(work, threads):
    import jax
    import jax.numpy as jnp
    import optax

    del threads  # follows the cores that the process may use
    inputs, labels = (jnp.asarray(array) for array in work.data())
    rows, batch_size = len(inputs), work.batch_size
    full, rest = divmod(rows, batch_size)
    rule = optax.adam(work.learning_rate)
    keys = jax.random.split(jax.random.key(0), len(work.sizes))
    parameters = [
        (jax.random.normal(key, (fan_in, fan_out)) * math.sqrt(2 / fan_in), jnp.zeros(fan_out))
        for key, fan_in, fan_out in zip(keys, work.sizes, work.sizes[1:])
    ]

    def loss_of(parameters, x, t):
        for weight, bias in parameters[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        weight, bias = parameters[-1]
        return optax.softmax_cross_entropy_with_integer_labels(x @ weight + bias, t).mean()

    def step(carried, batch):
        parameters, state = carried
        loss, gradients = jax.value_and_grad(loss_of)(parameters, inputs[batch], labels[batch])
        updates, state = rule.update(gradients, state)
        return (optax.apply_updates(parameters, updates), state), loss

    def epoch(carried, key):
        order = jax.random.permutation(key, rows)
        carried, losses = jax.lax.scan(step, carried, order[: full * batch_size].reshape(full, batch_size))
        loss = losses[-1]
        if rest:
            carried, loss = step(carried, order[full * batch_size :])
        return carried, loss

    carried = (parameters, rule.init(parameters))
    epoch_keys = jax.random.split(keys[-1], work.epochs)
    warm_up = time.perf_counter()
    run = jax.jit(lambda carried, keys: jax.lax.scan(epoch, carried, keys)).lower(carried, epoch_keys).compile()
    jax.block_until_ready(run(carried, epoch_keys) if work.name == "moons" else carried)
    start = time.perf_counter()
    _, losses = jax.block_until_ready(run(carried, epoch_keys))
    return start - warm_up, time.perf_counter() - start, float(losses[-1])


def with_sklearn(work, threads):
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    warnings.simplefilter("ignore")
    network = MLPClassifier(
        hidden_layer_sizes=work.sizes[1:-1],
        batch_size=work.batch_size,
        learning_rate_init=work.learning_rate,
        alpha=0,
        max_iter=work.epochs,
        tol=0,
        n_iter_no_change=work.epochs + 1,
        random_state=0,
    )
    inputs, labels = work.data()
    with threadpool_limits(threads):
        start = time.perf_counter()
        network.fit(inputs, labels)
        seconds = time.perf_counter() - start
    return 0.0, seconds, network.loss_


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", help="moons, fashion, signs, rows, or widths such as 64-128-128-10")
    parser.add_argument("peer", choices=["torch", "torch-compile", "jax", "sklearn"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    work = work_of(options)
    work.data()
    run = {
        "torch": lambda: with_torch(work, options.threads, compiled=False),
        "torch-compile": lambda: with_torch(work, options.threads, compiled=True),
        "jax": lambda: with_jax(work, options.threads),
        "sklearn": lambda: with_sklearn(work, options.threads),
    }[options.peer]
    warm_up, seconds, final_loss = run()
    steps = work.epochs * work.steps_per_epoch()
    facts = {
        "work": work.name,
        "peer": options.peer,
        "steps": steps,
        "seconds": seconds,
        "us_per_step": seconds / steps * 1e6,
        "threads": options.threads,
        "final_loss": final_loss,
        "warm_up_seconds": warm_up,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
