"""The model asks for functions, the server executes them, the model goes on: all in one answer."""

from headgate.runs.rounds.equipping import Equipment
from headgate.runs.rounds.loop import Rounds, Workshop
from headgate.runs.rounds.past import Past

__all__ = ["Equipment", "Past", "Rounds", "Workshop"]
