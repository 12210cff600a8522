"""Courses on disk."""

import json
from datetime import UTC, datetime

import numpy as np

from energy.evaluation.course import Course, course_from_json, course_to_json


def test_a_course_comes_back_from_its_json() -> None:
    course = Course(
        start=datetime(2020, 6, 8, tzinfo=UTC),
        means={"battery": {"power_kw": np.array([1.5, -2.25])}},
        ends={"battery": {"energy_kwh": np.array([10.0, 10.3, 9.8])}},
        nominated_kw=np.array([3.0, 4.0]),
    )
    again = course_from_json(json.loads(json.dumps(course_to_json(course))))
    assert again.start == course.start
    np.testing.assert_allclose(again.mean("battery", "power_kw"), [1.5, -2.25])
    content = again.end("battery", "energy_kwh")
    assert content is not None
    np.testing.assert_allclose(content, [10.0, 10.3, 9.8])
    assert again.end("battery", "volume_m3") is None
    np.testing.assert_allclose(again.mean("load", "power_kw"), [0.0, 0.0])
