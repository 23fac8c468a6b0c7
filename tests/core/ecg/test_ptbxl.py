"""What is known about PTB-XL."""

import pytest

from sweeptree.ecg import ptbxl


def test_a_record_is_found_in_the_folder_of_its_thousand():
    assert ptbxl.stem(21837, 100) == "records100/21000/21837_lr"
    assert ptbxl.stem(1, 500) == "records500/00000/00001_hr"


@pytest.mark.parametrize(("fold", "split"), [(1, "train"), (8, "train"), (9, "val"), (10, "test")])
def test_splits_are_those_that_the_authors_recommend(fold, split):
    assert ptbxl.split_of(fold) == split


@pytest.mark.parametrize(
    ("ids", "version"),
    [
        ([1, 2, 137], "1.0.1 or older"),
        ([1, 2, 3801], "1.0.2"),
        (sorted(set(range(1, 21838)) - ptbxl.DROPPED_IN_103), "1.0.3"),
        ([1, 2], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_version_follows_from_the_records(ids, version):
    assert ptbxl.version_of("", ids) == (version, False)


def test_the_published_table_is_known_by_its_digest():
    digest = next(iter(ptbxl.OFFICIAL_TABLES))
    assert ptbxl.version_of(digest, []) == ("1.0.3", True)


def statement(code, superclass="", diagnostic=True):
    return ptbxl.Statement(code, diagnostic, False, not diagnostic, superclass, "")


def test_superclasses_stand_in_their_usual_order_and_others_last():
    given = [statement("A", "CD"), statement("B", "NEW"), statement("C", "NORM")]
    assert ptbxl.families(given).classes["super"] == ("NORM", "CD", "NEW")


def test_a_code_that_is_no_diagnosis_has_no_superclass():
    found = ptbxl.families([statement("SR", "NORM", diagnostic=False)])
    assert found.classes["super"] == ()
    assert found.classes["rhythm"] == ("SR",)


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (" ", "label_missing"),
        ("{'A': ", "label_syntax"),
        ("['A']", "label_syntax"),
        ("{}", "label_syntax"),
        ("{'B': 1.0}", "label_unknown"),
        ("{'A': True}", "label_likelihood"),
        ("{'A': 101}", "label_likelihood"),
    ],
)
def test_codes_that_cannot_be_used_say_why(text, check):
    with pytest.raises(ptbxl.LabelError) as caught:
        ptbxl.parse_codes(text, {"A": "A"})
    assert caught.value.check == check


def test_a_likelihood_of_zero_is_kept():
    assert ptbxl.parse_codes("{'A': 0}", {"A": "A"}) == {"A": 0.0}
