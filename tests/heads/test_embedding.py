import pytest
import torch
from torch import nn

from cnncourse.errors import ShapeError
from cnncourse.heads import Embedding, Quadruplet, Siamese, Triplet, embed_together


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), Embedding(4, 3))


def batches(count):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(5, 1, 6, 6, generator=generator) for _ in range(count)]


def test_embedding_of_maps_is_that_of_their_means():
    head = Embedding(4, 3)
    maps = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(head(maps), head(maps.mean((2, 3))))


def test_points_have_length_one_unless_told_otherwise():
    x = torch.randn(6, 4)
    torch.testing.assert_close(Embedding(4, 3)(x).norm(dim=1), torch.ones(6))
    free = Embedding(4, 3, normalise=False)
    torch.testing.assert_close(free(x), free.fc(x))


def test_embedding_of_wrong_features():
    with pytest.raises(ShapeError, match=r"expects \(n, 4\) or \(n, 4, h, w\), but got \(2, 5\)"):
        Embedding(4)(torch.zeros(2, 5))


@pytest.mark.parametrize(("wrapper", "count"), [(Siamese, 2), (Triplet, 3), (Quadruplet, 4)])
def test_branches_share_their_weights(wrapper, count):
    inner = net().eval()
    branches = wrapper(inner)
    images = batches(count)
    for points, batch in zip(branches(*images), images, strict=True):
        torch.testing.assert_close(points, inner(batch))
    assert sum(p.numel() for p in branches.parameters()) == sum(p.numel() for p in inner.parameters())


def test_batch_norm_sees_all_batches_at_once():
    inner, images = net().train(), batches(2)
    together = torch.cat(embed_together(inner, *images))
    torch.testing.assert_close(together, inner(torch.cat(images)))


def test_unequal_batches():
    with pytest.raises(ShapeError, match=r"equal shapes, but got \(5, 1, 6, 6\) and \(4, 1, 6, 6\)"):
        Siamese(net())(torch.zeros(5, 1, 6, 6), torch.zeros(4, 1, 6, 6))
