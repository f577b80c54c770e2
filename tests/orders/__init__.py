"""The tests of orders; the shared asserts show their differences, too."""

import pytest

pytest.register_assert_rewrite("tests.orders.expected")
