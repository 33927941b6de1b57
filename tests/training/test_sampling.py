"""Batches: every trial once an epoch, in an order of seed and epoch alone, the same over any processes and parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.training.sampling import Batches, draws_of_epoch

sizes = st.integers(1, 60)


def trials(batches, epoch):
    batches.set_epoch(epoch)
    return [[draw.trial for draw in part] for part in batches]


@given(sizes, st.integers(0, 3), st.integers(0, 3))
def test_each_trial_once(size, seed, epoch):
    order, streams = draws_of_epoch(size, seed, epoch)
    assert sorted(order) == list(range(size))
    assert (order == streams).all()


def test_order_depends_on_seed_and_epoch_alone():
    orders = {(seed, epoch): tuple(draws_of_epoch(50, seed, epoch)[0]) for seed in (0, 1) for epoch in (0, 1)}
    assert len(set(orders.values())) == 4
    assert tuple(draws_of_epoch(50, 1, 1)[0]) == orders[1, 1]


@given(sizes, st.integers(1, 12), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_processes_and_parts_make_up_the_batches(size, batch, parts, world, drop_last):
    """What all processes compute in a step is the batch that one would, and shares add up to the mean over it."""
    batch *= parts
    options = {"seed": 3, "drop_last": drop_last}
    alone = Batches(size, batch, **options)
    together = [Batches(size, batch, parts=parts, rank=rank, world=world, **options) for rank in range(world)]
    assert len({len(one) for one in together}) == 1
    epochs = [list(one) for one in together]
    assert all(len(epoch) == len(together[0]) for epoch in epochs)
    counted = [[draw for part in step for draw in part if draw.share] for step in zip(*epochs)]
    assert all(part for epoch in epochs for part in epoch), "each process takes part in each step"
    whole = list(alone)
    assert [draw.trial for step in counted for draw in step] == [draw.trial for step in whole for draw in step]
    at = 0
    for step in whole:
        shares = 0.0
        while at < len(counted) and counted[at] and counted[at][0].trial in {draw.trial for draw in step}:
            shares += sum(draw.share for draw in counted[at])
            at += 1
        assert shares / world == pytest.approx(1)
    assert alone.steps == len(whole) == size // batch + bool(size % batch and (not drop_last or size < batch))


@given(st.integers(2, 40), st.integers(1, 8), st.integers(1, 3), st.integers(1, 3))
def test_parts_and_processes_weigh_as_the_whole_batch(size, batch, parts, world):
    """Each part's weighted mean times its share, summed, is the weighted mean over the batch, whatever is in a part."""
    batch *= parts
    importance = np.where(np.arange(size) % 3 == 0, 0.9, 0.1)
    losses = np.random.default_rng(size).random(size)
    options = {"seed": 1, "drop_last": False, "importance": importance, "world": world}
    one = Batches(size, batch, **{**options, "world": 1})
    epochs = [list(Batches(size, batch, parts=parts, rank=rank, **options)) for rank in range(world)]
    total = 0.0
    for part in (part for epoch in epochs for part in epoch):
        trials = [draw.trial for draw in part]
        mean = np.average(losses[trials], weights=importance[trials])
        total += mean * sum(draw.share for draw in part) / world
    whole = [[draw.trial for draw in step] for step in one]
    means = [np.average(losses[trials], weights=importance[trials]) for trials in whole]
    assert total == pytest.approx(sum(means))


def test_balanced_draws_and_their_streams():
    weights = np.array([0.5, 0.5 / 9] + [0.5 / 9] * 8)
    order, streams = draws_of_epoch(10, 0, 0, weights / weights.sum())
    assert len(set(streams.tolist())) == 10, "a trial drawn twice is cut and augmented differently"
    assert (streams % 10 == order).all()
    many = np.concatenate([draws_of_epoch(10, 0, epoch, weights / weights.sum())[0] for epoch in range(300)])
    assert np.mean(many == 0) == pytest.approx(0.5, abs=0.03)


def test_skipping_batches_leaves_the_rest(tmp_path):
    from accelerate import skip_first_batches
    from torch.utils.data import DataLoader

    class Echo:
        def __getitem__(self, draw):
            return draw

        def __len__(self):
            return 23

    batches = Batches(23, 4, seed=1, parts=2)
    loader = DataLoader(Echo(), batch_sampler=batches, collate_fn=list)
    batches.set_epoch(2)
    assert list(skip_first_batches(loader, 3)) == list(loader)[3:]
