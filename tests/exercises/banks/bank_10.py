"""Answers to exercise 10: what learners get wrong about trees of parameters, names and handles."""

import torch
from torch import nn

from tests.exercises.bank import right, wrong

# Task 1: count


@wrong("forgets-the-tree-itself", fails={"count-small", "count-deep"}, hint="count-itself")
def count(tree):
    """Counts the modules below, as children() would."""
    children = [part for part in tree.values() if isinstance(part, dict)]

    def below(part):
        kids = [kid for kid in part.values() if isinstance(kid, dict)]
        return len(kids) + sum(below(kid) for kid in kids)

    def numbers(part):
        return sum(numbers(p) if isinstance(p, dict) else p.numel() for p in part.values())

    return len(children), below(tree), numbers(tree)


@wrong("one-level-only", fails={"count-small", "count-deep"}, hint="count-tree")
def count(tree):
    """Does not go down."""
    children = [part for part in tree.values() if isinstance(part, dict)]
    numbers = 0
    for part in tree.values():
        if isinstance(part, dict):
            numbers += sum(p.numel() for p in part.values() if not isinstance(p, dict))
        else:
            numbers += part.numel()
    return len(children), 1 + len(children), numbers


@wrong("length-for-size", fails={"count-small", "count-deep"}, hint="count-tensors")
def count(tree):
    """Takes len() of a tensor for its numbers."""
    children = [part for part in tree.values() if isinstance(part, dict)]
    below = [count(child) for child in children]
    own = sum(len(p) for p in tree.values() if not isinstance(p, dict))
    return len(children), 1 + sum(m for _, m, _ in below), own + sum(n for _, _, n in below)


@wrong("two-levels-only", fails={"count-deep"}, hint="count-recursion")
def count(tree):
    """Looks into the children and no deeper."""
    children = modules = numbers = 0
    for part in tree.values():
        if isinstance(part, dict):
            children += 1
            modules += 1
            for inner in part.values():
                if isinstance(inner, dict):
                    modules += 1
                    numbers += sum(p.numel() for p in inner.values() if not isinstance(p, dict))
                else:
                    numbers += inner.numel()
        else:
            numbers += part.numel()
    return children, 1 + modules, numbers


@wrong("takes-the-tree-apart", fails={"count-deep"}, hint="count-pure")
def count(tree):
    """Counts right, and leaves the caller an empty tree."""
    children, modules, numbers = 0, 1, 0
    while tree:
        _, part = tree.popitem()
        if isinstance(part, dict):
            _, below, inside = count(part)
            children, modules, numbers = children + 1, modules + below, numbers + inside
        else:
            numbers += part.numel()
    return children, modules, numbers


@right("count-with-a-stack")
def count(tree):
    stack, modules, numbers = [tree], 0, 0
    while stack:
        part = stack.pop()
        modules += 1
        for value in part.values():
            if isinstance(value, dict):
                stack.append(value)
            else:
                numbers += value.numel()
    return sum(isinstance(part, dict) for part in tree.values()), modules, numbers


@right("count-with-numpy")
def count(tree):
    import numpy as np

    def walk(part):
        yield part
        for value in part.values():
            if isinstance(value, dict):
                yield from walk(value)

    every = list(walk(tree))
    sizes = [np.asarray(v).size for part in every for v in part.values() if not isinstance(v, dict)]
    children = len([v for v in tree.values() if isinstance(v, dict)])
    return children, len(every), int(np.sum(sizes, dtype=int))


# Task 2: paths


@wrong("last-steps-only", fails={"paths-value"}, hint="paths-last")
def paths(tree):
    """Forgets where it came from."""
    names = [name for name, part in tree.items() if not isinstance(part, dict)]
    for part in tree.values():
        if isinstance(part, dict):
            names += paths(part)
    return names


@wrong("sorts-the-names", fails={"paths-value"}, hint="paths-sorted")
def paths(tree):
    """Likes the alphabet."""
    names = [name for name, part in tree.items() if not isinstance(part, dict)]
    for name, part in tree.items():
        if isinstance(part, dict):
            names += [f"{name}.{path}" for path in paths(part)]
    return sorted(names)


