"""What the server itself can execute for a model: functions, by name, within limits."""

from headgate.tools.base import Context, Function, Outcome, ToolError
from headgate.tools.plain import PlainFunction
from headgate.tools.toolbox import Limits, Toolbox

__all__ = ["Context", "Function", "Limits", "Outcome", "PlainFunction", "ToolError", "Toolbox"]
