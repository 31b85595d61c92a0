from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from cnncourse.augment import Compose, Cutout, MixUp, RandomCrop, RandomHorizontalFlip, keyed
from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.train.batches import batches
from cnncourse.train.hardware.distributed import Processes

CPU = torch.device("cpu")


def test_an_epoch_shows_every_image_once_standardised_as_the_set_does(train_set):
    source = batches(train_set, 16, CPU)
    images, labels = (torch.cat(part) for part in zip(*source.epoch(), strict=True))
    assert torch.equal(images, train_set.normalised())  # to the last bit, as chapter 18 says
    assert torch.equal(labels, train_set.labels)


def test_shuffling_keeps_images_and_labels_together(train_set):
    source = batches(train_set, 16, CPU)
    images, labels = (torch.cat(p) for p in zip(*source.epoch(torch.Generator().manual_seed(3)), strict=True))
    order = torch.randperm(60, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(images, train_set.normalised()[order])
    assert torch.equal(labels, train_set.labels[order])


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(59, [30, 30]), (16, [15] * 4), (100, [60]), (7, [7] * 6 + [6] * 3)]
)
def test_batches_differ_by_one_image_at_most(train_set, batch_size, sizes):
    source = batches(train_set, batch_size, CPU)
    assert [len(labels) for _, labels in source.epoch()] == sizes
    assert len(source) == len(sizes)


def loader(images, labels, **options):
    return DataLoader(TensorDataset(images, labels), batch_size=8, **options)


def test_a_loader_is_used_as_it_is(train_set):
    images = train_set.normalised()
    source = batches(loader(images, train_set.labels), 3, CPU)
    assert (source.images, len(source)) == (60, 8)
    assert torch.equal(torch.cat([x for x, _ in source.epoch()]), images)


def test_looking_at_a_sample_does_not_change_what_a_shuffling_loader_does(train_set):
    def first_labels(look):
        torch.manual_seed(5)
        source = batches(loader(train_set.normalised(), train_set.labels, shuffle=True), 8, CPU)
        if look:
            assert source.sample().shape == (2, 1, 8, 8)
        return next(source.epoch())[1].tolist()

    assert first_labels(look=True) == first_labels(look=False)


def test_a_loader_of_bytes_is_refused(train_set):
    with pytest.raises(ShapeError, match=r"must be floating point, got torch\.uint8"):
        next(batches(loader(train_set.images, train_set.labels), 8, CPU).epoch())


def test_labels_of_every_batch_are_checked(train_set):
    labels = train_set.labels.clone()
    labels[40] = 7
    source = batches(loader(train_set.normalised(), labels), 8, CPU)
    source.expect(3)
    with pytest.raises(ArgumentError, match=r"3 outputs, so labels must lie in 0…2, got 0…7"):
        list(source.epoch())


def test_an_empty_loader_is_refused():
    with pytest.raises(ArgumentError, match="DataLoader is empty"):
        batches(loader(torch.zeros(0, 1, 8, 8), torch.zeros(0).long()), 8, CPU)


@pytest.mark.parametrize(
    ("images", "labels", "error", "said"),
    [
        (
            torch.zeros(0, 1, 8, 8, dtype=torch.uint8),
            torch.zeros(0).long(),
            ArgumentError,
            "image set is empty",
        ),
        (torch.zeros(2, 1, 8, 8), torch.zeros(2).long(), ShapeError, r"must be uint8 .*got torch\.float32"),
        (
            torch.zeros(2, 8, 8, dtype=torch.uint8),
            torch.zeros(2).long(),
            ShapeError,
            r"got torch\.uint8 \(2, 8, 8\)",
        ),
        (
            torch.zeros(2, 1, 8, 8, dtype=torch.uint8),
            torch.zeros(3).long(),
            ShapeError,
            "each of the 2 images",
        ),
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8), torch.zeros(2), ShapeError, "must be whole numbers"),
    ],
)
def test_a_set_that_is_none_is_refused(images, labels, error, said):
    broken = SimpleNamespace(images=images, labels=labels, mean=(0.0,), std=(1.0,))
    with pytest.raises(error, match=said):
        batches(broken, 8, CPU)


def test_something_else_is_refused_with_a_way_out():
    with pytest.raises(ArgumentError, match=r"got a TensorDataset — wrap a torch Dataset as DataLoader"):
        batches(TensorDataset(torch.zeros(2)), 8, CPU)


WORDS = ("crop:2", "flip", "cutout:3")


def dice(seed):
    return torch.Generator().manual_seed(seed)


def shown(source, number):
    """The images of an epoch in the order of the set, and their labels."""
    images, labels = (torch.cat(part) for part in zip(*source.epoch(dice(5), number), strict=True))
    order = torch.randperm(60, generator=dice(5)).argsort()
    return images[order], labels[order]