@wrong("no-dots", fails={"paths-value"}, hint="paths-glue")
def paths(tree):
    """Glues without a dot."""
    names = [name for name, part in tree.items() if not isinstance(part, dict)]
    for name, part in tree.items():
        if isinstance(part, dict):
            names += [name + path for path in paths(part)]
    return names


@wrong("as-they-come", fails={"paths-value"}, hint="paths-recursion")
def paths(tree):
    """Walks the entries in one go, so a child may come before an own parameter."""
    names = []
    for name, part in tree.items():
        names += [f"{name}.{path}" for path in paths(part)] if isinstance(part, dict) else [name]
    return names


@right("paths-with-a-prefix")
def paths(tree, prefix=""):
    own = [prefix + name for name, part in tree.items() if isinstance(part, torch.Tensor)]
    kids = [(name, part) for name, part in tree.items() if not isinstance(part, torch.Tensor)]
    return own + [path for name, part in kids for path in paths(part, f"{prefix}{name}.")]


@right("paths-through-torch")
def paths(tree):
    def grow(part):
        module = nn.Module()
        for name, value in part.items():
            if isinstance(value, dict):
                module.add_module(name, grow(value))
            else:
                module.register_parameter(name, nn.Parameter(value.clone()))
        return module

    return [name for name, _ in grow(tree).named_parameters()]


# Task 3: rename


@wrong("replaces-everywhere", fails={"rename-prefix", "rename-whole"}, hint="rename-everywhere")
def rename(state, old, new):
    """str.replace also finds the word in the middle, and leaves the dot."""
    return {name.replace(old, new): tensor for name, tensor in state.items()}


@wrong("begins-with-the-letters", fails={"rename-whole"}, hint="rename-dot")
def rename(state, old, new):
    """conv10 begins with conv1."""
    renamed = {}
    for name, tensor in state.items():
        if name.startswith(old):
            name = (new + name[len(old) :]).removeprefix(".")
        if name in renamed:
            raise ValueError(name)
        renamed[name] = tensor
    return renamed


@wrong("loses-an-entry", fails={"rename-whole"}, hint="rename-clash")
def rename(state, old, new):
    """The second of two equal names writes over the first."""
    renamed = {}
    for name, tensor in state.items():
        if name == old or name.startswith(old + "."):
            name = (new + name[len(old) :]).removeprefix(".")
        renamed[name] = tensor
    return renamed


@wrong("empties-the-callers", fails={"rename-prefix"}, hint="rename-new")
def rename(state, old, new):
    """Works on the dictionary it was given."""
    for name in list(state):
        tensor = state.pop(name)
        if name == old or name.startswith(old + "."):
            name = (new + name[len(old) :]).removeprefix(".")
        if name in state:
            raise ValueError(name)
        state[name] = tensor
    return state


@wrong("leaves-a-dot", fails={"rename-prefix", "rename-whole"}, hint="rename-start")
def rename(state, old, new):
    """Takes the beginning off and not its dot."""
    renamed = {}
    for name, tensor in state.items():
        if name == old or name.startswith(old + "."):
            name = new + name[len(old) :]
        if name in renamed:
            raise ValueError(name)
        renamed[name] = tensor
    return renamed


@wrong("names-alone", fails={"rename-prefix", "rename-whole"}, hint="rename-start")
def rename(state, old, new):
    """Gives the new names and loses the tensors."""
    renamed = []
    for name in state:
        if name == old or name.startswith(old + "."):
            name = (new + name[len(old) :]).removeprefix(".")
        if name in renamed:
            raise ValueError(name)
        renamed.append(name)
    return renamed


@right("rename-by-steps")
def rename(state, old, new):
    depth, front = len(old.split(".")), new.split(".") if new else []

    def other(name):
        steps = name.split(".")
        return ".".join(front + steps[depth:]) if steps[:depth] == old.split(".") else name

    names = [other(name) for name in state]
    if len(set(names)) < len(names):
        raise ValueError("two entries would have the same name")
    return dict(zip(names, state.values()))


# Task 4: plan


