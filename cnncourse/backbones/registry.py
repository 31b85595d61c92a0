"""Nets by name: a decorator registers a factory, ``create`` calls it, ``names`` lists them all."""

from collections.abc import Callable
from typing import Any, TypeVar

from cnncourse.backbones.base import Backbone
from cnncourse.errors import ArgumentError, did_you_mean
from cnncourse.limits import integer

F = TypeVar("F", bound=Callable[..., Backbone])
_FACTORIES: dict[str, Callable[..., Backbone]] = {}


def register(name: str) -> Callable[[F], F]:
    """Register the decorated factory (a function or a class) under a name.

    Every test of the course that runs over ``names()`` then tests the new net as well. To run the same
    definition again, as one does in a notebook, replaces it.

    Args:
        name: lower case, as the field writes it ("resnet18").

    Raises:
        ArgumentError: the name is taken by another definition.

    Example:
        >>> @register("tiny_example")
        ... def tiny(**options):
        ...     return create("lenet5", **options)
        >>> "tiny_example" in names()
        True
        >>> del _FACTORIES["tiny_example"]

    Introduced in chapter 11.
    """

    def keep(factory: F) -> F:
        before = _FACTORIES.get(name, factory)
        if (before.__module__, before.__qualname__) != (factory.__module__, factory.__qualname__):
            raise ArgumentError(f"the name {name!r} is taken: choose another one")
        _FACTORIES[name] = factory
        return factory

    return keep


def names() -> list[str]:
    """Return the names that ``create`` knows, in the order of the family tree.

    Example:
        >>> names()[:2]
        ['lenet5', 'lenet5_1998']

    Introduced in chapter 11.
    """
    return list(_FACTORIES)


def factory(name: str) -> Callable[..., Backbone]:
    """Return the factory behind a name; its docstring tells the paper, the idea and the figures.

    Args:
        name: one of ``names()``.

    Raises:
        ArgumentError: unknown name; the message suggests the nearest.

    Example:
        >>> factory("lenet4")
        Traceback (most recent call last):
        ...
        cnncourse.errors.ArgumentError: unknown net 'lenet4' — did you mean 'lenet5'?

    Introduced in chapter 11.
    """
    if not isinstance(name, str):
        raise ArgumentError(
            f"expected a net's name, such as 'resnet18', got {name!r} — names() lists them all"
        )
    if name not in _FACTORIES:
        hint = did_you_mean(name, _FACTORIES, "names() lists them all")
        raise ArgumentError(f"unknown net {name!r} — {hint}")
    return _FACTORIES[name]


def create(
    name: str,
    *,
    num_classes: int | None = None,
    in_channels: int | None = None,
    image_size: int | None = None,
    **options: Any,
) -> Backbone:
    """Build a net by name; without arguments, in the form of its paper.

    Args:
        name: one of ``names()``.
        num_classes: classes; None: as in the paper (1000 for ImageNet nets, 10 for LeNets and CIFAR nets).
        in_channels: channels of the images; None: as in the paper.
        image_size: height and width in pixels; None: as in the paper. ``image_size=32`` gives an ImageNet net
            a stem and strides that fit CIFAR.
        **options: what the family offers, such as ``width=0.25`` (all of them) or ``aux=True`` (Inception).

    Returns:
        The net, with fresh weights, in train mode. ``net.name``, ``net.image_size``, ``net.in_channels`` and
        ``net.num_classes`` tell its form.

    Raises:
        ArgumentError: unknown name or option, or a value that makes no sense.

    Example:
        >>> create("lenet5", num_classes=3).num_classes
        3

    Introduced in chapter 11.
    """
    form = {"num_classes": num_classes, "in_channels": in_channels, "image_size": image_size}
    build = factory(name)
    try:
        given = {key: integer(key, value) for key, value in form.items() if value is not None}
        net = build(**given, **options)
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        option = str(error).split("'")[-2]
        raise ArgumentError(f"{name} has no option {option!r}: see backbones.factory({name!r})") from error
    net.name = name
    return net
