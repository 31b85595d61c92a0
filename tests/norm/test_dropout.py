"""Dropout by hand equals torch's: the same masks give the same numbers, forward and backward."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import norm
from cnncourse.errors import ArgumentError, ShapeError

CHANCES = (0.0, 0.1, 0.5, 0.9)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def torchs_mask(layer, shape, seed):
    """The zeros and ones that a layer of torch draws."""
    torch.manual_seed(seed)
    return (layer.train()(torch.ones(shape)) != 0).float()


@pytest.mark.parametrize("p", CHANCES)
@pytest.mark.parametrize(
    ("theirs", "shape"),
    [(nn.Dropout, (40, 7)), (nn.Dropout2d, (6, 5, 3, 4)), (nn.Dropout3d, (2, 3, 2, 2, 2))],
)
def test_with_the_same_mask_it_is_torchs(theirs, shape, p):
    layer, x = theirs(p), torch.randn(shape, generator=dice())
    keep = torchs_mask(layer, shape, seed=3)
    torch.manual_seed(3)
    torch.testing.assert_close(norm.apply_mask(x, keep, p), layer(x))


@pytest.mark.parametrize("p", CHANCES)
def test_the_gradient_takes_the_same_way_back(p):
    x = torch.randn(30, 8, generator=dice()).requires_grad_()
    grad, keep = torch.randn(30, 8, generator=dice(1)), norm.keep_mask((30, 8), p, generator=dice(2))
    norm.apply_mask(x, keep, p).backward(grad)
    torch.testing.assert_close(x.grad, norm.apply_mask(grad, keep, p))


@pytest.mark.parametrize("p", CHANCES)
def test_masks_drop_a_share_of_p(p):
    keep = norm.keep_mask((100_000,), p, generator=dice())
    assert set(keep.unique().tolist()) <= {0.0, 1.0}
    assert 1 - keep.mean().item() == pytest.approx(p, abs=0.01)


@pytest.mark.parametrize("p", CHANCES)
@pytest.mark.parametrize("drop", [norm.dropout, norm.dropout_channels])
def test_the_mean_stays(drop, p):
    out = drop(torch.full((4000, 16, 1), 3.0), p, generator=dice())
    assert out.mean().item() == pytest.approx(3, abs=0.2)
    kept = out[out != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 3 / (1 - p)))


def test_units_are_dropped_independently():
    keep = norm.keep_mask((50_000, 2), 0.3, generator=dice())
    assert (keep[:, 0] * keep[:, 1]).mean().item() == pytest.approx(0.49, abs=0.01)


def test_channels_fall_as_a_whole_and_each_picture_has_its_own():
    out = norm.dropout_channels(torch.ones(50, 20, 3, 4), 0.5, generator=dice())
    assert torch.equal(out.amin((2, 3)), out.amax((2, 3)))
    assert not torch.equal(out[0], out[1])


@pytest.mark.parametrize("layer", [norm.Dropout(0.7), norm.SpatialDropout(0.7)])
def test_layers_obey_train_and_eval(layer):
    x = torch.randn(8, 6, 2, 2, generator=dice())
    assert layer.eval()(x) is x
    assert not torch.equal(layer.train()(x), x)
    assert "p=0.7" in repr(layer)


@pytest.mark.parametrize("drop", [norm.dropout, norm.dropout_channels])
def test_it_is_off_out_of_training_and_all_at_one(drop):
    x = torch.randn(3, 4, 2, generator=dice())
    assert drop(x, 0.9, training=False) is x
    assert torch.equal(drop(x, 1.0), torch.zeros_like(x))
    assert torch.equal(drop(x, 1.0), F.dropout(x, 1.0))


def test_a_seed_repeats_and_the_input_stays():
    x = torch.randn(9, generator=dice())
    before = x.clone()
    assert torch.equal(norm.dropout(x, generator=dice(4)), norm.dropout(x, generator=dice(4)))
    assert torch.equal(x, before)


def test_the_type_stays():
    assert norm.dropout(torch.ones(3, dtype=torch.float64)).dtype is torch.float64


@pytest.mark.parametrize("units", [1, 3, 6])
def test_all_masks_are_all_different(units):
    masks = norm.all_masks(units)
    assert masks.shape == (2**units, units) == masks.unique(dim=0).shape
    assert masks[0].sum() == 0
    assert masks[-1].sum() == units


def test_the_mean_over_all_masks_of_a_linear_layer_is_one_pass():
    x, linear = torch.randn(6, generator=dice()), nn.Linear(6, 3)
    answers = linear(norm.apply_mask(x.expand(64, 6), norm.all_masks(6), 0.5))
    torch.testing.assert_close(answers.mean(0), linear(x))


@pytest.mark.parametrize("p", CHANCES)
@pytest.mark.parametrize("mean", [-2.0, 0.0, 1.5])
def test_the_variance_ratio_is_that_of_numbers(mean, p):
    x = mean + 0.8 * torch.randn(200_000, generator=dice())
    measured = norm.dropout(x, p, generator=dice(1)).var() / x.var()
    told = norm.variance_ratio(torch.tensor(mean), torch.tensor(0.64), p)
    torch.testing.assert_close(told, measured, rtol=0.05, atol=0)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_chance_lies_between_zero_and_one(p):
    x = torch.ones(2, 2, 2)
    for call in (
        lambda: norm.Dropout(p),
        lambda: norm.dropout(x, p),
        lambda: norm.dropout(x, p, training=False),
        lambda: norm.dropout_channels(x, p),
        lambda: norm.apply_mask(x, x, p),
        lambda: norm.variance_ratio(x, x, p),
    ):
        with pytest.raises(ArgumentError, match="from 0 to 1"):
            call()


def test_errors_say_what_came():
    with pytest.raises(ShapeError, match=r"\(n, c, …\) with places, got shape \(4, 5\)"):
        norm.dropout_channels(torch.ones(4, 5))
    with pytest.raises(ShapeError, match=r"mask of shape \(3,\) does not spread over x \(2, 4\)"):
        norm.apply_mask(torch.ones(2, 4), torch.ones(3), 0.5)
    with pytest.raises(ShapeError, match="does not spread"):
        norm.apply_mask(torch.ones(4), torch.ones(2, 4), 0.5)
    with pytest.raises(ArgumentError, match="units expects 1 to 16, got 17"):
        norm.all_masks(17)
    with pytest.raises(ArgumentError, match="nothing would be left"):
        norm.variance_ratio(torch.ones(1), torch.ones(1), 1.0)
    with pytest.raises(ArgumentError, match="above 0, got 0"):
        norm.variance_ratio(torch.ones(1), torch.zeros(1), 0.5)