@wrong("fan-out", fails={"plan-weights", "plan-names"}, hint="plan-fan-out")
def plan(shapes, silent):
    """Counts the outputs of one input."""
    begins = {}
    for name, shape in shapes.items():
        if name.split(".")[0] == silent:
            begins[name] = 0.0
        elif len(shape) >= 2:
            begins[name] = (2 / (torch.tensor(shape).prod().item() / shape[1])) ** 0.5
        else:
            begins[name] = 0.0 if name.split(".")[-1] == "bias" else 1.0
    return begins


@wrong("channels-alone", fails={"plan-weights"}, hint="plan-channels")
def plan(shapes, silent):
    """Forgets the area of the window."""
    begins = {}
    for name, shape in shapes.items():
        steps = name.split(".")
        if steps[0] == silent or (len(shape) == 1 and steps[-1] == "bias"):
            begins[name] = 0.0
        else:
            begins[name] = (2 / shape[1]) ** 0.5 if len(shape) >= 2 else 1.0
    return begins


@wrong("variance", fails={"plan-weights", "plan-names"}, hint="plan-root")
def plan(shapes, silent):
    """Leaves out the root."""
    begins = {}
    for name, shape in shapes.items():
        steps = name.split(".")
        if steps[0] == silent or (len(shape) == 1 and steps[-1] == "bias"):
            begins[name] = 0.0
        else:
            begins[name] = 2 / torch.tensor(shape[1:]).prod().item() if len(shape) >= 2 else 1.0
    return begins


@wrong("without-the-two", fails={"plan-weights", "plan-names"}, hint="plan-two")
def plan(shapes, silent):
    """Takes the rule for layers without a ReLU."""
    begins = {}
    for name, shape in shapes.items():
        steps = name.split(".")
        if steps[0] == silent or (len(shape) == 1 and steps[-1] == "bias"):
            begins[name] = 0.0
        else:
            begins[name] = torch.tensor(shape[1:]).prod().item() ** -0.5 if len(shape) >= 2 else 1.0
    return begins


@wrong("letters-of-the-name", fails={"plan-names"}, hint="plan-rows")
def plan(shapes, silent):
    """Asks for letters where steps are meant."""
    begins = {}
    for name, shape in shapes.items():
        if name.startswith(silent):
            begins[name] = 0.0
        elif len(shape) >= 2:
            begins[name] = (2 / torch.tensor(shape[1:]).prod().item()) ** 0.5
        else:
            begins[name] = 0.0 if name.endswith("bias") else 1.0
    return begins


@right("plan-with-torch")
def plan(shapes, silent):
    import math

    def begin(name, shape):
        first, *_ = steps = name.split(".")
        if first == silent:
            return 0.0
        if len(shape) > 1:
            return math.sqrt(2 / math.prod(shape[1:]))
        return float(steps[-1] != "bias")

    return {name: begin(name, shape) for name, shape in shapes.items()}


# Task 5: best_weights


@wrong("as-it-was", fails={"best-value"}, hint="best-alias")
def best_weights(start, updates, target):
    """Copies the start and keeps a handle all the same."""
    weights = start.clone()
    best, kept = float("inf"), None
    for update in updates:
        weights += update
        loss = ((weights - target) ** 2).sum().item()
        if loss < best:
            best, kept = loss, weights
    return kept


@wrong("moves-the-start", fails={"best-value"}, hint="best-caller")
def best_weights(start, updates, target):
    """Keeps a copy, and walks on with the caller's tensor."""
    weights = start
    best, kept = float("inf"), None
    for update in updates:
        weights += update
        loss = ((weights - target) ** 2).sum().item()
        if loss < best:
            best, kept = loss, weights.clone()
    return kept


@wrong("counts-the-start", fails={"best-value"}, hint="best-start")
def best_weights(start, updates, target):
    """Lets the weights before the first step win."""
    weights, kept = start.clone(), start.clone()
    best = ((weights - target) ** 2).sum().item()
    for update in updates:
        weights += update
        loss = ((weights - target) ** 2).sum().item()
        if loss < best:
            best, kept = loss, weights.clone()
    return kept


