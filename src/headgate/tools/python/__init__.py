"""Functions that are written in Python: in modules that the configuration names, or in installed packages."""

from headgate.tools.python.function import PythonFunction
from headgate.tools.python.loading import CannotLoad, load_functions
from headgate.tools.python.threads import Threads

__all__ = ["CannotLoad", "PythonFunction", "Threads", "load_functions"]
