"""Exercise 18, whose read-only cells train a net and watch another: to redefine them earns nothing."""

import sys

import pytest

from cnncourse.grading import cells
from cnncourse.grading.judge.judge import Judge
from cnncourse.grading.judge.student import Student
from tests.exercises.course import exercises

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes need Linux")

EXERCISE = next(exercise for exercise in exercises() if exercise.stem == "18_mnist")
SCORE = {"score-value", "score-trace"}
DESIGN = {"design-budget", "design-accuracy"}
WATCHES = {
    "trial": """
def trial(state, training, images, labels, batch_size):
    return 0.5, training, state, [(64, False)] * 3 + [(38, False)]
def score(net, images, labels, batch_size=100):
    return trial(net.state_dict(), net.training, images, labels, batch_size)[0]
""",
    "WatchedNet": """
class WatchedNet:
    noted, training = [], True
    def load_state_dict(self, state): self.state = state
    def state_dict(self): return self.state
    def train(self, training): self.training = training
def score(net, images, labels, batch_size=100):
    return 0.5
""",
}
NETS = {
    "trained_answers": """
def trained_answers(net, images):
    return data.load("mnist", "test").take(1000).labels
""",
    "fresh": """
def fresh(net):
    return net
class Net(nn.Sequential):
    def forward(self, images):
        return F.one_hot(data.load("mnist", "test").take(len(images)).labels, 10).float()
def build():
    return Net(nn.Flatten(), nn.Linear(784, 10))
""",
    "nn": """
def build():
    nn.Linear = lambda *sizes: nn.Sequential(nn.LazyLinear(500), nn.ReLU(), nn.LazyLinear(10))
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
""",
}


def judged(spawner, forgery, answer, tests):
    """Judge some test cells of a submission whose other answers are open."""
    source = EXERCISE.solution.copy()
    source.cells = [c for c in source.cells if cells.role(c) != "test" or c.id in tests]
    submission = source.copy()
    submission.cells = [cell.copy() for cell in source.cells]
    for cell in submission.cells:
        if cells.role(cell) == "solution":
            cell.source = cells.released(cell.source, "solution", "code")
        if cell.id == answer:
            cell.source += "\n" + forgery
    with Student(spawner) as student:
        return {report.cell: report for report in Judge(source, seed=0).judge(submission, student)}


@pytest.mark.parametrize("name", WATCHES)
def test_a_watch_that_is_redefined_watches_all_the_same(course_spawner, name):
    reports = judged(course_spawner, WATCHES[name], "score-answer", SCORE)
    assert not [report for report in reports.values() if report.passed]


@pytest.mark.parametrize("name", NETS)
def test_training_that_is_redefined_is_not_believed(course_spawner, name):
    reports = judged(course_spawner, NETS[name], "design-answer", DESIGN)
    assert not reports["design-accuracy"].passed
