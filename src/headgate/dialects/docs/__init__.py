"""
What /docs says of each route: schemas of the answers, examples, errors.

The schemas of requests are the structs that requests are decoded with; those of answers are
written here. Examples of answers are made by the writers themselves, or checked against them.
"""
