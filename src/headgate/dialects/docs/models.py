"""GET /v1/models."""

from typing import Literal

import msgspec

from headgate.dialects.docs import asking, errors, sample
from headgate.errors import NotFound
from headgate.web.doc import Answer, Content, Doc, Parameter


class Model(msgspec.Struct):
    """A name that requests may use."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(msgspec.Struct):
    """Aliases first, then what the providers list."""

    object: Literal["list"]
    data: list[Model]


_ALIAS = {"id": "default", "object": "model", "created": sample.CREATED, "owned_by": "openai"}
_LISTED = {"id": "openai/gpt-4o-mini", "object": "model", "created": sample.CREATED, "owned_by": "openai"}

LIST = Doc(
    summary="List models",
    description=(
        "Every name that has a model behind it: the aliases of the configuration, and `provider/model` for what the "
        "providers list. A provider that does not answer in 5 seconds is left out."
    ),
    tag=asking.OPENAI,
    answers=(
        Answer(
            meaning="The models.",
            contents=(Content(schema=ModelList, examples={"Models": {"object": "list", "data": [_ALIAS, _LISTED]}}),),
        ),
    ),
    errors=(errors.NO_KEY,),
    error=errors.ErrorAnswer,
)

SHOW = Doc(
    summary="Show a model",
    description="One model of the list. Its name may hold slashes.",
    tag=asking.OPENAI,
    parameters=(Parameter(name="id", place="path", description="The model's name.", example="default"),),
    answers=(Answer(meaning="The model.", contents=(Content(schema=Model, examples={"A model": _LISTED}),)),),
    errors=(
        errors.NO_KEY,
        NotFound("The model 'gpt' does not exist.", code="model_not_found", param="model"),
    ),
    error=errors.ErrorAnswer,
)