@wrong("last-of-equals", fails={"best-value"}, hint="best-handle")
def best_weights(start, updates, target):
    """Takes the last of several equally good ones."""
    weights, best, kept = start, float("inf"), None
    for update in updates:
        weights = weights + update
        loss = ((weights - target) ** 2).sum().item()
        if loss <= best:
            best, kept = loss, weights
    return kept


@right("best-without-in-place")
def best_weights(start, updates, target):
    way = start + torch.cumsum(torch.stack(list(updates)), 0)
    losses = [((weights - target) ** 2).sum().item() for weights in way]
    return way[losses.index(min(losses))]


# Task 6: build


@wrong("python-list", fails={"stack-names", "stack-value"}, hint="stack-list")
def build(widths):
    """Puts the layers where nobody looks."""

    class Listed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])]

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = layer(x).relu()
            return self.layers[-1](x)

    return Listed()


@wrong("sequential-with-gaps", fails={"stack-names", "stack-value"}, hint="stack-list")
def build(widths):
    """Counts the ReLUs too."""
    net, layers = nn.Module(), []
    for a, b in zip(widths[:-1], widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    net.layers = nn.Sequential(*layers[:-1])
    net.forward = lambda x: net.layers(x)
    return net


@wrong("relu-at-the-end", fails={"stack-value"}, hint="stack-last")
def build(widths):
    """Bends the logits."""
    net = nn.Module()
    net.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])])

    def forward(x):
        for layer in net.layers:
            x = layer(x).relu()
        return x

    net.forward = forward
    return net


@wrong("no-relu", fails={"stack-value"}, hint="stack-linear")
def build(widths):
    """A stack that is one linear layer in disguise."""
    net = nn.Module()
    net.layers = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])])
    net.forward = lambda x: net.layers(x)
    return net


@wrong("buffers-for-parameters", fails={"stack-names"}, hint="stack-trained")
def build(widths):
    """Saved and loaded, and found by no optimiser."""

    class Fixed(nn.Module):
        def __init__(self, a, b):
            super().__init__()
            self.register_buffer("weight", torch.randn(b, a))
            self.register_buffer("bias", torch.zeros(b))

        def forward(self, x):
            return x @ self.weight.T + self.bias

    net = nn.Module()
    net.layers = nn.ModuleList([Fixed(a, b) for a, b in zip(widths[:-1], widths[1:])])

    def forward(x):
        for layer in net.layers[:-1]:
            x = layer(x).relu()
        return net.layers[-1](x)

    net.forward = forward
    return net


@wrong("frozen", fails={"stack-names"}, hint="stack-trained")
def build(widths):
    """Switches the gradients off."""
    net = nn.Module()
    net.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])])

    def forward(x):
        for layer in net.layers[:-1]:
            x = layer(x).relu()
        return net.layers[-1](x)

    net.forward = forward
    return net.requires_grad_(False)


@right("build-with-add-module")
def build(widths):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential()
            for i, (a, b) in enumerate(zip(widths[:-1], widths[1:])):
                self.layers.add_module(str(i), nn.Linear(a, b))

        def forward(self, x):
            *inner, last = self.layers.children()
            for layer in inner:
                x = torch.relu(layer(x))
            return last(x)

    return Net()


# The way a hard-working learner ends who did not get behind handles and lists: 24 - 3 - 3 points


@wrong("honest-partial", fails={"best-value", "stack-names", "stack-value"}, hint="best-alias")
def best_weights(start, updates, target):
    """The given loop with the start copied."""
    weights = start.clone()
    best, kept = float("inf"), None
    for update in updates:
        weights += update
        loss = ((weights - target) ** 2).sum().item()
        if loss < best:
            best, kept = loss, weights
    return kept


@wrong("honest-partial", fails={"best-value", "stack-names", "stack-value"}, hint="best-alias")
def build(widths):
    """A plain list, and no error."""
    net = nn.Module()
    net.layers = [nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])]

    def forward(x):
        for layer in net.layers[:-1]:
            x = layer(x).relu()
        return net.layers[-1](x)

    net.forward = forward
    return net