def test_augmented_images_are_those_of_the_pipeline_standardised(train_set):
    source = batches(train_set, 16, CPU, augment=WORDS, seed=3)
    steps = Compose(RandomCrop(8, padding=2), RandomHorizontalFlip(), Cutout(3, fill=(76.0,)))  # 0.3 · 255
    for number in (0, 2):
        images, labels = shown(source, number)
        bytes_ = steps.apply(train_set.images, steps.draw(60, (8, 8), seed=3, epoch=number))
        expected = (bytes_.float() - 0.3 * 255) / (0.2 * 255)
        torch.testing.assert_close(images, expected)
        assert torch.equal(labels, train_set.labels)
    assert not torch.equal(shown(source, 0)[0], shown(source, 1)[0])


def test_mixed_images_and_labels_are_those_of_their_partners(train_set):
    source = batches(train_set, 16, CPU, augment=("flip", "mixup:0.5"), seed=3)
    table = MixUp(0.5).draw(60, (8, 8), keyed(3, 1, place=1))
    plain = shown(batches(train_set, 16, CPU, augment=("flip",), seed=3), 1)[0]
    weight = table["weight"].reshape(-1, 1, 1, 1)
    expected = weight * plain + (1 - weight) * plain[table["partner"]]
    order = torch.randperm(60, generator=dice(5))
    place = 0
    for images, labels in source.epoch(dice(5), 1):
        index = order[place : place + len(images)]
        place += len(images)
        torch.testing.assert_close(images, expected[index])
        assert torch.equal(labels.first, train_set.labels[index])
        assert torch.equal(labels.second, train_set.labels[table["partner"]][index])
        assert torch.equal(labels.weight, table["weight"][index])
    assert place == 60


@pytest.mark.parametrize("augment", [(), WORDS, ("crop:1:reflect", "alternating-flip", "cutmix")])
def test_three_processes_together_see_the_batches_of_one(train_set, augment):
    options = {"augment": augment, "seed": 1}
    one = batches(train_set, 16, CPU, **options).epoch(dice(2), 4)
    three = [
        batches(train_set, 16, CPU, processes=Processes(r, 3), **options).epoch(dice(2), 4) for r in range(3)
    ]
    for (images, labels), *parts in zip(one, *three, strict=True):
        assert torch.equal(images, torch.cat([part[0] for part in parts]))
        if isinstance(labels, torch.Tensor):
            assert torch.equal(labels, torch.cat([part[1] for part in parts]))
        else:
            assert torch.equal(labels.second, torch.cat([part[1].second for part in parts]))


def test_the_images_over_are_left_out_on_demand(train_set):
    source = batches(train_set, 16, CPU, drop_last=True)
    assert (len(source), [len(labels) for _, labels in source.epoch(dice(0))]) == (3, [16] * 3)
    assert len(batches(train_set, 100, CPU, drop_last=True)) == 1  # a set smaller than a batch is one


def test_the_first_look_is_without_augmentation_and_the_sample_is_with_it(train_set):
    source = batches(train_set, 16, CPU, augment=("resize:6",))
    assert torch.equal(source.plain(20), train_set.normalised()[:20])
    assert source.sample().shape == (2, 1, 6, 6)


def test_a_loader_brings_its_own_transforms(train_set):
    from torchvision.transforms import v2

    class Transformed(TensorDataset):
        def __getitem__(self, i):
            image, label = super().__getitem__(i)
            return v2.RandomHorizontalFlip(p=1.0)(image), label

    normal = train_set.normalised()
    pairs = DataLoader(Transformed(normal, train_set.labels), batch_size=8)
    images = torch.cat([images for images, _ in batches(pairs, 8, CPU).epoch()])
    assert torch.equal(images, normal.flip(-1))
    with pytest.raises(
        ArgumentError, match=r"a DataLoader brings its own transforms.* — leave augment empty"
    ):
        batches(pairs, 8, CPU, augment=("flip",))


def test_a_loader_may_give_shares_of_classes_as_v2s_mixup_does(train_set):
    from torch.utils.data import default_collate
    from torchvision.transforms import v2

    mix = v2.MixUp(num_classes=3)
    pairs = TensorDataset(train_set.normalised(), train_set.labels)
    mixed = DataLoader(pairs, batch_size=8, collate_fn=lambda batch: mix(*default_collate(batch)))
    source = batches(mixed, 8, CPU)
    source.expect(3)
    assert next(source.epoch())[1].shape == (8, 3)
    source.expect(4)
    with pytest.raises(ArgumentError, match=r"shares expect shape \(b, 4\), one an output, got \(8, 3\)"):
        next(source.epoch())


def test_a_loader_without_length_is_refused(train_set):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter([(torch.zeros(1, 8, 8), 0)])

    with pytest.raises(ArgumentError, match="has no length, so an epoch has no end"):
        batches(DataLoader(Stream()), 8, CPU)
