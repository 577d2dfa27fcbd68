"""Docstrings in the styles that people write."""

import pytest

from headgate.tools.python.docstrings import Docstring, read_docstring

GOOGLE = """Say what the weather is.

    For any city on Earth: also small ones.

    Args:
        city (str): The city's name,
            with its country.
        days (int, optional): How many days.
        *rest: Others.

        unit: Celsius or Fahrenheit: the former is usual.

    Returns:
        str: Not an argument.

    Raises:
        ValueError: neither.
    """

NUMPY = """Say what the weather is.

    For any city on Earth: also small ones.

    Parameters
    ----------
    city : str
        The city's name,
        with its country.
    days : int, optional
        How many days.
    rest, unit
        Celsius or Fahrenheit: the former is usual.

    Returns
    -------
    text : str
        Not an argument.
    """

SPHINX = """
    Say what the weather is.

    For any city on Earth: also small ones.

    :param str city: The city's name,
        with its country.
    :param days: How many days.
    :type days: int
    :parameter unit: Celsius or Fahrenheit: the former is usual.
    :returns: Not an argument.
    """

EPYTEXT = """Say what the weather is.

    For any city on Earth: also small ones.

    @param city: The city's name, with its country.
    @param days: How many days.
    @arg unit: Celsius or Fahrenheit: the former is usual.
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX, EPYTEXT], ids=["google", "numpy", "sphinx", "epytext"])
def test_every_style_says_the_same(text: str) -> None:
    said = read_docstring(text)
    assert said.summary == "Say what the weather is.\n\nFor any city on Earth: also small ones."
    assert said.arguments.pop("rest", None) in (None, "Others.", "Celsius or Fahrenheit: the former is usual.")
    assert said.arguments == {
        "city": "The city's name, with its country.",
        "days": "How many days.",
        "unit": "Celsius or Fahrenheit: the former is usual.",
    }


@pytest.mark.parametrize("text", [None, "", "   \n  "])
def test_nothing_says_nothing(text: str | None) -> None:
    assert read_docstring(text) == Docstring()


def test_words_with_colons_are_no_sections() -> None:
    text = "Note that it is late: go home.\nArguments are bad: avoid them.\n\n    args: none of these\n\nThe end::"
    assert read_docstring(text) == Docstring(text)


def test_a_docstring_may_begin_with_its_arguments() -> None:
    assert read_docstring("\n    Args:\n        city: Where.") == Docstring("", {"city": "Where."})
