"""A training run that is killed and resumed on other numbers of ranks sees what an undisturbed run sees."""
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
import unittest

import numpy as np
from context import PACKAGE, InFolder
from synthetic import write_usual

import train_tiny

N_STEPS = 200
BATCH = 12


class Gradients(unittest.TestCase):
    def test_the_gradient_is_the_slope_of_the_loss(self):
        rng = np.random.default_rng(3)
        parameters = train_tiny.initial()
        ids, labels = rng.integers(0, train_tiny.VOCABULARY, (2, 30))
        _, gradients = train_tiny.gradient_numpy(parameters, ids, labels)
        for name, gradient in gradients.items():
            at = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
            losses = []
            for change in (1e-5, -1e-5):
                moved = {**parameters, name: parameters[name].copy()}
                moved[name][at] += change
                losses.append(train_tiny.gradient_numpy(moved, ids, labels)[0])
            self.assertAlmostEqual((losses[0] - losses[1]) / 2e-5, gradient[at], places=5)

    @unittest.skipUnless(importlib.util.find_spec("torch"), "torch is not installed")
    def test_torch_finds_the_same_gradient(self):
        rng = np.random.default_rng(3)
        ids, labels = rng.integers(0, train_tiny.VOCABULARY, (2, 30))
        loss, ours = train_tiny.gradient_numpy(train_tiny.initial(), ids, labels)
        other, theirs = train_tiny.gradient_torch(train_tiny.initial(), ids, labels)
        self.assertAlmostEqual(loss, other, places=10)
        for name in ours:
            np.testing.assert_allclose(ours[name], theirs[name], atol=1e-12)


class Killed(InFolder):
    def command(self, run, world, *more):
        options = ["--steps", N_STEPS, "--world", world, "--batch", BATCH, "--every", 17, *more]
        program = [sys.executable, str(PACKAGE / "train_tiny.py"), str(self.folder / "set"), str(self.folder / run)]
        return program + [str(option) for option in options]

    def log(self, run):
        path = self.folder / run / "log.jsonl"
        # The last line may be half written.
        lines = path.read_text().splitlines(True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def kill_at(self, run, world, step, *more):
        """Starts a run and kills its main process once it has logged this step."""
        process = subprocess.Popen(self.command(run, world, *more), start_new_session=True)
        deadline = time.monotonic() + 120
        while not any(line["step"] >= step for line in self.log(run)):
            self.assertIsNone(process.poll(), "the run ended before it could be killed")
            self.assertLess(time.monotonic(), deadline, "the run does not get on")
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return process.pid

    def drill(self, backend, kills):
        """Runs undisturbed, then with a kill per number of ranks, and compares all that was seen."""
        write_usual(self.folder / "set")
        more = ["--backend", backend]
        subprocess.run(self.command("calm", 1, *more), check=True, stdout=subprocess.DEVNULL)
        calm = {line["step"]: line for line in self.log("calm")}
        self.assertEqual(sorted(calm), list(range(1, N_STEPS + 1)))
        self.assertGreater(calm[N_STEPS]["epoch"], 1)
        self.assertLess(calm[N_STEPS]["loss"], calm[1]["loss"])

        seed = random.SystemRandom().randrange(1 << 32)
        rng = random.Random(seed)
        for at, world in enumerate(kills):
            span = N_STEPS // (len(kills) + 1)
            step = at * span + rng.randrange(1, span)
            group = self.kill_at("killed", world, step, *more, "--pause", 0.01)
            self.no_rank_is_left(group)
        last = {1: 2, 2: 4, 3: 2, 4: 3, 8: 1}[kills[-1]]
        subprocess.run(self.command("killed", last, *more), check=True, stdout=subprocess.DEVNULL)
        lines = self.log("killed")
        self.assertEqual({line["step"] for line in lines}, set(calm), f"seed {seed}")
        self.assertGreaterEqual(len(lines), N_STEPS)
        # Steps behind a checkpoint are done twice, and must be the same both times.
        for line in lines:
            self.assertEqual(line, calm[line["step"]], f"seed {seed}")

    def no_rank_is_left(self, group):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return
            time.sleep(0.02)
        self.fail("ranks outlive the process that started them")

    def test_the_stream_and_the_loss_are_those_of_an_undisturbed_run(self):
        self.drill("numpy", (1, 3, 4, 8))

    @unittest.skipUnless(importlib.util.find_spec("torch"), "torch is not installed")
    def test_with_torch_too(self):
        self.drill("torch", (2, 3))


if __name__ == "__main__":
    unittest.main()
