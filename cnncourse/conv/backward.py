"""The gradient of a convolution, by hand: every output hands its share back to what made it."""

from torch import Tensor

from cnncourse.conv.columns import col2im, im2col
from cnncourse.conv.shapes import check_filters, output_size
from cnncourse.errors import ShapeError


def conv2d_backward(
    grad: Tensor, x: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Give the gradients of a loss with respect to the input, the weight and the bias of a convolution.

    The forward pass is ``out = weight @ columns + bias``. A matrix product hands its gradient back through
    the transposed matrices, and col2im is the transpose of im2col.

    Args:
        grad: gradient of the loss with respect to the output, shape (n, c_out, out_h, out_w).
        x: the images that went in, shape (n, c_in, h, w).
        weight: filters, shape (c_out, c_in, kh, kw).
        stride: pixels between neighbouring windows, ≥ 1.
        padding: zeros added on each of the four sides, ≥ 0.

    Returns:
        grad_x of the shape of x, grad_weight of the shape of weight, grad_bias of shape (c_out,).

    Raises:
        ShapeError: grad does not have the shape of the layer's output, or x and weight do not fit together.
        ArgumentError: stride or padding is out of range, or the dtypes differ.

    Example:
        >>> import torch
        >>> x, weight = torch.arange(9.0).reshape(1, 1, 3, 3), torch.ones(1, 1, 2, 2)
        >>> grad_x, grad_weight, grad_bias = conv2d_backward(torch.ones(1, 1, 2, 2), x, weight)
        >>> grad_weight[0, 0]  # each tap of the kernel collects the pixels that it met
        tensor([[ 8., 12.],
                [20., 24.]])

    Introduced in chapter 02.

    Source: Goodfellow, Bengio & Courville, Deep Learning (2016), eq. 9.11 and 9.13.
    """
    check_filters(x, weight)
    filters, _, kh, kw = weight.shape
    expected = (len(x), filters, *output_size(x, (kh, kw), stride=stride, padding=padding))
    if grad.shape != expected:
        raise ShapeError(f"grad expects the shape of the output, {expected}, got {tuple(grad.shape)}")
    rows = grad.flatten(2)  # (n, c_out, L)
    columns = im2col(x, (kh, kw), stride=stride, padding=padding)  # (n, c_in·kh·kw, L)
    grad_weight = (rows @ columns.mT).sum(0).reshape(weight.shape)
    grad_columns = weight.flatten(1).T @ rows  # (n, c_in·kh·kw, L)
    size = (x.shape[2], x.shape[3])
    grad_x = col2im(grad_columns, size, (kh, kw), stride=stride, padding=padding)
    return grad_x, grad_weight, grad.sum((0, 2, 3))
