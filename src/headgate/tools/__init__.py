"""What the server itself can execute for a model: functions, by name, within limits."""

from headgate.tools.base import Context, Function, Outcome, ToolError
from headgate.tools.limits import Limits
from headgate.tools.marks import function
from headgate.tools.plain import PlainFunction
from headgate.tools.toolbox import Source, Toolbox

__all__ = ["Context", "Function", "Limits", "Outcome", "PlainFunction", "Source", "ToolError", "Toolbox", "function"]
