"""Same seed, same pictures: whatever the batch, the order and the number of devices."""

import dataclasses

import pytest
import torch

from cnncourse.augment import (
    AlternatingFlip,
    Augmented,
    ColorJitter,
    Compose,
    Cutout,
    RandomAffine,
    RandomCrop,
    RandomErasing,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomTranslate,
    keyed,
)

N = 24
PIPELINES = [
    Compose(),
    Compose(RandomCrop(10, padding=3, mode="reflect"), RandomHorizontalFlip(), Cutout(4)),
    Compose(AlternatingFlip(), RandomTranslate(2), RandomCrop(9)),
    Compose(RandomResizedCrop(8), ColorJitter(0.4, 0.4, 0.4, 0.1), RandomErasing()),
    Compose(RandomAffine((-20, 20), (0.1, 0.1), (0.9, 1.1), (-5, 5))),
]


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (N, 3, 12, 12), generator=generator, dtype=torch.uint8)


def epoch_of(images, pipeline, seed, epoch):
    return Augmented(images, pipeline, seed=seed).batch(torch.arange(N), epoch)


@pytest.mark.parametrize("pipeline", PIPELINES, ids=repr)
def test_a_batch_dealt_to_ranks_gives_the_same_pictures(images, pipeline):
    order = torch.randperm(N, generator=torch.Generator().manual_seed(1))
    one = Augmented(images, pipeline, seed=5)
    for ranks in (1, 2, 3):
        others = [Augmented(images, pipeline, seed=5) for _ in range(ranks)]
        for epoch in (0, 1, 4):
            whole = one.batch(order, epoch)
            for rank, other in enumerate(others):
                assert torch.equal(other.batch(order[rank::ranks], epoch), whole[rank::ranks])


@pytest.mark.parametrize("pipeline", PIPELINES, ids=repr)
def test_the_gather_equals_the_pipeline_applied_to_all(images, pipeline):
    tables = pipeline.draw(N, (12, 12), seed=5, epoch=2)
    whole = pipeline.apply(images, tables)
    assert torch.equal(epoch_of(images, pipeline, 5, 2), whole)
    index = torch.tensor([3, 3, 20])
    assert torch.equal(pipeline.apply(images[index], tables, index), whole[index])
    assert whole.shape[2:] == pipeline.size_after((12, 12))


def test_seed_and_epoch_change_the_pictures_and_nothing_else_does(images):
    pipeline = PIPELINES[1]
    first = epoch_of(images, pipeline, 5, 2)
    torch.manual_seed(99)
    assert torch.equal(epoch_of(images, pipeline, 5, 2), first)
    assert not torch.equal(epoch_of(images, pipeline, 6, 2), first)
    assert not torch.equal(epoch_of(images, pipeline, 5, 3), first)


def test_going_back_an_epoch_gives_its_pictures_again(images):
    augmented = Augmented(images, PIPELINES[1], seed=5)
    index = torch.arange(N)
    zero, one = augmented.batch(index, 0), augmented.batch(index, 1)
    assert not torch.equal(zero, one)
    assert torch.equal(augmented.batch(index, 0), zero)


def test_a_further_step_leaves_the_draws_of_the_others_alone():
    short = Compose(RandomCrop(12, padding=2)).draw(N, (12, 12), seed=1)
    long = Compose(RandomCrop(12, padding=2), Cutout(3)).draw(N, (12, 12), seed=1)
    assert torch.equal(short[0]["top"], long[0]["top"])


def test_steps_of_one_kind_draw_different_numbers():
    first, second = Compose(RandomTranslate(5), RandomTranslate(5)).draw(N, (12, 12))
    assert not torch.equal(first["down"], second["down"])


def test_alternating_flip_turns_over_in_a_pipeline(images):
    pipeline = Compose(AlternatingFlip())
    for epoch in range(3):
        assert torch.equal(
            epoch_of(images, pipeline, 3, epoch).flip(-1), epoch_of(images, pipeline, 3, epoch + 1)
        )


def test_the_set_itself_is_left_as_it_was(images):
    before = images.clone()
    epoch_of(images, PIPELINES[1], 0, 0)
    PIPELINES[2](images, keyed(0))
    assert torch.equal(images, before)


def test_a_pipeline_is_frozen_readable_and_comparable(images):
    pipeline = Compose(RandomCrop(32, padding=4, mode="reflect"), AlternatingFlip())
    assert repr(pipeline) == "Compose(RandomCrop(size=32, padding=4, mode='reflect'), AlternatingFlip())"
    assert pipeline == Compose(RandomCrop(32, padding=4, mode="reflect"), AlternatingFlip())
    assert pipeline != Compose(RandomCrop(32, padding=4), AlternatingFlip())
    with pytest.raises(dataclasses.FrozenInstanceError):
        pipeline.steps = ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        pipeline.steps[0].padding = 0


def test_a_call_depends_on_the_generator_alone(images):
    first, again, other = (PIPELINES[1](images, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("pipeline", PIPELINES, ids=repr)
def test_the_gpu_makes_the_same_pictures(images, pipeline):
    on_gpu = Augmented(images.cuda(), pipeline, seed=5)
    for epoch in (0, 1):
        for index in (torch.arange(N), torch.arange(N).cuda()):
            got, expected = on_gpu.batch(index, epoch).cpu().int(), epoch_of(images, pipeline, 5, epoch).int()
            changes_levels = any(isinstance(s, RandomAffine | RandomResizedCrop) for s in pipeline.steps)
            assert (got - expected).abs().max() <= (3 if changes_levels else 0)
