import json

import pytest

from cnncourse.errors import ArgumentError, DataError
from cnncourse.train import EpochRecord, History


def record(epoch, val_accuracy=None, val_loss=None, train_loss=1.0):
    return EpochRecord(epoch, train_loss, 0.5, val_loss, val_accuracy, 0.1, 2.0)


def test_the_best_epoch_has_the_highest_validation_accuracy_then_the_lowest_loss():
    history = History([record(1, 0.8, 0.3), record(2, 0.9, 0.4), record(3, 0.9, 0.2), record(4, 0.85, 0.1)])
    assert history.best.epoch == 3


def test_without_validation_the_lowest_training_loss_is_best():
    assert (
        History([record(1, train_loss=0.3), record(2, train_loss=0.2), record(3, train_loss=0.4)]).best.epoch
        == 2
    )


def test_no_epoch_no_best():
    with pytest.raises(ArgumentError, match="without a finished epoch"):
        _ = History().best


def test_json_brings_back_the_same_history(tmp_path):
    history = History([record(1, 0.1 + 0.2, 1 / 3), record(2)], stopped="interrupted")
    history.to_json(tmp_path / "h.json")
    assert History.from_json(tmp_path / "h.json") == history
    assert len(history) == 2
    assert history.seconds == 4.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not a JSON file"),
        ("[]", "expected an object, got a list"),
        ('{"epochs": []}', "this is not a History"),
        (json.dumps({"stopped": "finished", "epochs": [{"epoch": 1}]}), "this is not a History"),
    ],
)
def test_a_file_that_holds_no_history_is_refused(tmp_path, content, said):
    (tmp_path / "h.json").write_text(content)
    with pytest.raises(DataError, match=said):
        History.from_json(tmp_path / "h.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*h\.json"):
        History.from_json(tmp_path / "h.json")
