"""256 configurations of a network on the digits, all trained by one other library; prints one line of JSON.

The table has 1,797 rows of 64 numbers and ten classes; 1,400 rows train, the others judge. One hidden layer, ReLU, Adam, 30
epochs. `population`: 64 units, batches of 64, learning rates drawn log-uniformly from 1e-4 to 0.1. `population-mixed`: units
out of 16, 32, 64, 128 and batches of 32, 64, 128 drawn too. Everything that a user waits for is timed, compilation as well.

usage: population.py population|population-mixed torch|torch-compile|jax|sklearn [--threads 2]
"""

import argparse
import csv
import json
import math
import os
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from record import ROOT

TRIALS = 256
EPOCHS = 30
TRAINING_ROWS = 1400


@dataclass
class Trial:
    units: int
    batch_size: int
    learning_rate: float

    def steps(self):
        return EPOCHS * math.ceil(TRAINING_ROWS / self.batch_size)


def trials(mixed):
    random = np.random.default_rng(0)
    found = []
    for _ in range(TRIALS):
        rate = 10 ** random.uniform(-4, -1)
        units = int(random.choice([16, 32, 64, 128])) if mixed else 64
        found.append(Trial(units, int(random.choice([32, 64, 128])) if mixed else 64, rate))
    return found


def digits():
    """Training rows and labels, rows and labels to judge by."""
    with open(ROOT / "examples" / "data" / "digits.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    at = header.index("digit")
    labels = np.array([int(row[at]) for row in rows])
    inputs = np.array([[float(cell) for place, cell in enumerate(row) if place != at] for row in rows], dtype=np.float32)
    order = np.random.default_rng(0).permutation(len(rows))
    inputs, labels = inputs[order] / 16, labels[order]
    return inputs[:TRAINING_ROWS], labels[:TRAINING_ROWS], inputs[TRAINING_ROWS:], labels[TRAINING_ROWS:]


def torch_trial(trial, data, compiled=False):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    inputs, labels, held_out, truth = map(torch.from_numpy, data)
    network = torch.nn.Sequential(
        torch.nn.Linear(64, trial.units), torch.nn.ReLU(), torch.nn.Linear(trial.units, 10)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=trial.learning_rate, fused=True)

    def loss_of(x, t):
        return torch.nn.functional.cross_entropy(network(x), t)

    if compiled:
        loss_of = torch.compile(loss_of)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(inputs)).split(trial.batch_size):
            optimizer.zero_grad(set_to_none=True)
            loss_of(inputs[batch], labels[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        return (network(held_out).argmax(1) == truth).float().mean().item()


def sklearn_trial(trial, data):
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    warnings.simplefilter("ignore")
    network = MLPClassifier(
        (trial.units,),
        batch_size=trial.batch_size,
        learning_rate_init=trial.learning_rate,
        alpha=0,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS + 1,
        random_state=0,
    )
    with threadpool_limits(1):
        return network.fit(*data[:2]).score(*data[2:])


def one_process_a_core(train, found, data, threads):
    """Accuracies and seconds; the processes are there, and have imported the library, before the clock starts."""
    from joblib import Parallel, delayed

    with Parallel(n_jobs=threads) as pool:
        pool(delayed(train)(Trial(16, 64, 0.01), data) for _ in range(threads))
        start = time.perf_counter()
        accuracies = pool(delayed(train)(trial, data) for trial in found)
        return accuracies, time.perf_counter() - start


def jax_group(group, data):
    """All trials of one shape, their learning rates and seeds mapped over."""
    import jax
    import jax.numpy as jnp
    import optax

    inputs, labels, held_out, truth = map(jnp.asarray, data)
    units, batch_size = group[0].units, group[0].batch_size
    full, rest = divmod(len(inputs), batch_size)

    def logits(parameters, x):
        first, bias, second, last_bias = parameters
        return jax.nn.relu(x @ first + bias) @ second + last_bias

    def loss_of(parameters, x, t):
        return optax.softmax_cross_entropy_with_integer_labels(logits(parameters, x), t).mean()

    def train(learning_rate, key):
        rule = optax.inject_hyperparams(optax.adam)(learning_rate)
        first_key, second_key, epochs_key = jax.random.split(key, 3)
        parameters = (
            jax.random.normal(first_key, (64, units)) * math.sqrt(2 / 64),
            jnp.zeros(units),
            jax.random.normal(second_key, (units, 10)) * math.sqrt(2 / units),
            jnp.zeros(10),
        )

        def step(carried, batch):
            parameters, state = carried
            gradients = jax.grad(loss_of)(parameters, inputs[batch], labels[batch])
            updates, state = rule.update(gradients, state)
            return (optax.apply_updates(parameters, updates), state), None

        def epoch(carried, key):
            order = jax.random.permutation(key, len(inputs))
            carried, _ = jax.lax.scan(step, carried, order[: full * batch_size].reshape(full, batch_size))
            if rest:
                carried, _ = step(carried, order[full * batch_size :])
            return carried, None

        keys = jax.random.split(epochs_key, EPOCHS)
        (parameters, _), _ = jax.lax.scan(epoch, (parameters, rule.init(parameters)), keys)
        return (logits(parameters, held_out).argmax(1) == truth).mean()

    rates = jnp.asarray([trial.learning_rate for trial in group])
    keys = jax.random.split(jax.random.key(0), len(group))
    return [float(accuracy) for accuracy in jax.jit(jax.vmap(train))(rates, keys)]


def jax_population(found, data):
    groups = defaultdict(list)
    for trial in found:
        groups[trial.units, trial.batch_size].append(trial)
    start = time.perf_counter()
    accuracies = [accuracy for group in groups.values() for accuracy in jax_group(group, data)]
    return accuracies, time.perf_counter() - start


def torch_compiled_trial(trial, data):
    return torch_trial(trial, data, compiled=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", choices=["population", "population-mixed"])
    parser.add_argument("peer", choices=["torch", "torch-compile", "jax", "sklearn"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    found, data = trials(options.work == "population-mixed"), digits()
    train = {"torch": torch_trial, "torch-compile": torch_compiled_trial, "sklearn": sklearn_trial}.get(options.peer)
    if train is None:
        accuracies, seconds = jax_population(found, data)
    else:
        accuracies, seconds = one_process_a_core(train, found, data, options.threads)
    steps = sum(trial.steps() for trial in found)
    facts = {
        "work": options.work,
        "peer": options.peer,
        "trials": len(found),
        "steps": steps,
        "seconds": seconds,
        "us_per_step": seconds / steps * 1e6,
        "threads": options.threads,
        "best_accuracy": max(accuracies),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
