"""
Todos: a small application on the server's database, for people through GraphQL and for models as functions.

Nothing here imports SQLAlchemy before the first of them is asked for.
"""

from headgate.todos.changes import Change, Changes, Subscription
from headgate.todos.functions import functions
from headgate.todos.lists import Lists, models
from headgate.todos.todo import BadTodo, Edit, Filter, NewTodo, NoTodo, Order, Page, Todo

__all__ = [
    "BadTodo",
    "Change",
    "Changes",
    "Edit",
    "Filter",
    "Lists",
    "NewTodo",
    "NoTodo",
    "Order",
    "Page",
    "Subscription",
    "Todo",
    "functions",
    "models",
]
